/**
 * Where results lie: a folder for each run, named by what it is and by its key.
 *
 * ```
 * store.json                            the format's version
 * leases/                               who works on what at the moment
 * train/D-256-0123456789ab/recipe.json  everything the run's numbers depend on
 *                          checkpoint.safetensors, checkpoint.previous.safetensors
 *                          log.jsonl, weights.safetensors
 *                          diverged.json         where it diverged before it began again
 *                          events.out.tfevents.*        the log again, for TensorBoard
 *                          environment.json      where and when it was carried out
 * eval/D-256-Q256-dense-.../recipe.json, environment.json, posteriors.safetensors
 * table3.csv, .md, .tex, all.csv, tables.tex, report.html, plots/    reports
 * ```
 *
 * A run is done when its weights or posteriors are there. Each file is written beside its place,
 * flushed and renamed, so that a crash leaves the old one or the new one. Tensors and lines of logs
 * carry checksums, and a recipe is what its folder's key says. What is damaged is made again; what
 * an older version wrote without a checksum is taken as it is.
 *
 * @module
 */
import type { Checkpoint, Divergence, LogEntry, Tensors } from "../vgg/checkpoint.ts";
import type { Execution } from "../system/environment.ts";
import { UserError } from "../errors.ts";
import { isEvaluation } from "../experiment.ts";
import {
  appendLine,
  entriesIn,
  exists,
  ifThere,
  readIfThere,
  removeIfThere,
  renameIfThere,
  writeAtomically,
} from "../system/files.ts";
import { Leases } from "./leases.ts";
import { ancestorKeys, type PlannedRun } from "../plan.ts";
import {
  divergenceIn,
  executionsIn,
  executionsText,
  logIn,
  logLine,
  parsed,
  placeIn,
  posteriorsIn,
  recipeIn,
  recipeText,
} from "./run_files.ts";
import { type Posteriors, scored, type Scores } from "../score.ts";
import { withChecksum } from "../system/checksums.ts";
import { intactOf } from "../weights/checksums/mod.ts";
import {
  contentOf,
  openSafetensors,
  type Safetensors,
  verifyChecksum,
  writeSafetensors,
} from "../weights/safetensors.ts";

/** What is known of a run. */
export interface RunStatus {
  readonly state: "done" | "running" | "failed" | "partial" | "damaged" | "todo";
  readonly detail?: string;
}

/** Version of the folder's layout and of the files in it. */
const FORMAT = 2;

/** Where a training stands, and where it stood before: a damaged one costs the time in between. */
const CHECKPOINTS = ["checkpoint.safetensors", "checkpoint.previous.safetensors"];

/** A folder of results. */
export class Store {
  readonly folder: string;
  /** Who works on which run, by its key. */
  readonly leases: Leases;
  /** Files that were read wholly and compared with their checksums, as they were then. */
  readonly #whole = new Set<string>();
  /** What is wrong with files that are damaged. */
  readonly #damaged = new Map<string, string>();

  /** Use `openStore()`. */
  constructor(folder: string) {
    this.folder = folder;
    this.leases = new Leases(`${folder}/leases`);
  }

  /** Folder of a run. */
  folderOf(planned: PlannedRun): string {
    return `${this.folder}/${placeIn(planned)}`;
  }

