/** Notes under a plan: its time, disk space and memory. */
import { diskSpaceFor } from "../estimates/cost.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import type { Precision, Setup } from "../setup.ts";
import { countOf, type Device, expectedDevice, nameOfDevice } from "../system/device.ts";
import { displayName, isEvaluation } from "../experiment.ts";
import { knownLayersOf } from "../estimates/known_layers.ts";
import { footprint, microBatchFor, shareFor } from "../estimates/memory.ts";
import { runsAtOnce } from "../system/machine.ts";
import type { PlannedRun } from "../plan.ts";
import { BUSY, estimateSpeed, type SpeedEstimate } from "../estimates/speed.ts";
import { type Layer, netShapeOf } from "../vgg/configs.ts";
import type { Options } from "./options.ts";
import { formatNumber } from "../numbers.ts";

/** How many of some runs are done, as the end of a sentence. */
export function doneInWords(runs: number, left: number): string {
  if (runs === 1) return left === 0 ? "this run is done" : "this run is not done";
  return left === 0
    ? `all of these ${runs} runs are done`
    : `${runs - left} of these ${runs} runs are done`;
}

/** Where a plan's times come from. */
export function originOfTimes(
  { choice, device }: Pick<Options, "choice" | "device">,
  { speed, on }: { readonly speed: SpeedEstimate | undefined; readonly on: Device },
): string {
  const command = `deno task doctor speed ${choice}${device ? ` --device ${device}` : ""}`;
  if (speed === undefined) {
    const guess = on.kind === "cpu"
      ? "guessed from another machine's processor, until deno task install measures this one"
      : "a guess that is the same for every GPU" +
        `${countOf(on) > 1 ? ", as if one of them computed alone," : ""} and was not measured`;
    return `No speed was measured here on ${nameOfDevice(on)}: times are ${guess}; ${command} ` +
      "measures it.";
  }
  const { precision, images, measured, load, width, crop, device: name } = speed.measured;
  const busy = load > BUSY ? `, while other programs kept ${load.toFixed(1)} cores busy` : "";
  const nets = speed.isOwn ? "" : ` with ${widthInWords(width)} at ${crop} pixels`;
  const found = `net D${nets} trains ${threeDigits(images.training)} and tests ` +
    `${threeDigits(images.testing)} images a second on ${name} in ${precision}${busy}`;
  const day = measured.slice(0, 10);
  return speed.isOwn
    ? `Times follow from what was measured here on ${day} (${command}): ${found}.`
    : `Times are scaled from what was measured here on ${day}: ${found}; ${command} measures the ` +
      "nets of this setup.";
}

/** A share of the paper's channels: `1/8 of the channels`. */
function widthInWords(width: number): string {
  if (width === 1) return "all channels";
  const part = 1 / width;
  return `${Number.isInteger(part) ? `1/${part}` : width} of the channels`;
}

/** `2.10`, `1,290` */
export function threeDigits(value: number): string {
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return formatNumber(value, digits);
}

/** The effect of the other precision. */
export function otherPrecision(
  { train }: Setup,
  { speed, on }: { readonly speed: SpeedEstimate | undefined; readonly on: Device },
): string {
  const precision: Precision = train.precision === "float32" ? "bfloat16" : "float32";
  const other = estimateSpeed({ ...train, precision }, { device: on });
  const maps = precision === "bfloat16" ? "halves" : "doubles";
  const isKnown = other?.measured.precision === precision || other?.measured.bfloat16 === false;
  const effect = speed && other && isKnown
    ? `With --precision ${precision} training takes ${
      (speed.training / other.training).toFixed(2)
    } and testing ` +
      `${(speed.testing / other.testing).toFixed(2)} times as long (${
        speed.isOwn && other.isOwn ? "measured" : "estimated"
      })`
    : `What --precision ${precision} does to times was not measured`;
  return `${effect}; it ${maps} the memory of images.`;
}

/** A size for people: `3.4 GB`, `114 MB`. */
function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Disk space that the runs take. */
export function diskOf(
  runs: readonly PlannedRun[],
  dataset: Pick<DatasetInfo, "classes" | "val">,
): string {
  const { weights, posteriors, checkpoints } = diskSpaceFor(runs, dataset);
  const parts = [
    [weights, "weights"],
    [posteriors, "posteriors"],
    [checkpoints, "checkpoints while a net is trained"],
  ] as const;
  const taken = parts.filter(([bytes]) => bytes > 0).map(([bytes, of]) =>
    `${size(bytes)} of ${of}`
  );
  return `Disk: ${new Intl.ListFormat("en").format(taken)}.`;
}

/** Memory that a training of the plan's largest net takes, and what determines it. */
export function memoryOf(
  runs: readonly PlannedRun[],
  { setup, workers, microBatch, device }: Pick<
    Options,
    "setup" | "workers" | "microBatch" | "device"
  >,
  { classes }: Pick<DatasetInfo, "classes">,
): string[] {
  const sizes = new Map<readonly Layer[], number>();
  const nets = runs.flatMap(({ run }) => isEvaluation(run) ? [] : [run]).map((run) => {
    const layers = knownLayersOf(run, netShapeOf(setup.train, classes.length));
    const size = sizes.get(layers) ?? sizeOf(layers, setup);
    sizes.set(layers, size);
    return { run, layers, size };
  });
  const [largest] = nets.toSorted((one, other) => other.size - one.size);
  if (largest === undefined) return [];
  const { net, image } = footprint(largest.layers, setup.train);
  const sideBySide = runsAtOnce(setup, workers);
  const on = expectedDevice(device);
  const [room, devices] = [shareFor(on, sideBySide), countOf(on)];
  const part = microBatch ?? microBatchFor(largest.layers, setup.train, room, devices);
  const { batch } = setup.train;
  const share = part === batch ? `The batch of ${batch}` : `${part} at once of a batch of ${batch}`;
  return [
    `Memory: ${displayName(largest.run)} takes ${size(net)}, and ${
      size(image)
    } for each image at once. ` +
    `${share}: ${size(net + part / devices * image)}` +
    `${devices > 1 ? ` on each of ${devices} GPUs, which share them` : ""}` +
    `${sideBySide > 1 ? `, and ${sideBySide} such trainings run side by side` : ""}. ` +
    "--micro-batch N changes that; results change by rounding alone.",
  ];
}

function sizeOf(layers: readonly Layer[], { train }: Setup): number {
  const { net, image } = footprint(layers, train);
  return net + train.batch * image;
}
