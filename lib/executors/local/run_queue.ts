/** A plan on its way: which runs are done, under way here or elsewhere, waiting or lost. */
import { UserError } from "../../errors.ts";
import { title } from "../../experiment.ts";
import type { PlannedRun } from "../../plan.ts";

/** Hands out runs whose ancestors are done. */
export class Board {
  readonly #runs: ReadonlyMap<string, PlannedRun>;
  readonly #done = new Set<string>();
  readonly #waiting = new Set<PlannedRun>();
  readonly #underWay = new Set<PlannedRun>();
  readonly #elsewhere = new Set<PlannedRun>();
  readonly #failures = new Set<string>();
  #listeners: (() => void)[] = [];

  /** A plan of which the runs of `done` are done. */
  constructor(runs: readonly PlannedRun[], done: readonly PlannedRun[]) {
    this.#runs = new Map(runs.map((run) => [run.key, run]));
    for (const { key } of done) this.#done.add(key);
    for (const run of runs) if (!this.#done.has(run.key)) this.#waiting.add(run);
  }

  /** Number of runs that are done. */
  get done(): number {
    return this.#done.size;
  }

  /** Runs that are under way or may still be. */
  get open(): PlannedRun[] {
    return [...this.#underWay, ...this.#elsewhere, ...this.#waiting];
  }

  /** Runs that other processes do. */
  get elsewhere(): PlannedRun[] {
    return [...this.#elsewhere];
  }

  /** The run that a run starts from or evaluates. */
  ancestor({ after: [key] }: PlannedRun): PlannedRun | undefined {
    return key === undefined ? undefined : this.#runs.get(key);
  }

  /** The next run that can begin, once there is one; none where none will. */
  async next(): Promise<PlannedRun | undefined> {
    for (;;) {
      const ready = [...this.#waiting].find(({ after }) => after.every((k) => this.#done.has(k)));
      if (ready) {
        this.#waiting.delete(ready);
        this.#underWay.add(ready);
        return ready;
      }
      if (this.#waiting.size + this.#elsewhere.size === 0) return undefined;
      if (this.#underWay.size + this.#elsewhere.size === 0) return undefined;
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  /** Notes that another process does a run; it is finished, failed or given back later. */
  lend(run: PlannedRun) {
    this.#elsewhere.add(run);
    this.#underWay.delete(run);
  }

  /** Notes that nobody does a run any more. */
  giveBack(run: PlannedRun) {
    this.#waiting.add(run);
    this.#leave(run);
  }

  /** Notes that a run is done. */
  finish(run: PlannedRun) {
    this.#done.add(run.key);
    this.#leave(run);
  }

  /** Notes that a run failed; those that start from it are lost. */
  fail(run: PlannedRun) {
    this.#failures.add(run.key);
    this.#leave(run);
  }

  /** Hands out no more runs. */
  close(run?: PlannedRun) {
    this.#waiting.clear();
    this.#elsewhere.clear();
    this.#leave(run);
  }

  /** Throws if anything went wrong. */
  complain() {
    if (this.#failures.size === 0) return;
    const lost = this.#waiting.size;
    const names = [...this.#failures].map((key) => title(this.#runs.get(key)!.run));
    throw new UserError(
      `Cannot finish ${names.join(", ")}${
        lost > 0 ? `, nor ${lost} runs that start from them` : ""
      }` +
        ": the reasons are above, and in `deno task status`",
    );
  }

  #leave(run?: PlannedRun) {
    if (run !== undefined) {
      this.#underWay.delete(run);
      this.#elsewhere.delete(run);
    }
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