  /** What is known of a run, without reading its results but for their beginning. */
  status(planned: PlannedRun): RunStatus {
    const folder = this.folderOf(planned);
    const result = this.#result(planned);
    if (exists(result)) {
      const detail = this.#damaged.get(result) ??
        damageOf(() => openSafetensors(result)[Symbol.dispose]());
      return detail === undefined ? { state: "done" } : { state: "damaged", detail };
    }
    const owner = this.leases.owner(planned.key);
    if (owner !== undefined) {
      const { host = "an unknown machine", pid } = owner;
      return { state: "running", detail: `${this.#progress(folder)}, process ${pid} on ${host}` };
    }
    const failure = readIfThere(`${folder}/failed.txt`);
    if (failure !== undefined) return { state: "failed", detail: failure };
    if (CHECKPOINTS.some((name) => exists(`${folder}/${name}`))) {
      return { state: "partial", detail: this.#progress(folder) };
    }
    return { state: "todo" };
  }

  /**
   * Reads a result that is there wholly and compares it with its checksum, once.
   *
   * @returns what is wrong with it; nothing where it is whole
   */
  damage(planned: PlannedRun): string | undefined {
    const file = this.#result(planned);
    const damage = damageOf(() => this.#mustBeWhole(file));
    if (damage !== undefined) this.#damaged.set(file, damage);
    return damage;
  }

  /** Puts a damaged result aside, as `*.damaged`, so that it is made again. */
  putAside(planned: PlannedRun) {
    const file = this.#result(planned);
    renameIfThere(file, `${file}.damaged`);
    this.#damaged.delete(file);
  }

  /** Every run that was begun or submitted here, in the order of its folder's name. */
  runs(): PlannedRun[] {
    return ["train", "eval"].flatMap((kind) => {
      return entriesIn(`${this.folder}/${kind}`)
        .flatMap(({ name }) => this.#recipeIn(`${kind}/${name}`) ?? []);
    });
  }

  /** Makes a run's folder, with the recipe by which others find it. */
  announce(planned: PlannedRun) {
    writeAtomically(`${this.folderOf(planned)}/recipe.json`, recipeText(planned));
  }

  /**
   * Makes a run's folder, and forgets an earlier failure, and earlier executions unless it goes on from
   * their checkpoint.
   */
  begin(planned: PlannedRun) {
    const folder = this.folderOf(planned);
    this.announce(planned);
    removeIfThere(`${folder}/failed.txt`);
    if (!CHECKPOINTS.some((name) => exists(`${folder}/${name}`))) {
      removeIfThere(`${folder}/environment.json`);
    }
  }

  /** Notes why a run failed. */
  fail(planned: PlannedRun, failure: string) {
    writeAtomically(`${this.folderOf(planned)}/failed.txt`, failure);
  }

  /** The executions in which a run was carried out, first to last; none where they are not known. */
  readExecutions(planned: PlannedRun): Execution[] {
    return executionsIn(readIfThere(`${this.folderOf(planned)}/environment.json`));
  }

  /** Keeps the executions in which a run is carried out. */
  writeExecutions(planned: PlannedRun, executions: readonly Execution[]) {
    writeAtomically(`${this.folderOf(planned)}/environment.json`, executionsText(executions));
  }

  /** A trained net's weights. */
  readWeights(planned: PlannedRun): Tensors {
    return floats(this.#contentOf(this.#result(planned)));
  }

  /**
   * Stores a trained net's weights, and removes its checkpoints.
   *
   * @param mean what its input has subtracted, 0-255, so that the file can be used with other data
   */
  writeWeights(planned: PlannedRun, tensors: Tensors, mean?: readonly number[]) {
    const weights = new Map([...tensors].filter(([name]) => !name.endsWith(".velocity")));
    const metadata = { ...metadataOf(planned), ...mean && { mean: mean.join(" ") } };
    writeSafetensors(this.#result(planned), { tensors: weights, metadata });
    this.dropCheckpoints(planned);
  }

  /** Where a training stood last, as the last whole checkpoint has it, if it was begun. */
  readCheckpoint(planned: PlannedRun): Checkpoint | undefined {
    return this.#fromCheckpoint(planned, (file) => {
      const content = this.#contentOf(file);
      return { ...JSON.parse(content.metadata.state ?? ""), tensors: floats(content) };
    });
  }

  /** Keeps where a training stands, and where it stood before. */
  writeCheckpoint(planned: PlannedRun, { tensors, ...state }: Checkpoint) {
    const metadata = { ...metadataOf(planned), state: JSON.stringify(state) };
    const [latest, previous] = CHECKPOINTS.map((name) => `${this.folderOf(planned)}/${name}`);
    writeSafetensors(latest!, { tensors, metadata }, { keep: previous! });
  }

  /** Notes where a training diverged, which begins again; its checkpoints are of no use then. */
  writeDivergence(planned: PlannedRun, divergence: Divergence) {
    const text = JSON.stringify(withChecksum(divergence));
    writeAtomically(`${this.folderOf(planned)}/diverged.json`, `${text}\n`);
    this.dropCheckpoints(planned);
  }

  /** Where a training diverged before it began again; nothing where it did not. */
  readDivergence(planned: PlannedRun): Divergence | undefined {
    return divergenceIn(readIfThere(`${this.folderOf(planned)}/diverged.json`));
  }

  /** Forgets where a training stands. */
  dropCheckpoints(planned: PlannedRun) {
    for (const name of CHECKPOINTS) removeIfThere(`${this.folderOf(planned)}/${name}`);
  }

  /** Updates that a training's checkpoint has; 0 where there is none. */
  stepOf(planned: PlannedRun): number {
    return this.#fromCheckpoint(planned, (file) => {
      using open = openSafetensors(file);
      return JSON.parse(open.metadata.state ?? "").step;
    }) ?? 0;
  }

  /** What is read from the latest checkpoint, or, where that is damaged, from the one before it. */
  #fromCheckpoint<Value>(planned: PlannedRun, read: (file: string) => Value): Value | undefined {
    for (const name of CHECKPOINTS) {
      try {
        // it may get its other name, or go, while it is read: another process may be training
        const value = ifThere(() => read(`${this.folderOf(planned)}/${name}`));
        if (value !== undefined) return value;
      } catch (error) {
        if (!(error instanceof UserError || error instanceof SyntaxError)) throw error;
      }
    }
    return undefined;
  }

