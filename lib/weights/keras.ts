/**
 * Weights of Keras's VGG16 and VGG19, in any of Keras's HDF5 files: weights, as in
 * `vgg16_weights_tf_dim_ordering_tf_kernels.h5`, a whole model, or Keras 3's `.weights.h5`.
 *
 * Kernels are `[size, size, inputs, outputs]` as here. fc1's is `[7 * 7 * 512, 4096]`, with rows in the
 * order height, width, channels, so that it is ours in another shape.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { type Hdf5, type Hdf5Dataset, type Hdf5Group, openHdf5, writeHdf5 } from "./hdf5.ts";
import { scaled } from "./kernels.ts";
import type { LayoutFile, NetWeights } from "./weights_file.ts";
import { withInputsReversed } from "./inputs.ts";
import { notesOf } from "./notes.ts";

/** Fully-connected layers by Keras's names. */
const FULL = new Map([["fc1", "fc6"], ["fc2", "fc7"], ["predictions", "fc8"]]);

/**
 * Layers without weights that VGG has, by the beginnings of Keras's names, or that do nothing when a net is
 * tested. Others, such as rescaling, change its input or its scores.
 */
const CHANGES_NOTHING =
  /^(input|block\d_pool|max_pooling|flatten|(spatial_|gaussian_|alpha_)?dropout|gaussian_noise|random_)/;

const REMEDY = "name the weights of Keras's VGG16 or VGG19, with their top";

/**
 * Opens a file of Keras.
 *
 * @throws {UserError} It is damaged, or of another net.
 */
export async function openKeras(file: string): Promise<LayoutFile> {
  const unreadable = (error: unknown) =>
    new UserError(`Cannot read "${file}": ${(error as Error).message}; ${REMEDY}`);
  const open = await openHdf5(file).catch((error) => {
    throw unreadable(error);
  });
  try {
    mustBeOfTensorFlow(open);
    const datasets = datasetsIn(open);
    const note = (name: string) => open.texts("/", name)?.[0];
    return {
      layout: "keras",
      shapes: new Map([...datasets].map(([name, { shape }]) => [name, shape])),
      notes: notesOf({ mean: note("mean"), recipe: note("recipe") }),
      read(name) {
        try {
          return datasets.get(name)!.dataset.read();
        } catch (error) {
          throw unreadable(error);
        }
      },
      [Symbol.dispose]: () => open[Symbol.dispose](),
    };
  } catch (error) {
    open[Symbol.dispose]();
    throw unreadable(error);
  }
}

/**
 * Refuses kernels of Theano's, which Keras turned by half a turn when it loaded them elsewhere, and nets
 * whose images have their channels first: then fc1 takes a map channel by channel. Shapes tell neither.
 *
 * @throws {Error} The file is one of these.
 */
function mustBeOfTensorFlow(open: Hdf5) {
  const [backend] = open.texts("/", "backend") ?? open.texts("/model_weights", "backend") ?? [];
  if (backend === "theano") {
    throw new Error(
      "its kernels are Theano's, turned by half a turn; save it under TensorFlow again",
    );
  }
  const [config = ""] = open.texts("/", "model_config") ?? [];
  if (/"(data_format|dim_ordering)": *"(channels_first|th)"/.test(config)) {
    throw new Error(
      "its images have their channels first, so that fc1 has another order; save a net of channels_last",
    );
  }
}

/** A dataset, and its shape in our layout. */
interface KerasTensor {
  readonly dataset: Hdf5Dataset;
  readonly shape: readonly number[];
}

/** Datasets by our names. @throws {Error} They belong to another net. */
function datasetsIn(open: Hdf5): Map<string, KerasTensor> {
  const places = new Map<string, KerasTensor>();
  let channels = 1;
  for (const { layer, paths } of layersIn(open)) {
    if (paths.length === 0 && !CHANGES_NOTHING.test(layer)) {
      throw new Error(
        `its layer ${JSON.stringify(layer)}, which has no weights, is not in Keras's VGG`,
      );
    }
    if (paths.length === 0) continue;
    const name = nameOf(layer);
    const [kernel, bias] = paths.map((path) => datasetAt(open, path));
    if (paths.length !== 2) throw new Error(`its ${layer} has ${paths.length} tensors, not 2`);
    const shape = name === "fc6" ? overMaps(kernel!.shape, channels) : kernel!.shape;
    const sides = shape.length === 2 ? [1, 1, ...shape] : shape;
    if (sides.length !== 4) throw new Error(`its ${layer} has a kernel of [${shape}]`);
    places.set(`${name}.kernel`, { dataset: kernel!, shape: sides });
    places.set(`${name}.bias`, { dataset: bias!, shape: bias!.shape });
    channels = sides[3]!;
  }
  if (places.size === 0) throw new Error("it has no layers of Keras's");
  return places;
}

