/**
 * Results on disk: one folder for each run, named by the run and its key.
 *
 * ```
 * store.json                            the format's version
 * leases/                               which process works on which run
 * train/D-256-0123456789ab/recipe.json  everything that the run's numbers depend on
 *                          checkpoint.safetensors, checkpoint.previous.safetensors
 *                          log.jsonl, weights.safetensors
 *                          diverged.json         where it diverged before its restart
 *                          events.out.tfevents.*        the log for TensorBoard
 *                          environment.json      where and when it was carried out
 * eval/D-256-Q256-dense-.../recipe.json, environment.json, posteriors.safetensors; the checkpoints
 *                          of one that was stopped have the posteriors so far
 * table3.csv, .md, .tex, all.csv, tables.tex, report.html, plots/    reports
 * ```
 *
 * A run is done when its weights or posteriors exist. Each file is written to a draft, flushed and
 * renamed, so that a crash leaves the old file or the new one. Tensors and lines of logs have
 * checksums, and a recipe must match its folder's key. Damaged results are computed again; files that
 * an older version wrote without a checksum are accepted.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Checkpoint, Divergence, LogEntry, Tensors } from "../vgg/checkpoint.ts";
import type { Execution } from "../system/environment.ts";
import { UnreadableError, UserError } from "../errors.ts";
import { isEvaluation } from "../experiment.ts";
import {
  appendLine,
  entriesIn,
  exists,
  flushFolder,
  isThere,
  readIfThere,
  refreshFolder,
  removeIfThere,
  renameIfThere,
  writeAtomically,
} from "../system/files.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Leases } from "./leases.ts";
import { ancestorKeys, type PlannedRun } from "../plan.ts";
import {
  divergenceIn,
  executionsIn,
  executionsText,
  lastLogLine,
  logIn,
  logLine,
  logLinesIn,
  parsed,
  placeIn,
  posteriorsIn,
  recipeIn,
  recipeText,
} from "./run_files.ts";
import { stateOf, WholeFiles } from "./whole_files.ts";
import { type Posteriors, scored, type Scores, summed } from "../score.ts";
import { withChecksum } from "../system/checksums.ts";
import {
  type NamedTensor,
  openSafetensors,
  type Safetensors,
  writeSafetensors,
} from "../weights/safetensors.ts";

/** The state of a run. */
export interface RunStatus {
  readonly state: "done" | "running" | "failed" | "partial" | "damaged" | "unreadable" | "todo";
  readonly detail?: string;
}

/** Version of the folder's layout and of the files in it. */
const FORMAT = 2;

/** A folder of results. */
export class Store {
  readonly folder: string;
  /** Which process works on which run, by the run's key. */
  readonly leases: Leases;
  readonly #files = new WholeFiles();
  /** States of files whose values are posteriors. */
  readonly #valid = new Set<string>();
  /** What is wrong with results, each in one version of its file. */
  readonly #faults = new Map<string, { readonly fault: RunStatus; readonly version?: string }>();
  /** See `withheld`. */
  readonly #withheld = new Map<string, UnreadableError>();

  /** Use `openStore()`. */
  constructor(folder: string) {
    this.folder = folder;
    this.leases = new Leases(`${folder}/leases`);
  }