  /** Adds a line to a training's log. */
  appendLog(planned: PlannedRun, entry: LogEntry) {
    appendLine(`${this.folderOf(planned)}/log.jsonl`, logLine(entry));
  }

  /** A training's log, step by step; lines that a crash cut off or that changed are left out. */
  readLog(planned: PlannedRun): LogEntry[] {
    return logIn(readIfThere(`${this.folderOf(planned)}/log.jsonl`));
  }

  /** Drops the log's lines after a step, which will be done again. */
  cutLog(planned: PlannedRun, step: number) {
    const kept = this.readLog(planned).filter((entry) => entry.step <= step);
    const text = kept.map((entry) => `${logLine(entry)}\n`).join("");
    writeAtomically(`${this.folderOf(planned)}/log.jsonl`, text);
  }

  /** Posteriors of an evaluation, to be read in parts. */
  openPosteriors(planned: PlannedRun): Posteriors & Disposable {
    const file = this.#result(planned);
    this.#mustBeWhole(file);
    return posteriorsIn(openSafetensors(file), file);
  }

  /** Scores the mean of the posteriors of evaluations that are done. */
  scoresOf(runs: readonly PlannedRun[]): Scores {
    this.#compareAll(runs.map((run) => this.#result(run)));
    using open = new DisposableStack();
    return scored(runs.map((run) => open.use(this.openPosteriors(run))));
  }

