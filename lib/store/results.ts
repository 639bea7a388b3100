/**
 * The results of runs, weights and posteriors: reads, writes and checks them. `mod.ts` adds the states of
 * runs, leases, checkpoints of trainings, and logs.
 *
 * @module
 */
import type { Tensors } from "../vgg/checkpoint.ts";
import { UnreadableError, UserError } from "../errors.ts";
import { isEvaluation } from "../experiment.ts";
import { ancestorKeys, type PlannedRun } from "../plan.ts";
import { type Posteriors, scored, type Scores, summed } from "../score.ts";
import { renameIfThere } from "../system/files.ts";
import {
  type NamedTensor,
  openSafetensors,
  type Safetensors,
  writeSafetensors,
} from "../weights/safetensors.ts";
import { Checkpoints } from "./checkpoints.ts";
import { placeIn, posteriorsIn } from "./run_files.ts";
import { stateOf, WholeFiles } from "./whole_files.ts";

/** The state of a run. */
export interface RunStatus {
  readonly state: "done" | "running" | "failed" | "partial" | "damaged" | "unreadable" | "todo";
  readonly detail?: string;
}

/** Weights and posteriors in a folder of results, and whether they are whole. */
export class Results {
  readonly folder: string;
  protected readonly files = new WholeFiles();
  /** States of files whose values are posteriors. */
  readonly #valid = new Set<string>();
  /** What is wrong with results, each in one version of its file. */
  readonly #faults = new Map<string, { readonly fault: RunStatus; readonly version?: string }>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Folder of a run. */
  folderOf(planned: PlannedRun): string {
    return `${this.folder}/${placeIn(planned)}`;
  }

  /** The checkpoints of a run. */
  protected checkpoints(planned: PlannedRun): Checkpoints {
    return new Checkpoints(this.folderOf(planned));
  }

  /** The file whose existence says that a run is done: its weights, or its posteriors. */
  protected resultOf(planned: PlannedRun): string {
    const name = isEvaluation(planned.run) ? "posteriors" : "weights";
    return `${this.folderOf(planned)}/${name}.safetensors`;
  }

  /**
   * Reads all of an existing result and compares it with its checksum, unless that was done already.
   * The values of an evaluation must be posteriors, too.
   *
   * @returns what is wrong with it; undefined if it is undamaged. `status` then tells whether it is
   * damaged or unreadable.
   */
  damage(planned: PlannedRun): string | undefined {
    const file = this.resultOf(planned);
    const version = versionOf(file);
    const fault = faultOf(() => {
      this.files.mustBeWhole(file);
      if (isEvaluation(planned.run)) this.#mustBePosteriors(planned);
    });
    if (fault === undefined || fault.detail === GONE) this.#faults.delete(file);
    else this.#faults.set(file, { fault, ...version !== undefined && { version } });
    return fault?.detail;
  }

  /** What `damage` found in a result, unless another process has replaced it. */
  protected faultOf(result: string): RunStatus | undefined {
    const known = this.#faults.get(result);
    if (known === undefined || known.version !== versionOf(result)) return undefined;
    return known.fault;
  }

  /** Renames a damaged result to `*.damaged`, so that it is computed again. */
  markDamaged(planned: PlannedRun) {
    const file = this.resultOf(planned);
    renameIfThere(file, `${file}.damaged`);
    this.#faults.delete(file);
  }

  /** Reads a trained net's weights. */
  readWeights(planned: PlannedRun): Tensors {
    return floats(this.files.contentOf(this.resultOf(planned)));
  }

  /**
   * Stores a trained net's weights.
   *
   * @param mean the mean that its input has subtracted, 0-255, so that the file fits other data too
   */
  writeWeights(planned: PlannedRun, tensors: Tensors, mean?: readonly number[]) {
    const weights = new Map([...tensors].filter(([name]) => !name.endsWith(".velocity")));
    const metadata = { ...metadataOf(planned), ...mean && { mean: mean.join(" ") } };
    writeSafetensors(this.resultOf(planned), { tensors: weights, metadata });
  }

  /** Opens the posteriors of an evaluation, to read them in parts. */
  openPosteriors(planned: PlannedRun): Posteriors & Disposable {
    const file = this.resultOf(planned);
    this.files.mustBeWhole(file);
    return posteriorsIn(openSafetensors(file), file);
  }

  /**
   * Says which results will be read, in their order. Those that come next are then compared with their
   * checksums together, on all cores; one alone is the work of one.
   */
  expect(runs: readonly PlannedRun[]) {
    this.files.expect(runs.map((run) => this.resultOf(run)));
  }

