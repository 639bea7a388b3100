/** A bundle that is open: what stands for a store, so that tables are scored from it alone. */
import { UserError } from "../errors.ts";
import type { PlannedRun } from "../plan.ts";
import { scored, type Scores } from "../score.ts";
import { divergenceIn, logIn, placeIn, posteriorsIn } from "../store/run_files.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import type { OpenArchive } from "./archive.ts";
import { type BundlePlan, meanName, posteriorsName, scoreNames } from "./contents.ts";
import { mustBeMean, readTopFive, sameLabels, scoresOf, type TopFive } from "./top_five.ts";

/** Answers about runs as a store does. */
export class OpenedBundle {
  readonly #archive: OpenArchive;
  readonly #plan: BundlePlan;
  readonly #scores = new Map<string, Scores>();
  readonly #highests = new Map<string, TopFive>();
  /** Labels of the images, as the evaluation that was read first has them. */
  #first: { readonly name: string; readonly labels: Int32Array } | undefined;

  constructor(archive: OpenArchive, plan: BundlePlan) {
    this.#archive = archive;
    this.#plan = plan;
  }

  /** Whether what an evaluation's errors are computed from is there. */
  status(run: PlannedRun): { readonly state: "done" | "todo" } {
    const isThere = this.#archive.entries.has(posteriorsName(run, this.#plan));
    return { state: isThere ? "done" : "todo" };
  }

  /** A training's log; empty where it is not there. */
  readLog(run: PlannedRun) {
    return logIn(this.#text(`${placeIn(run)}/log.jsonl`));
  }

  /** Where a training diverged before it began again. */
  readDivergence(run: PlannedRun) {
    return divergenceIn(this.#text(`${placeIn(run)}/diverged.json`));
  }

  /** What is missing of that which the scores of the mean of `runs` are computed from. */
  missing(runs: readonly PlannedRun[]): string[] {
    return scoreNames(runs, this.#plan).filter((name) => !this.#archive.entries.has(name));
  }

  /**
   * Scores the mean of evaluations.
   *
   * @throws {UserError} What they are computed from is missing or damaged, or of other images.
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

  /** All evaluations are of the same images, in number and labels, as the plan has them. */
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

/** What a file says of itself must be what its place says. */
function mustBeOf(runs: readonly PlannedRun[], keys: string | undefined, name: string) {
  const expected = runs.map(({ key }) => key).join(" ");
  if (keys === expected) return;
  throw new UserError(`Cannot score "${name}": it is of ${keys ?? "no run"}, not of ${expected}`);
}