  /** Keeps posteriors: `posteriors` F32 `[images, classes]` and `labels` I32 `[images]`. */
  writePosteriors(
    planned: PlannedRun,
    { classes, values, labels }: Pick<Posteriors, "classes" | "labels"> & {
      readonly values: Float32Array;
    },
  ) {
    const tensors = new Map([
      ["posteriors", { shape: [labels.length, classes], values }],
      ["labels", { shape: [labels.length], values: labels }],
    ]);
    writeSafetensors(this.#result(planned), { tensors, metadata: metadataOf(planned) });
  }

  /**
   * Compares a file with its checksum, unless that was done since it changed last.
   *
   * @throws {UserError} It is damaged.
   */
  #mustBeWhole(file: string) {
    const state = stateOf(file);
    if (this.#whole.has(state)) return;
    if (!verifyChecksum(file)) mustBeOld(file);
    this.#whole.add(state);
  }

  /** Compares files with their checksums on all cores; of those that differ others will say so. */
  #compareAll(files: readonly string[]) {
    const open = files.flatMap((file) => {
      const state = ifThere(() => stateOf(file));
      return state === undefined || this.#whole.has(state) ? [] : [{ file, state }];
    });
    const intact = intactOf(open.map(({ file }) => file));
    open.forEach(({ state }, i) => intact[i] && this.#whole.add(state));
  }

  /** What is in a file, which is whole. @throws {UserError} It is damaged. */
  #contentOf(file: string): Safetensors {
    this.#mustBeWhole(file);
    using open = openSafetensors(file);
    return contentOf(open);
  }

  /** The run that a folder is of; nothing where that cannot be told. */
  #recipeIn(place: string): PlannedRun | undefined {
    return recipeIn(readIfThere(`${this.folder}/${place}/recipe.json`) ?? "", place);
  }

  #result(planned: PlannedRun): string {
    const name = isEvaluation(planned.run) ? "posteriors" : "weights";
    return `${this.folderOf(planned)}/${name}.safetensors`;
  }

  #progress(folder: string): string {
    const lines = readIfThere(`${folder}/log.jsonl`)?.trimEnd().split("\n") ?? [];
    const step = /"step":(\d+)/.exec(lines.at(-1) ?? "")?.[1];
    return step === undefined ? "just begun" : `at step ${step}`;
  }
}

/** Tells a file from one that was written since. */
function stateOf(file: string): string {
  const { mtime, size, ino } = Deno.statSync(file);
  return [file, mtime?.getTime(), size, ino].join(" ");
}

/**
 * Opens a folder of results, which is made when something is written.
 *
 * @throws UserError where another version of verydeep made it
 */
export function openStore(folder: string): Store {
  const file = `${folder}/store.json`;
  const text = readIfThere(file);
  const { format } = text === undefined ? { format: FORMAT } : formatIn(text);
  if (format !== FORMAT) {
    throw new UserError(
      `Cannot use "${folder}": its results are of format ${format}, and this version of verydeep ` +
        `reads format ${FORMAT}, in which keys and files have other names; use the version that made ` +
        "them, or choose another folder with --results DIR",
    );
  }
  return new Store(folder);
}

function formatIn(text: string): { readonly format?: unknown } {
  return parsed(text) ?? { format: "unknown (store.json is damaged)" };
}

/** Makes the folder of a store, marked with its format. */
export function makeStore(folder: string): Store {
  const store = openStore(folder);
  const file = `${folder}/store.json`;
  if (!exists(file)) writeAtomically(file, `${JSON.stringify({ format: FORMAT })}\n`);
  return store;
}

/** What a file says of the run that made it: its key, its ancestors' keys and its recipe. */
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

/** Texts of a file that a version without checksums wrote. */
const OLD_TEXTS = ["run", "ancestors", "recipe", "state"];

/** Tells a file that never had a checksum from one whose checksum is damaged. */
function mustBeOld(file: string) {
  using open = openSafetensors(file);
  if (Object.keys(open.metadata).every((name) => OLD_TEXTS.includes(name))) return;
  throw new UserError(
    `Cannot read "${file}": its checksum is damaged; remove it, and what it held is made again`,
  );
}

/** What is wrong with a result that was there a moment ago. */
const GONE = "Cannot read a result: another process found it damaged and put it aside";

/** What a reader says is wrong with a file; nothing where it reads it. */
function damageOf(read: () => void): string | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    if (error instanceof Deno.errors.NotFound) return GONE;
    throw error;
  }
}
