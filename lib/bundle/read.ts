/** An open bundle in the role of a store: tables are scored from it alone. */
import { UserError } from "../errors.ts";
import type { PlannedRun } from "../plan.ts";
import { scored, type Scores } from "../score.ts";
import { divergenceIn, logIn, placeIn, posteriorsIn } from "../store/run_files.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import type { OpenArchive } from "./archive.ts";
import { type BundlePlan, meanName, posteriorsName, scoreNames } from "./contents.ts";
import { mustBeMean, readTopFive, sameLabels, scoresOf, type TopFive } from "./top_five.ts";

/** Reads runs from a bundle as a store does from its folder. */
export class OpenedBundle {
  readonly #archive: OpenArchive;
  readonly #plan: BundlePlan;
  readonly #scores = new Map<string, Scores>();
  readonly #highests = new Map<string, TopFive>();
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
    const name = runs.map(({ key }) => key).join(" ");
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
    mustBeMean(mean, each, name);
    return scoresOf(mean);
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

/** The keys in a file must be those of the runs in its name. */
function mustBeOf(runs: readonly PlannedRun[], keys: string | undefined, name: string) {
  const expected = runs.map(({ key }) => key).join(" ");
  if (keys === expected) return;
  throw new UserError(
    `Cannot score "${name}": it belongs to ${keys ?? "no run"}, not to ${expected}`,
  );
}
