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
import type { Checkpoint, Divergence, LogEntry } from "../vgg/checkpoint.ts";
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
  writeAtomically,
} from "../system/files.ts";
import { Leases } from "./leases.ts";
import type { PlannedRun } from "../plan.ts";
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
  recipeIn,
  recipeText,
} from "./run_files.ts";
import { faultOf, floats, metadataOf, Results, type RunStatus } from "./results.ts";
import { withChecksum } from "../system/checksums.ts";
import { openSafetensors } from "../weights/safetensors.ts";

export type { RunStatus };

/** Version of the folder's layout and of the files in it. */
const FORMAT = 2;

/** A folder of results. */
export class Store extends Results {
  /** Which process works on which run, by the run's key. */
  readonly leases: Leases;
  /** See `withheld`. */
  readonly #withheld = new Map<string, UnreadableError>();

  /** Use `openStore()`. */
  constructor(folder: string) {
    super(folder);
    this.leases = new Leases(`${folder}/leases`);
  }

  /** Whether a result is there, even if another machine has written it just now. */
  #isThereNow(result: string): boolean {
    if (isThere(result)) return true;
    const folder = dirname(result);
    for (const place of [this.folder, dirname(folder), folder]) refreshFolder(place);
    return isThere(result);
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
    const result = this.resultOf(planned);
    if (this.#isThereNow(result)) {
      return this.faultOf(result) ??
        faultOf(() => openSafetensors(result)[Symbol.dispose]()) ?? { state: "done" };
    }
    const owner = this.leases.owner(planned.key);
    if (owner !== undefined) {
      const { host = "an unknown machine", pid } = owner;
      return { state: "running", detail: `${this.#progress(planned)}, process ${pid} on ${host}` };
    }
    const failure = readIfThere(`${folder}/failed.txt`);
    if (failure !== undefined) return { state: "failed", detail: failure };
    if (this.checkpoints(planned).isAny()) {
      return { state: "partial", detail: this.#progress(planned) };
    }
    return { state: "todo" };
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
    if (!this.checkpoints(planned).isAny()) removeIfThere(`${folder}/environment.json`);
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

  /** The last undamaged checkpoint of a training; undefined if there is none. */
  readCheckpoint(planned: PlannedRun): Checkpoint | undefined {
    return this.checkpoints(planned).last((file) => {
      const content = this.files.contentOf(file);
      return { ...JSON.parse(content.metadata.state ?? ""), tensors: floats(content) };
    });
  }

  /** Writes a training's checkpoint, and keeps the previous one. */
  writeCheckpoint(planned: PlannedRun, { tensors, ...state }: Checkpoint) {
    this.checkpoints(planned).write({ tensors, state }, metadataOf(planned));
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
    return this.checkpoints(planned).names();
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
    this.checkpoints(planned).drop();
  }

  /** The steps of a training, or the images of an evaluation, at its checkpoint; 0 without one. */
  progressOf(planned: PlannedRun): number {
    return this.checkpoints(planned).last((file) => {
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

  /** The run in a folder; undefined if its recipe is missing or does not match. */
  #recipeIn(place: string): PlannedRun | undefined {
    return recipeIn(readIfThere(`${this.folder}/${place}/recipe.json`) ?? "", place);
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
