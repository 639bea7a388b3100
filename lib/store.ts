/**
 * Where results lie: a folder for each run, named by what it is and by its key.
 *
 * ```
 * store.json                            the format's version
 * train/D-256-0123456789ab/recipe.json  everything the run's numbers depend on
 *                          checkpoint.safetensors, log.jsonl, weights.safetensors
 *                          events.out.tfevents.*        the log again, for TensorBoard
 *                          environment.json      where and when it was carried out
 * eval/D-256-Q256-dense-.../recipe.json, environment.json, posteriors.safetensors
 * table3.csv, .md, .tex, all.csv, tables.tex, report.html, plots/    reports
 * ```
 *
 * A run is done when its weights or posteriors are there; each file is written atomically.
 *
 * @module
 */
import process from "node:process";
import type { Sitting } from "./environment.ts";
import { UserError } from "./errors.ts";
import { type Context, isEvaluation, type Run, slug } from "./experiment.ts";
import { readIfThere, removeIfThere, writeAtomically } from "./files.ts";
import { type PlannedRun, plannedRun } from "./plan.ts";
import { type Posteriors, scored, type Scores } from "./score.ts";
import type { Checkpoint, LogEntry, Tensors } from "./vgg/train.ts";
import {
  type OpenSafetensors,
  openSafetensors,
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from "./weights/safetensors.ts";

/** What is known of a run. */
export interface RunStatus {
  readonly state: "done" | "running" | "failed" | "partial" | "todo";
  readonly detail?: string;
}

/** Version of the folder's layout and of the files in it. */
const FORMAT = 1;

/** A folder of results. */
export class Store {
  readonly folder: string;

  /** Use `openStore()`. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Folder of a run. */
  folderOf(planned: PlannedRun): string {
    return `${this.folder}/${placeIn(planned)}`;
  }

  /** What is known of a run, without reading its results. */
  status(planned: PlannedRun): RunStatus {
    const folder = this.folderOf(planned);
    if (exists(this.#result(planned))) return { state: "done" };
    const worker = this.worker();
    const claimed = readIfThere(`${folder}/running`);
    if (claimed !== undefined && worker !== undefined && claimed === String(worker)) {
      return { state: "running", detail: `${this.#progress(folder)}, process ${worker}` };
    }
    const failure = readIfThere(`${folder}/failed.txt`);
    if (failure !== undefined) return { state: "failed", detail: failure };
    if (exists(`${folder}/checkpoint.safetensors`)) {
      return { state: "partial", detail: this.#progress(folder) };
    }
    return { state: "todo" };
  }

  /** Every run that was begun here, in the order of its folder's name. */
  runs(): PlannedRun[] {
    return ["train", "eval"].flatMap((kind) => {
      const folder = `${this.folder}/${kind}`;
      const names = exists(folder, "isDirectory")
        ? [...Deno.readDirSync(folder)].map(({ name }) => name).sort()
        : [];
      return names.flatMap((name) => recipeOf(`${folder}/${name}`) ?? []);
    });
  }

  /**
   * The run whose key begins with so many digits.
   *
   * @throws {UserError} There is none here, or there are several.
   */
  find(digits: string): PlannedRun {
    const found = this.runs().filter(({ key }) => key.startsWith(digits));
    if (found.length === 1) return found[0]!;
    const names = found.map((planned) => this.folderOf(planned)).join(", ");
    throw new UserError(
      `Cannot find run "${digits}" in "${this.folder}": ` +
        (found.length === 0
          ? "no run there has such a key; deno task status lists keys"
          : `it may be each of ${names}; give more digits`),
    );
  }

  /**
   * Notes that this process works on a run, and forgets an earlier failure, and earlier sittings
   * unless it goes on from their checkpoint.
   */
  begin(planned: PlannedRun) {
    const folder = this.folderOf(planned);
    writeAtomically(`${folder}/recipe.json`, recipeText(planned));
    writeAtomically(`${folder}/running`, String(Deno.pid));
    removeIfThere(`${folder}/failed.txt`);
    if (!exists(`${folder}/checkpoint.safetensors`)) removeIfThere(`${folder}/environment.json`);
  }

  /** Notes that nobody works on a run any more; with a reason, that it failed. */
  end(planned: PlannedRun, failure?: string) {
    const folder = this.folderOf(planned);
    if (failure !== undefined) writeAtomically(`${folder}/failed.txt`, failure);
    removeIfThere(`${folder}/running`);
  }

  /** The sittings in which a run was carried out, first to last; none where they are not known. */
  readSittings(planned: PlannedRun): Sitting[] {
    try {
      const text = readIfThere(`${this.folderOf(planned)}/environment.json`);
      const sittings = JSON.parse(text ?? "[]");
      return Array.isArray(sittings) ? sittings : [];
    } catch {
      return [];
    }
  }

  /** Keeps the sittings in which a run is carried out. */
  writeSittings(planned: PlannedRun, sittings: readonly Sitting[]) {
    const text = JSON.stringify(sittings, null, 2);
    writeAtomically(`${this.folderOf(planned)}/environment.json`, `${text}\n`);
  }

  /** A trained net's weights. */
  readWeights(planned: PlannedRun): Tensors {
    return floats(readSafetensors(this.#result(planned)));
  }

  /** Keeps a trained net's weights; the training's checkpoint has done its duty then. */
  writeWeights(planned: PlannedRun, tensors: Tensors) {
    const weights = new Map([...tensors].filter(([name]) => !name.endsWith(".velocity")));
    writeSafetensors(this.#result(planned), { tensors: weights, metadata: metadataOf(planned) });
    removeIfThere(`${this.folderOf(planned)}/checkpoint.safetensors`);
  }

  /** Where a training stood last, if it was begun. */
  readCheckpoint(planned: PlannedRun): Checkpoint | undefined {
    const file = `${this.folderOf(planned)}/checkpoint.safetensors`;
    if (!exists(file)) return undefined;
    const content = readSafetensors(file);
    const { step, plateau } = JSON.parse(content.metadata.state ?? "{}");
    return { step, plateau, tensors: floats(content) };
  }

  /** Keeps where a training stands. */
  writeCheckpoint(planned: PlannedRun, { step, plateau, tensors }: Checkpoint) {
    const metadata = { ...metadataOf(planned), state: JSON.stringify({ step, plateau }) };
    const file = `${this.folderOf(planned)}/checkpoint.safetensors`;
    writeSafetensors(file, { tensors, metadata });
  }

  /** Adds a line to a training's log. */
  appendLog(planned: PlannedRun, entry: LogEntry) {
    const file = `${this.folderOf(planned)}/log.jsonl`;
    Deno.writeTextFileSync(file, `${JSON.stringify(entry)}\n`, { append: true });
  }

  /** A training's log, line by line; a last line that a crash cut off is left out. */
  readLog(planned: PlannedRun): LogEntry[] {
    const lines = readIfThere(`${this.folderOf(planned)}/log.jsonl`)?.split("\n") ?? [];
    return lines.slice(0, -1).flatMap((line) => {
      try {
        return [JSON.parse(line) as LogEntry];
      } catch {
        return [];
      }
    });
  }

  /** Drops the log's lines after a step, which will be done again. */
  cutLog(planned: PlannedRun, step: number) {
    const kept = this.readLog(planned).filter((entry) => entry.step <= step);
    const text = kept.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    writeAtomically(`${this.folderOf(planned)}/log.jsonl`, text);
  }

  /** Posteriors of an evaluation, to be read in parts. */
  openPosteriors(planned: PlannedRun): Posteriors & Disposable {
    const file = this.#result(planned);
    return posteriorsIn(openSafetensors(file), file);
  }

  /** Scores the mean of the posteriors of evaluations that are done. */
  scoresOf(runs: readonly PlannedRun[]): Scores {
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
   * Keeps other processes from working here until `release()`.
   *
   * @throws UserError where another process, still alive, works here
   */
  claim() {
    const worker = this.worker();
    if (worker !== undefined && worker !== Deno.pid) {
      throw new UserError(
        `Cannot work in "${this.folder}": process ${worker} works there; wait until it is done, ` +
          "or choose another folder with --results DIR",
      );
    }
    writeAtomically(`${this.folder}/process`, String(Deno.pid));
  }

  /** Lets other processes work here again. */
  release() {
    removeIfThere(`${this.folder}/process`);
  }

  /** The process that works here, if it is alive. */
  worker(): number | undefined {
    const pid = Number(readIfThere(`${this.folder}/process`));
    return pid > 0 && isAlive(pid) ? pid : undefined;
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

/** Where a run lies in a folder of results: `train/D-256-0123456789ab`. */
export function placeIn({ run, key }: PlannedRun): string {
  return `${isEvaluation(run) ? "eval" : "train"}/${slug(run)}-${key}`;
}

/** What is in a run's recipe.json. */
export function recipeText({ run, context }: PlannedRun): string {
  return `${JSON.stringify({ run, ...context }, null, 2)}\n`;
}

/**
 * The posteriors that an open file holds, which is closed with them.
 *
 * @throws {UserError} It holds none; it is closed then.
 */
export function posteriorsIn(open: OpenSafetensors, name: string): Posteriors & Disposable {
  const [images, classes] = open.shapes.get("posteriors") ?? [];
  const labels = open.shapes.has("labels") ? open.read("labels") : undefined;
  if (!(labels instanceof Int32Array) || classes === undefined || labels.length !== images) {
    open[Symbol.dispose]();
    throw new UserError(
      `Cannot read "${name}": it holds no posteriors; remove it, and they are made again`,
    );
  }
  return {
    name,
    classes,
    labels,
    rows: (from, to) => open.read("posteriors", from * classes, to * classes) as Float32Array,
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}

/**
 * Opens a folder of results, which is made when something is written.
 *
 * @throws UserError where another version of verydeep made it
 */
export function openStore(folder: string): Store {
  const file = `${folder}/store.json`;
  const text = readIfThere(file);
  const { format } = text === undefined ? { format: FORMAT } : parsed(text);
  if (format !== FORMAT) {
    throw new UserError(
      `Cannot use "${folder}": its results are of format ${format}, this is format ${FORMAT}; ` +
        "use the version of verydeep that made it, or choose another folder with --results DIR",
    );
  }
  return new Store(folder);
}

/** Makes the folder of a store, marked with its format. */
export function makeStore(folder: string): Store {
  const store = openStore(folder);
  const file = `${folder}/store.json`;
  if (!exists(file)) writeAtomically(file, `${JSON.stringify({ format: FORMAT })}\n`);
  return store;
}

function parsed(text: string): { format: unknown } {
  try {
    return { format: JSON.parse(text)?.format };
  } catch {
    return { format: "unknown" };
  }
}

/** What a file says of the run that made it: its key, its ancestors' keys and its recipe. */
function metadataOf({ key, run, context, after }: PlannedRun): Record<string, string> {
  return { run: key, ancestors: after.join(" "), recipe: JSON.stringify({ run, ...context }) };
}

function floats({ tensors }: Safetensors): Tensors {
  return new Map([...tensors].map(([name, { shape, values }]) => {
    return [name, { shape, values: new Float32Array(values.buffer as ArrayBuffer) }];
  }));
}

/** The run that a folder is of; nothing where its recipe cannot be read. */
function recipeOf(folder: string): PlannedRun | undefined {
  try {
    const { run, ...context } = JSON.parse(Deno.readTextFileSync(`${folder}/recipe.json`)) as
      & Context
      & { run: Run };
    return plannedRun(run, context);
  } catch {
    return undefined;
  }
}

function exists(file: string, what: "isFile" | "isDirectory" = "isFile"): boolean {
  try {
    return Deno.statSync(file)[what];
  } catch {
    return false;
  }
}

/** Whether a process of this machine is alive. One that has ended, but is not buried yet, is not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // On Linux: its number, its name in brackets, its state; Z is a zombie.
    return !/\) Z [^)]*$/.test(readIfThere(`/proc/${pid}/stat`) ?? "");
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
