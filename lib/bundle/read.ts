/** An open bundle in the role of a store: tables are scored from it alone. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { isEvaluation, isImported, type Row, type Table } from "../experiment.ts";
import { count } from "../numbers.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import { scored, type Scores } from "../score.ts";
import { divergenceIn, logIn, placeIn, posteriorsIn } from "../store/run_files.ts";
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
import type { Note, Problem } from "./problems.ts";
import {
  mustBeMean,
  readTopFive,
  sameLabels,
  scoresOf,
  type TopFive,
  type Undetermined,
} from "./top_five.ts";

/** Posteriors of an evaluation that are compared with those of another seed. */
const COMPARED = 2 ** 18;

/** Reads runs from a bundle as a store does from its folder. */
export class OpenedBundle {
  readonly #archive: OpenArchive;
  readonly #plan: BundlePlan;
  readonly #scores = new Map<string, Scores>();
  readonly #highests = new Map<string, TopFive>();
  /** What the evaluations of a mean leave open, by their keys. */
  readonly #undetermined = new Map<string, Undetermined>();
  /** Labels of the images in the first evaluation that was read. */
  #first: { readonly name: string; readonly labels: Int32Array } | undefined;

  constructor(archive: OpenArchive, plan: BundlePlan) {
    this.#archive = archive;
    this.#plan = plan;
  }

  /** Whether the bundle has the posteriors of an evaluation. */
  status(run: PlannedRun): { readonly state: "done" | "todo" } {
    const isThere = this.#archive.entries.has(posteriorsName(run, this.#plan));
    return { state: isThere ? "done" : "todo" };
  }

  /** A training's log; empty if it is missing. */
  readLog(run: PlannedRun) {
    return logIn(this.#text(`${placeIn(run)}/log.jsonl`));
  }

  /** Where a training diverged before it was started again. */
  readDivergence(run: PlannedRun) {
    return divergenceIn(this.#text(`${placeIn(run)}/diverged.json`));
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
      (this.#plan.small ? this.#fromHighest(runs) : this.#fromPosteriors(runs));
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
  openResults({ evaluations }: Row, index: number, { name }: Table): Note[] {
    return contextsIn(this.#plan).flatMap((context) => {
      const runs = evaluations.map((run) => plannedRun(run, context));
      const { top1, top5 } = this.#undetermined.get(keysOf(runs)) ?? { top1: 0, top5: 0 };
      if (top1 + top5 === 0) return [];
      const reason = `${name}, row ${index + 1}, seed ${context.seed}: the five highest classes ` +
        `leave open the top-1 result of ${count(top1, "image")} and the top-5 result of ` +
        count(top5, "image");
      return [{ kind: "note", reason }];
    });
  }

  /** Evaluations that have the posteriors of the same evaluation under another seed. */
  copies(): Problem[] {
    const first = new Map<string, string>();
    return runsIn(this.#plan).flatMap((planned): Problem[] => {
      const { run } = planned;
      // without training the seed decides nothing
      if (!isEvaluation(run) || isImported(run.net.init)) return [];
      if (this.status(planned).state === "todo") return [];
      const file = posteriorsName(planned, this.#plan);
      const content = this.#digest(file);
      if (content === undefined) return [];
      const name = `${JSON.stringify(run)} ${content}`;
      const other = first.get(name);
      first.set(name, other ?? file);
      if (other === undefined) return [];
      return [{ kind: "file", file, reason: `has the posteriors of ${other}, another seed's` }];
    });
  }

  /** SHA-256 of the first posteriors in a file; undefined if they cannot be read. */
  #digest(name: string): string | undefined {
    try {
      using file = this.#open(name);
      const tensor = this.#plan.small ? "top_posteriors" : "posteriors";
      const size = (file.shapes.get(tensor) ?? []).reduce((size, side) => size * side, 1);
      const values = file.read(tensor, 0, Math.min(size, COMPARED));
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return createHash("sha256").update(bytes).digest("hex");
    } catch (error) {
      if (error instanceof UserError) return undefined;
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
  #mustFit({ classes, labels }: Pick<Scores, "classes" | "labels">, name: string) {
    const { classes: names, val } = this.#plan.dataset;
    if (classes !== names.length || labels.length !== val) {
      throw new UserError(
        `Cannot score "${name}": it has ${labels.length} images of ${classes} classes, the plan ` +
          `${val} of ${names.length}`,
      );
    }
    this.#first ??= { name, labels };
    if (!sameLabels(labels, this.#first.labels)) {
      throw new UserError(
        `Cannot score "${name}": it has other labels than "${this.#first.name}"`,
      );
    }
  }

  #text(name: string): string | undefined {
    return this.#archive.entries.has(name) ? this.#archive.text(name) : undefined;
  }

  #open(name: string) {
    const section = this.#archive.entries.get(name);
    if (section === undefined) throw new UserError(`"${name}" is missing`);
    return openSafetensors(this.#archive.file, { section });
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