  /** Scores the mean posteriors of finished evaluations. */
  scoresOf(runs: readonly PlannedRun[]): Scores {
    this.files.compareAll(runs.map((run) => this.resultOf(run)));
    using open = new DisposableStack();
    return scored(runs.map((run) => open.use(this.openPosteriors(run))));
  }

  /**
   * Stores posteriors: `posteriors` F32 `[images, classes]`, `labels` I32 `[images]` and, where images
   * have several right classes, `also_right` I32 `[images, some]`, -1 after the last.
   */
  writePosteriors(
    planned: PlannedRun,
    { classes, values, labels, alsoRight }: Omit<Posteriors, "name" | "rows"> & {
      readonly values: Float32Array;
    },
  ) {
    const images = labels.length;
    const tensors = new Map<string, NamedTensor>([
      ["posteriors", { shape: [images, classes], values }],
      ["labels", { shape: [images], values: labels }],
    ]);
    if (alsoRight !== undefined) {
      const shape = [images, alsoRight.length / images];
      tensors.set("also_right", { shape, values: alsoRight });
    }
    writeSafetensors(this.resultOf(planned), { tensors, metadata: metadataOf(planned) });
  }

  /**
   * Posteriors of an evaluation that was stopped, `[images, classes]`, NaN where an image was not evaluated;
   * undefined if there are none, or none of this shape and of the net's present weights: a net that is
   * trained again on another machine has other ones.
   */
  readPartialPosteriors(
    planned: PlannedRun,
    shape: readonly [images: number, classes: number],
  ): Float32Array | undefined {
    return this.checkpoints(planned).last((file) => {
      const content = this.files.contentOf(file);
      const found = floats(content).get("posteriors");
      const { weights } = JSON.parse(content.metadata.state ?? "");
      const isOurs = found?.shape.join() === shape.join() && weights === this.#netOf(planned);
      return isOurs ? found.values : undefined;
    });
  }

  /** Writes posteriors of an evaluation that is not finished, NaN where an image was not evaluated. */
  writePartialPosteriors(
    planned: PlannedRun,
    { classes, values }: { readonly classes: number; readonly values: Float32Array },
  ) {
    let images = 0;
    for (let at = 0; at < values.length; at += classes) if (!Number.isNaN(values[at])) images++;
    if (images === 0) return;
    const tensors = new Map([["posteriors", {
      shape: [values.length / classes, classes],
      values,
    }]]);
    const state = { images, weights: this.#netOf(planned) };
    this.checkpoints(planned).write({ tensors, state }, metadataOf(planned));
  }

  /** The checksum of the weights of an evaluation's net; empty if they have none. */
  #netOf({ ancestor }: PlannedRun): string {
    using open = openSafetensors(this.resultOf(ancestor!));
    return open.checksum ?? "";
  }

  /**
   * Reads all values of an evaluation, unless that was done since their last change.
   *
   * @throws {UserError} They are not posteriors.
   */
  #mustBePosteriors(planned: PlannedRun) {
    const state = stateOf(this.resultOf(planned));
    if (this.#valid.has(state)) return;
    using posteriors = this.openPosteriors(planned);
    summed([posteriors], () => {});
    this.#valid.add(state);
  }
}

/** The state of a file; undefined if it is missing or cannot be looked at. */
function versionOf(file: string): string | undefined {
  try {
    return stateOf(file);
  } catch {
    return undefined;
  }
}

/** A file's metadata about its run: key, keys of ancestors and recipe. */
export function metadataOf(planned: PlannedRun): Record<string, string> {
  const { key, run, context } = planned;
  const ancestors = ancestorKeys(planned).join(" ");
  return { run: key, ancestors, recipe: JSON.stringify({ run, ...context }) };
}

/** The tensors of a file, all of float32. */
export function floats({ tensors }: Safetensors): Tensors {
  return new Map([...tensors].map(([name, { shape, values }]) => {
    return [name, { shape, values: new Float32Array(values.buffer as ArrayBuffer) }];
  }));
}

/** The message about a result that another process has just renamed. */
const GONE = "Cannot read a result: another process found it damaged and renamed it to *.damaged";

/** The state of a file according to the error of reading it; undefined if reading succeeds. */
export function faultOf(read: () => void): RunStatus | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof UnreadableError) return { state: "unreadable", detail: error.message };
    if (error instanceof UserError) return { state: "damaged", detail: error.message };
    if (error instanceof Deno.errors.NotFound) return { state: "damaged", detail: GONE };
    throw error;
  }
}
