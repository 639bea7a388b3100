/** An open bundle in the role of a store: tables are scored from it alone. */
import { createHash } from "node:crypto";
import { UnreadableError, UserError } from "../errors.ts";
import { isEvaluation, isImported, type Row, type Table } from "../experiment.ts";
import { count } from "../numbers.ts";
import { pixels } from "../vgg/images.ts";
import { type PlannedRun, runsOfRow } from "../plan.ts";
import { type Posteriors, scored, type Scores } from "../score.ts";
import { divergenceIn, executionsIn, logIn, placeIn, posteriorsIn } from "../store/run_files.ts";
import { REAL_NAME } from "../datasets/ilsvrc2012/images.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import type { OpenArchive } from "./archive.ts";
import {
  type BundlePlan,
  contextsIn,
  meanName,
  posteriorsName,
  runsIn,
  scoreNames,
} from "./contents.ts";
import { labelFault } from "./names.ts";
import type { Note, Problem } from "./problems.ts";
import {
  mustBeMean,
  readTopFive,
  sameLabels,
  scoresOf,
  type TopFive,
  type Undetermined,
} from "./top_five.ts";

/** Images of an evaluation, and their posteriors, that are compared with those of others, at most. */
const COMPARED = 2000;
const COMPARED_VALUES = 2 ** 18;

/** Share of images whose posteriors may be those of another net by chance. */
const COINCIDENCES = 0.01;

/** An evaluation, and what its posteriors are of: a net, and the scale that it sees. */
interface Evaluation {
  readonly file: string;
  readonly view: string;
}

/** Reads runs from a bundle as a store does from its folder. */
export class OpenedBundle {
  readonly #archive: OpenArchive;
  readonly #plan: BundlePlan;
  readonly #scores = new Map<string, Scores>();
  readonly #highests = new Map<string, TopFive>();
  /** What the evaluations of a mean leave open, by their keys. */
  readonly #undetermined = new Map<string, Undetermined>();
  /** The first error of a disk that withheld a part of the file. It says nothing about the content. */
  #unreadable: UnreadableError | undefined;
  /** Labels of the images in the first evaluation that was read. */
  #first: Pick<Posteriors, "name" | "labels" | "alsoRight"> | undefined;

  constructor(archive: OpenArchive, plan: BundlePlan) {
    this.#archive = archive;
    this.#plan = plan;
  }

  /** Whether the bundle has the posteriors of an evaluation. */
  status(run: PlannedRun): { readonly state: "done" | "todo" } {
    const isThere = this.#archive.entries.has(posteriorsName(run, this.#plan));
    return { state: isThere ? "done" : "todo" };
  }

  /** The same of several. */
  statuses(runs: readonly PlannedRun[]) {
    return runs.map((run) => this.status(run));
  }