/** The layers in order, each with the paths of its tensors: the kernel, then the bias. */
function layersIn(open: Hdf5): { readonly layer: string; readonly paths: readonly string[] }[] {
  for (const root of ["", "/model_weights"]) {
    const layers = open.texts(root, "layer_names");
    if (layers === undefined) continue;
    return layers.map((layer) => {
      const names = open.texts(`${root}/${layer}`, "weight_names") ?? [];
      return { layer, paths: names.map((name) => `${root}/${layer}/${name}`) };
    });
  }
  // Keras 3: a group for each layer, in alphabetical order, and its name in an attribute
  return open.names("/layers").map((group) => {
    const variables = `/layers/${group}/vars`;
    const [layer = group] = open.texts(variables, "name") ?? [];
    return { layer, paths: open.names(variables).map((name) => `${variables}/${name}`) };
  }).toSorted((a, b) => a.layer < b.layer ? -1 : 1);
}

/** Our name of a layer: `block1_conv1` is `conv1_1`. */
function nameOf(layer: string): string {
  const [, block, place] = /^block(\d)_conv(\d)$/.exec(layer) ?? [];
  const name = block === undefined ? FULL.get(layer) : `conv${block}_${place}`;
  if (name !== undefined) return name;
  throw new Error(`its layer ${JSON.stringify(layer)} is not in Keras's VGG`);
}

function datasetAt(open: Hdf5, path: string): Hdf5Dataset {
  const dataset = open.dataset(path);
  if (dataset === undefined) throw new Error(`it has no ${path}`);
  if (dataset.type === undefined) {
    throw new Error(`its ${path} is not of float16, float32 or float64`);
  }
  return dataset;
}

/** The shape of fc6's kernel over maps of `channels` channels: `[7, 7, 512, 4096]`. */
function overMaps(shape: readonly number[], channels: number): number[] {
  const [rows = 0, outputs = 0] = shape;
  const size = Math.sqrt(rows / channels);
  if (shape.length === 2 && Number.isInteger(size)) return [size, size, channels, outputs];
  throw new Error(`its fc1 has a kernel of [${shape}], which fits no map of ${channels} channels`);
}

/**
 * Writes a net as weights for Keras's VGG, in the older layout, which `load_weights` of every Keras
 * reads. Its input is blue, green and red, 0 to 255, minus the net's own mean, which the file notes.
 */
export async function writeKeras(file: string, { tensors, mean, inputScale, recipe }: NetWeights) {
  const layers = Map.groupBy(tensors.keys(), (name) => name.split(".")[0]!);
  const groups = new Map([...layers].map(([layer]): [string, Hdf5Group] => {
    const name = theirName(layer);
    const { shape, values } = tensors.get(`${layer}.kernel`)!;
    const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
    const bias = tensors.get(`${layer}.bias`)!;
    const kernel = () =>
      layer === "conv1_1"
        ? scaled(withInputsReversed(values, { inputs, outputs }), Array(inputs).fill(inputScale), {
          inputs,
          outputs,
        })
        : values;
    const isFull = layer.startsWith("fc");
    const sides = isFull ? [height * width * inputs, outputs] : shape;
    const paths = [`${name}/kernel:0`, `${name}/bias:0`] as const;
    return [name, {
      attributes: { weight_names: paths },
      datasets: [
        { path: paths[0], shape: sides, values: kernel },
        { path: paths[1], shape: bias.shape, values: () => bias.values },
      ],
    }];
  }));
  await writeHdf5(file, {
    layer_names: [...groups.keys()],
    backend: "tensorflow",
    keras_version: "2.2.0",
    mean: mean.join(" "),
    recipe,
  }, groups);
}

/** Keras's name of a layer. */
function theirName(layer: string): string {
  const [, block, place] = /^conv(\d)_(\d)$/.exec(layer) ?? [];
  if (block !== undefined) return `block${block}_conv${place}`;
  return [...FULL].find(([, ours]) => ours === layer)![0];
}
