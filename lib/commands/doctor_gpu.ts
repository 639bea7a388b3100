/** `doctor gpu`: which operations of trainings and evaluations a GPU takes, without a GPU. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { count } from "../numbers.ts";
import { listing } from "../report/listing.ts";
import {
  crossingsInWords,
  kernelsFor,
  operationPlaces,
  placementsOf,
  runGraphs,
} from "../vgg/gpu_placement.ts";
import type { Options } from "../command_line/options.ts";

/** The CUDA build's library, wherever it was installed. */
async function cudaLibrary(): Promise<string> {
  const { here, partsOf, variantOf } = await import("../tensorflow/install/mod.ts");
  const { libraryNames } = await import("../tensorflow/install/wheel.ts");
  const [tensorflow] = partsOf("gpu", here());
  const file = join(tensorflow!.folder, "tensorflow", libraryNames()[0]!);
  if (existsSync(file)) return file;
  throw new UserError(
    `Cannot list GPU kernels: TensorFlow is installed for the ${variantOf(here()).toUpperCase()} ` +
      "only; run `deno task install --gpu`, which needs no GPU (and `deno task install " +
      "--gpu=false` afterwards to return)",
  );
}

/** Graphs whose copies are printed. */
const SHOWN = /^\w+ D \((?!.*(archives|towers))/;

/** Prints which operations a GPU takes. @returns the exit code: 1 if one that should cannot */
export async function gpu({ setup: { name, train }, format }: Options): Promise<number> {
  const library = await cudaLibrary();
  const graphs = [...runGraphs(train)];
  const catalogue = await kernelsFor(graphs, library);
  const placed = graphs.map((each) => ({ ...each, ...placementsOf(each, catalogue) }));
  const places = operationPlaces(placed.flatMap(({ step, besides }) => [...step, ...besides]));
  const wrong = places.filter(({ place }) => place === "processor");
  console.log(listing({
    title: `Where ${count(graphs.length, "graph")} of the setup "${name}" run on one GPU`,
    records: places.map(({ operation, types, place, gpuKernel, hostMemory }) => ({
      ...{ operation, types, place, gpuKernel: gpuKernel ? "yes" : "no" },
      hostMemory: hostMemory.join(" "),
    })),
    columns: [
      ...["operation", "types", "place"].map((field) => ({ field })),
      { field: "hostMemory", heading: "in the processor's memory" },
    ],
    notes: [
      ...wrong.length === 0
        ? ["The GPU takes all arithmetic of a step."]
        : [`The processor would compute ${wrong.map(({ operation }) => operation).join(", ")}.`],
      "Copied in a step, in MB:",
      ...placed.filter(({ name }) => SHOWN.test(name)).map(({ name, step }) =>
        `${name}: ${crossingsInWords(step.flatMap(({ crossings }) => crossings))}`
      ),
    ],
  }, format));
  return wrong.length === 0 ? 0 : 1;
}
