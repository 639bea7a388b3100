/** A trained net as a SavedModel that TensorFlow opens anywhere, without this project. */
import type { EvaluateSetup } from "../setup.ts";
import type { Tensors } from "./checkpoint.ts";
import { constant, Graph, placeholder } from "../tensorflow/graph.ts";
import { add, scale } from "../tensorflow/operations.ts";
import { identityAfter } from "../tensorflow/variables.ts";
import { convsOf, type Layer } from "./configs.ts";
import { posteriorsFrom } from "./evaluate.ts";
import { averageScores, forward, normOf, type Parameters, type Weight } from "./network.ts";

/** Contents of a net's SavedModel. */
export interface SavedNet {
  readonly layers: readonly Layer[];
  readonly tensors: Tensors;
  /** Mean colour that is subtracted, 0-255, and the factor that multiplies the rest. */
  readonly mean: readonly number[];
  readonly inputScale: number;
  readonly evaluate: EvaluateSetup;
}

/**
 * The bytes of `saved_model.pb`, weights included as constants. Its signature `serving_default` takes
 * `images` (float32 `[batch, height, width, 3]`: red, green and blue of 0 to 255, a crop or a whole
 * image of any size) and gives `scores` (the score map averaged over space) and `posteriors`, both
 * float32 `[batch, classes]`, without flips.
 */
export function savedModelOf(
  { layers, tensors, mean, inputScale, evaluate }: SavedNet,
): Uint8Array {
  const graph = new Graph();
  const weight = (name: string): Weight => {
    const { shape, values } = tensors.get(name)!;
    return { value: constant(graph, values, { dtype: "float32", shape }) };
  };
  const parameters = convsOf(layers).map((layer): [string, Parameters<Weight>] => {
    const { name, normalised } = layer;
    return [name, {
      ...{ layer, kernel: weight(`${name}.kernel`), bias: weight(`${name}.bias`) },
      ...normalised && { norm: normOf((tensor) => weight(`${name}.${tensor}`)) },
    }];
  });
  const shape = [null, null, null, 3];
  const images = placeholder(graph, "images", { dtype: "float32", shape });
  const minusMean = constant(graph, mean.map((part) => -part), { dtype: "float32" });
  const input = scale(add(images, minusMean), inputScale);
  const map = forward({ layers, parameters: new Map(parameters) }, input);
  const outputs = {
    scores: identityAfter("scores", averageScores(map), []),
    posteriors: identityAfter("posteriors", posteriorsFrom(map, evaluate), []),
  };
  return graph.serialise({ inputs: { images }, outputs });
}