  /** Whether a result is there, even if another machine has written it just now. */
  #isThereNow(result: string): boolean {
    if (isThere(result)) return true;
    const folder = dirname(result);
    for (const place of [this.folder, dirname(folder), folder]) refreshFolder(place);
    return isThere(result);
  }

  /** Folder of a run. */
  folderOf(planned: PlannedRun): string {
    return `${this.folder}/${placeIn(planned)}`;
  }

  /**
   * The state of a run. Reads only the header of its result. A run is unreadable if a file that decides
   * its state exists and cannot be read. Such a file is not damaged, and is not renamed.
   */
  status(planned: PlannedRun): RunStatus {
    try {
      return this.#statusOf(planned);
    } catch (error) {
      if (error instanceof UnreadableError) return { state: "unreadable", detail: error.message };
      throw error;
    }
  }

  /** The states of runs. Of those that nobody has begun nothing is looked for one by one. */
  statuses(runs: readonly PlannedRun[]): RunStatus[] {
    const begun = this.#begun();
    return runs.map((run) =>
      begun === undefined || begun.has(run.key) || begun.has(placeIn(run))
        ? this.status(run)
        : { state: "todo" }
    );
  }

  /** Keys of runs with a lease, and places of runs with a folder; nothing if that cannot be told. */
  #begun(): ReadonlySet<string> | undefined {
    try {
      const leased = this.leases.names(); // first: a run that ends meanwhile has a folder
      refreshFolder(this.folder); // another machine may have made the next ones just now
      return new Set([...leased, ...this.#places()]);
    } catch (error) {
      if (error instanceof UnreadableError) return undefined;
      throw error;
    }
  }

  /**
   * Whether a run is done.
   *
   * @throws {UserError} A file that would tell cannot be read: to leave the run out would be a silent loss.
   */
  isDone(planned: PlannedRun): boolean {
    const { state, detail } = this.status(planned);
    if (state === "unreadable") throw new UserError(detail!);
    return state === "done";
  }

  #statusOf(planned: PlannedRun): RunStatus {
    const folder = this.folderOf(planned);
    const result = this.#result(planned);
    if (this.#isThereNow(result)) {
      return this.#faultOf(result) ??
        faultOf(() => openSafetensors(result)[Symbol.dispose]()) ?? { state: "done" };
    }
    const owner = this.leases.owner(planned.key);
    if (owner !== undefined) {
      const { host = "an unknown machine", pid } = owner;
      return { state: "running", detail: `${this.#progress(planned)}, process ${pid} on ${host}` };
    }
    const failure = readIfThere(`${folder}/failed.txt`);
    if (failure !== undefined) return { state: "failed", detail: failure };
    if (this.#checkpoints(planned).isAny()) {
      return { state: "partial", detail: this.#progress(planned) };
    }
    return { state: "todo" };
  }

  /**
   * Reads all of an existing result and compares it with its checksum, unless that was done already.
   * The values of an evaluation must be posteriors, too.
   *
   * @returns what is wrong with it; undefined if it is undamaged. `status` then tells whether it is
   * damaged or unreadable.
   */
  damage(planned: PlannedRun): string | undefined {
    const file = this.#result(planned);
    const version = versionOf(file);
    const fault = faultOf(() => {
      this.#files.mustBeWhole(file);
      if (isEvaluation(planned.run)) this.#mustBePosteriors(planned);
    });
    if (fault === undefined || fault.detail === GONE) this.#faults.delete(file);
    else this.#faults.set(file, { fault, ...version !== undefined && { version } });
    return fault?.detail;
  }

  /** What `damage` found in a result, unless another process has replaced it. */
  #faultOf(result: string): RunStatus | undefined {
    const known = this.#faults.get(result);
    if (known === undefined || known.version !== versionOf(result)) return undefined;
    return known.fault;
  }

  /** Renames a damaged result to `*.damaged`, so that it is computed again. */
  markDamaged(planned: PlannedRun) {
    const file = this.#result(planned);
    renameIfThere(file, `${file}.damaged`);
    this.#faults.delete(file);
  }

  /**
   * Every run that was started or submitted here, sorted by the names of folders, but for those whose
   * recipe cannot be read.
   */
  runs(): PlannedRun[] {
    return this.#runsWith((place) => {
      try {
        return this.#recipeIn(place);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
        this.#withheld.set(place, error);
        return undefined;
      }
    });
  }

  /**
   * The same where none may be left out.
   *
   * @throws {UnreadableError} A disk withholds a recipe, and so which run is in its folder.
   */
  allRuns(): PlannedRun[] {
    return this.#runsWith((place) => this.#recipeIn(place));
  }

  /** Why `runs` has left runs out so far, by their folders, as in `train/A-256-0123456789ab`. */
  get withheld(): ReadonlyMap<string, UnreadableError> {
    return this.#withheld;
  }

  #runsWith(recipeIn: (place: string) => PlannedRun | undefined): PlannedRun[] {
    return this.#places().flatMap((place) => recipeIn(place) ?? []);
  }

  /** Places of all folders of runs, by their names, as in `train/A-256-0123456789ab`. */
  #places(): string[] {
    return ["train", "eval"].flatMap((kind) =>
      entriesIn(`${this.folder}/${kind}`).map(({ name }) => `${kind}/${name}`)
    );
  }

  /** Creates a run's folder and its recipe, so that other processes find the run. */
  announce(planned: PlannedRun) {
    writeAtomically(`${this.folderOf(planned)}/recipe.json`, recipeText(planned));
  }

  /**
   * Creates a run's folder, and deletes the record of an earlier failure. Keeps the records of earlier
   * executions only if there is a checkpoint to resume from.
   */
  begin(planned: PlannedRun) {
    const folder = this.folderOf(planned);
    this.announce(planned);
    for (const name of this.#draftsOf(planned)) removeIfThere(`${folder}/${name}`);
    removeIfThere(`${folder}/failed.txt`);
    if (!this.#checkpoints(planned).isAny()) removeIfThere(`${folder}/environment.json`);
  }

  /** Records why a run failed. */
  fail(planned: PlannedRun, failure: string) {
    writeAtomically(`${this.folderOf(planned)}/failed.txt`, failure);
  }

  /** The executions of a run, first to last; empty if they are not known. */
  readExecutions(planned: PlannedRun): Execution[] {
    return executionsIn(readIfThere(`${this.folderOf(planned)}/environment.json`));
  }

  /** Records the executions of a run. */
  writeExecutions(planned: PlannedRun, executions: readonly Execution[]) {
    writeAtomically(`${this.folderOf(planned)}/environment.json`, executionsText(executions));
  }

  /** Reads a trained net's weights. */
  readWeights(planned: PlannedRun): Tensors {
    return floats(this.#files.contentOf(this.#result(planned)));
  }

  /**
   * Stores a trained net's weights.
   *
   * @param mean the mean that its input has subtracted, 0-255, so that the file fits other data too
   */
  writeWeights(planned: PlannedRun, tensors: Tensors, mean?: readonly number[]) {
    const weights = new Map([...tensors].filter(([name]) => !name.endsWith(".velocity")));
    const metadata = { ...metadataOf(planned), ...mean && { mean: mean.join(" ") } };
    writeSafetensors(this.#result(planned), { tensors: weights, metadata });
  }

  /** The last undamaged checkpoint of a training; undefined if there is none. */
  readCheckpoint(planned: PlannedRun): Checkpoint | undefined {
    return this.#checkpoints(planned).last((file) => {
      const content = this.#files.contentOf(file);
      return { ...JSON.parse(content.metadata.state ?? ""), tensors: floats(content) };
    });
  }

  /** Writes a training's checkpoint, and keeps the previous one. */
  writeCheckpoint(planned: PlannedRun, { tensors, ...state }: Checkpoint) {
    this.#checkpoints(planned).write({ tensors, state }, metadataOf(planned));
  }

  /** Records where a training diverged before its restart, and removes its checkpoints. */
  writeDivergence(planned: PlannedRun, divergence: Divergence) {
    const text = JSON.stringify(withChecksum(divergence));
    writeAtomically(`${this.folderOf(planned)}/diverged.json`, `${text}\n`);
    this.dropCheckpoints(planned);
  }

  /** Where a training diverged before its restart; undefined if it did not. */
  readDivergence(planned: PlannedRun): Divergence | undefined {
    return divergenceIn(readIfThere(`${this.folderOf(planned)}/diverged.json`));
  }

  /** Names of a run's checkpoints. */
  checkpointsOf(planned: PlannedRun): string[] {
    return this.#checkpoints(planned).names();
  }

  /**
   * Names of files that are of no use beside a result: checkpoints, and the record of a failure, as
   * where the result is whole but its folder could not be flushed.
   */
  leftBesideResult(planned: PlannedRun): string[] {
    const isFailure = exists(`${this.folderOf(planned)}/failed.txt`);
    return [...this.checkpointsOf(planned), ...isFailure ? ["failed.txt"] : []];
  }

  /**
   * Flushes a finished run's folder, and removes what is of no use there, its drafts and its lease, where a
   * failure or an interruption at its end left some. Removes nothing while another process works on the
   * run, or without permission to write.
   */
  tidy(planned: PlannedRun) {
    const folder = this.folderOf(planned);
    const names = [...this.leftBesideResult(planned), ...this.#draftsOf(planned)];
    try {
      if (names.length === 0 && !this.leases.isLeft(planned.key)) return;
      if (!this.leases.take(planned.key)) return;
      flushFolder(folder); // it may have been killed before it flushed the result's name
      for (const name of names) removeIfThere(`${folder}/${name}`);
    } catch {
      // `status` lists what is left
    } finally {
      this.leases.release(planned.key);
    }
  }

  /** Drafts of a run's files, except of its recipe, which is written without a lease. */
  #draftsOf(planned: PlannedRun): string[] {
    return entriesIn(this.folderOf(planned)).map(({ name }) => name)
      .filter((name) => name.endsWith(".part") && !name.startsWith("recipe.json."));
  }

  /** Removes a run's checkpoints. @throws {UserError} One cannot be removed. */
  dropCheckpoints(planned: PlannedRun) {
    this.#checkpoints(planned).drop();
  }

  /** The steps of a training, or the images of an evaluation, at its checkpoint; 0 without one. */
  progressOf(planned: PlannedRun): number {
    return this.#checkpoints(planned).last((file) => {
      using open = openSafetensors(file);
      const { step, images } = JSON.parse(open.metadata.state ?? "");
      return step ?? images;
    }) ?? 0;
  }

  /**
   * Adds a line to a training's log. A line of the same step takes the place of an earlier one. Nothing is
   * ever removed: another process may be adding lines, if one was considered dead.
   *
   * @param again whether the training has restarted after a divergence
   */
  appendLog(planned: PlannedRun, entry: LogEntry, again = false) {
    appendLine(this.#log(planned), logLine(entry, again));
  }

  /** Takes back lines after a training's last step: an earlier execution did more, and rounded otherwise. */
  endLog(planned: PlannedRun, step: number) {
    const last = this.readLog(planned).at(-1)?.step ?? 0;
    if (last > step) appendLine(this.#log(planned), lastLogLine(step));
  }

  /** A training's log, step by step, without lines that are cut off or changed. */
  readLog(planned: PlannedRun): LogEntry[] {
    return logIn(readIfThere(this.#log(planned)));
  }

  /** What a training wrote last into its log, also where it repeats steps. */
  lastLogged(planned: PlannedRun): LogEntry | undefined {
    return logLinesIn(readIfThere(this.#log(planned))).at(-1);
  }

  #log(planned: PlannedRun): string {
    return `${this.folderOf(planned)}/log.jsonl`;
  }

  /** Opens the posteriors of an evaluation, to read them in parts. */
  openPosteriors(planned: PlannedRun): Posteriors & Disposable {
    const file = this.#result(planned);
    this.#files.mustBeWhole(file);
    return posteriorsIn(openSafetensors(file), file);
  }

  /**
   * Says which results will be read, in their order. Those that come next are then compared with their
   * checksums together, on all cores; one alone is the work of one.
   */
  expect(runs: readonly PlannedRun[]) {
    this.#files.expect(runs.map((run) => this.#result(run)));
  }

  /** Scores the mean posteriors of finished evaluations. */
  scoresOf(runs: readonly PlannedRun[]): Scores {
    this.#files.compareAll(runs.map((run) => this.#result(run)));
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
    writeSafetensors(this.#result(planned), { tensors, metadata: metadataOf(planned) });
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
    return this.#checkpoints(planned).last((file) => {
      const content = this.#files.contentOf(file);
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
    this.#checkpoints(planned).write({ tensors, state }, metadataOf(planned));
  }

  /** The checksum of the weights of an evaluation's net; empty if they have none. */
  #netOf({ ancestor }: PlannedRun): string {
    using open = openSafetensors(this.#result(ancestor!));
    return open.checksum ?? "";
  }

  /**
   * Reads all values of an evaluation, unless that was done since their last change.
   *
   * @throws {UserError} They are not posteriors.
   */
  #mustBePosteriors(planned: PlannedRun) {
    const state = stateOf(this.#result(planned));
    if (this.#valid.has(state)) return;
    using posteriors = this.openPosteriors(planned);
    summed([posteriors], () => {});
    this.#valid.add(state);
  }

  /** The run in a folder; undefined if its recipe is missing or does not match. */
  #recipeIn(place: string): PlannedRun | undefined {
    return recipeIn(readIfThere(`${this.folder}/${place}/recipe.json`) ?? "", place);
  }

  #checkpoints(planned: PlannedRun): Checkpoints {
    return new Checkpoints(this.folderOf(planned));
  }

  #result(planned: PlannedRun): string {
    const name = isEvaluation(planned.run) ? "posteriors" : "weights";
    return `${this.folderOf(planned)}/${name}.safetensors`;
  }

  #progress(planned: PlannedRun): string {
    if (isEvaluation(planned.run)) {
      const images = this.progressOf(planned);
      return images === 0 ? "just begun" : `at image ${images}`;
    }
    const folder = this.folderOf(planned);
    const lines = readIfThere(`${folder}/log.jsonl`)?.trimEnd().split("\n") ?? [];
    const step = /"step":(\d+)/.exec(lines.at(-1) ?? "")?.[1];
    return step === undefined ? "just begun" : `at step ${step}`;
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

/**
 * Opens a folder of results. The folder is created by the first write.
 *
 * @throws {UserError} A version of verydeep with another format made it.
 */
export function openStore(folder: string): Store {
  if (exists(folder)) {
    throw new UserError(`Cannot use "${folder}": it is a file; name a folder with --results DIR`);
  }
  const file = `${folder}/store.json`;
  const text = readIfThere(file);
  const { format } = text === undefined ? { format: FORMAT } : formatIn(text);
  if (format !== FORMAT) {
    throw new UserError(
      `Cannot use "${folder}": its results are of format ${format}, and this version of verydeep ` +
        `reads format ${FORMAT}, in which keys and files have other names; use the version that wrote ` +
        "them, or choose another folder with --results DIR",
    );
  }
  return new Store(folder);
}

function formatIn(text: string): { readonly format?: unknown } {
  return parsed(text) ?? { format: "unknown (store.json is damaged)" };
}

/** Creates the folder of a store, and records its format. */
export function makeStore(folder: string): Store {
  const store = openStore(folder);
  const file = `${folder}/store.json`;
  if (!exists(file)) writeAtomically(file, `${JSON.stringify({ format: FORMAT })}\n`);
  return store;
}

/** A file's metadata about its run: key, keys of ancestors and recipe. */
function metadataOf(planned: PlannedRun): Record<string, string> {
  const { key, run, context } = planned;
  const ancestors = ancestorKeys(planned).join(" ");
  return { run: key, ancestors, recipe: JSON.stringify({ run, ...context }) };
}

function floats({ tensors }: Safetensors): Tensors {
  return new Map([...tensors].map(([name, { shape, values }]) => {
    return [name, { shape, values: new Float32Array(values.buffer as ArrayBuffer) }];
  }));
}

/** The message about a result that another process has just renamed. */
const GONE = "Cannot read a result: another process found it damaged and renamed it to *.damaged";

/** The state of a file according to the error of reading it; undefined if reading succeeds. */
function faultOf(read: () => void): RunStatus | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof UnreadableError) return { state: "unreadable", detail: error.message };
    if (error instanceof UserError) return { state: "damaged", detail: error.message };
    if (error instanceof Deno.errors.NotFound) return { state: "damaged", detail: GONE };
    throw error;
  }
}