  /** A training's log; empty if it is missing. */
  readLog(run: PlannedRun) {
    return logIn(this.#text(`${placeIn(run)}/log.jsonl`));
  }

  /** Where a training diverged before it was started again. */
  readDivergence(run: PlannedRun) {
    return divergenceIn(this.#text(`${placeIn(run)}/diverged.json`));
  }

  /** The executions of a run; empty if they are not known. */
  readExecutions(run: PlannedRun) {
    return executionsIn(this.#text(`${placeIn(run)}/environment.json`));
  }

  /** `[images]`: labels of the evaluation that was read first; undefined before that. */
  get labels(): Int32Array | undefined {
    return this.#first?.labels;
  }

  /** @throws {UnreadableError} A part of the file could not be read. */
  mustHaveBeenReadable() {
    if (this.#unreadable !== undefined) throw this.#unreadable;
  }

  /** The missing entries that are needed for the scores of the mean of `runs`. */
  missing(runs: readonly PlannedRun[]): string[] {
    return scoreNames(runs, this.#plan).filter((name) => !this.#archive.entries.has(name));
  }

  /**
   * Scores the mean of evaluations.
   *
   * @throws {UserError} An entry is missing, damaged, or of other images.
   */
  scoresOf(runs: readonly PlannedRun[]): Scores {
    const name = keysOf(runs);
    const scores = this.#scores.get(name) ??
      this.#noting(() => this.#plan.small ? this.#fromHighest(runs) : this.#fromPosteriors(runs));
    this.#scores.set(name, scores);
    return scores;
  }

  #fromPosteriors(runs: readonly PlannedRun[]): Scores {
    using open = new DisposableStack();
    return scored(runs.map((run) => {
      const name = posteriorsName(run, this.#plan);
      const file = this.#open(name);
      const posteriors = open.use(posteriorsIn(file, name));
      mustBeOf([run], file.metadata.run, name);
      this.#mustFit(posteriors, name);
      return posteriors;
    }));
  }

  #fromHighest(runs: readonly PlannedRun[]): Scores {
    const each = runs.map((run) => this.#highest(posteriorsName(run, this.#plan), [run]));
    if (runs.length === 1) return scoresOf(each[0]!);
    const name = meanName(runs);
    const mean = this.#highest(name, runs);
    this.#undetermined.set(keysOf(runs), mustBeMean(mean, each, name));
    return scoresOf(mean);
  }

  /** Notes on images of a row whose result the posteriors in a small bundle do not determine. */
  openResults(row: Row, index: number, { name }: Table): Note[] {
    return runsOfRow(row, contextsIn(this.#plan)).flatMap((runs) => {
      if (runs[0] === undefined) return [];
      const { top1, top5 } = this.#undetermined.get(keysOf(runs)) ?? { top1: 0, top5: 0 };
      if (top1 + top5 === 0) return [];
      const reason =
        `${name}, row ${index + 1}, seed ${runs[0].context.seed}: the five highest classes ` +
        `leave open the top-1 result of ${count(top1, "image")} and the top-5 result of ` +
        count(top5, "image");
      return [{ kind: "note", reason }];
    });
  }

  /** A note on how many classes are right, where images have several: the more there are, the lower the errors. */
  rightClasses(): Note[] {
    const { labels, alsoRight } = this.#first ?? {};
    if (labels === undefined || alsoRight === undefined) return [];
    const many = labels.length + alsoRight.filter((label) => label >= 0).length;
    const each = (many / labels.length).toFixed(2);
    return [{ kind: "note", reason: `images have ${each} right classes each, as the writer says` }];
  }

  /** Evaluations that share images' posteriors with those of another net or at another scale. */
  copies(): Problem[] {
    const seen = new Map<number, Evaluation>();
    return runsIn(this.#plan).flatMap((planned): Problem[] => {
      const { run, context } = planned;
      // without training the seed decides nothing
      if (!isEvaluation(run) || isImported(run.net.init)) return [];
      if (this.status(planned).state === "todo") return [];
      const file = posteriorsName(planned, this.#plan);
      const side = pixels(run.Q, context.train.crop);
      const own: Evaluation = { file, view: `${planned.ancestor!.key} at ${side}` };
      const digests = this.#rowDigests(file);
      const others = digests.flatMap((digest) => {
        const other = seen.get(digest) ?? own;
        seen.set(digest, other);
        return other.view === own.view ? [] : [other];
      });
      if (others.length <= COINCIDENCES * digests.length) return [];
      const reason = `has the posteriors of ${others[0]!.file} for ${others.length} of ` +
        `${count(digests.length, "image")} that were compared`;
      return [{ kind: "file", file, reason }];
    });
  }

  /** Digests of the posteriors of some images; none if they cannot be read. */
  #rowDigests(name: string): number[] {
    return this.#noting(() => this.#digestsIn(name));
  }

  #digestsIn(name: string): number[] {
    try {
      using file = this.#open(name);
      const tensor = this.#plan.small ? "top_posteriors" : "posteriors";
      const [images = 0, classes = 0] = file.shapes.get(tensor) ?? [];
      const rows = Math.min(images, COMPARED, Math.floor(COMPARED_VALUES / classes));
      const digests = Array.from({ length: rows }, (_, i) => {
        const image = Math.floor(i * images / rows);
        return file.read(tensor, image * classes, (image + 1) * classes) as Float32Array;
      }).filter(tells).map(digestOf);
      // nets at chance give every image the same posteriors, and each other's
      const alike = Map.groupBy(digests, (digest) => digest);
      return digests.filter((digest) => alike.get(digest)!.length === 1);
    } catch (error) {
      if (error instanceof UserError && !(error instanceof UnreadableError)) return [];
      throw error;
    }
  }

  #highest(name: string, runs: readonly PlannedRun[]): TopFive {
    const known = this.#highests.get(name);
    if (known !== undefined) return known;
    using file = this.#open(name);
    const highest = readTopFive(file, name);
    mustBeOf(runs, file.metadata.runs, name);
    this.#mustFit(highest, name);
    this.#highests.set(name, highest);
    return highest;
  }

  /** All evaluations must have the number of images in the plan, and the same labels. */
  #mustFit(
    { classes, labels, alsoRight }: Pick<Posteriors, "classes" | "labels" | "alsoRight">,
    name: string,
  ) {
    const { name: dataset, classes: names, val } = this.#plan.dataset;
    if (classes !== names.length || labels.length !== val) {
      throw new UserError(
        `Cannot score "${name}": it has ${labels.length} images of ${classes} classes, the plan ` +
          `${val} of ${names.length}`,
      );
    }
    if (alsoRight !== undefined && dataset !== REAL_NAME) {
      throw new UserError(
        `Cannot score "${name}": its images have several right classes each, those of "${dataset}" have ` +
          "one",
      );
    }
    const fault = labelFault(this.#plan.dataset, labels);
    if (fault !== undefined) throw new UserError(`Cannot score "${name}": ${fault}`);
    this.#first ??= { name, labels, ...alsoRight && { alsoRight } };
    const none = new Int32Array();
    if (
      !sameLabels(labels, this.#first.labels) ||
      !sameLabels(alsoRight ?? none, this.#first.alsoRight ?? none)
    ) {
      throw new UserError(
        `Cannot score "${name}": it has other labels than "${this.#first.name}"`,
      );
    }
  }

  #text(name: string): string | undefined {
    if (!this.#archive.entries.has(name)) return undefined;
    return this.#noting(() => this.#archive.text(name));
  }

  #open(name: string) {
    const section = this.#archive.entries.get(name);
    if (section === undefined) throw new UserError(`"${name}" is missing`);
    return this.#noting(() => openSafetensors(this.#archive.file, { section }));
  }

  /** Remembers the disk's error: a row without numbers would look like one that is not as it was. */
  #noting<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnreadableError) this.#unreadable ??= error;
      throw error;
    }
  }
}

function keysOf(runs: readonly PlannedRun[]): string {
  return runs.map(({ key }) => key).join(" ");
}

/** The keys in a file must be those of the runs in its name. */
function mustBeOf(runs: readonly PlannedRun[], keys: string | undefined, name: string) {
  const expected = keysOf(runs);
  if (keys === expected) return;
  throw new UserError(
    `Cannot score "${name}": it belongs to ${keys ?? "no run"}, not to ${expected}`,
  );
}

/** Whether a row tells nets apart: many are as sure of a class as float32 allows. */
function tells(row: Float32Array): boolean {
  return row.some((value) => value > 0 && value < 1);
}

/** A number of 52 bits that follows from a row's bits. */
function digestOf(row: Float32Array): number {
  const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
  return parseInt(createHash("sha256").update(bytes).digest("hex").slice(0, 13), 16);
}
