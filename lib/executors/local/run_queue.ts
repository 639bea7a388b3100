/** The runs of a plan during its execution: done, running here or elsewhere, waiting or failed. */
import { UserError } from "../../errors.ts";
import { displayName } from "../../experiment.ts";
import { count } from "../../numbers.ts";
import type { PlannedRun } from "../../plan.ts";

/** A queue of runs: each is ready when its ancestor is done. */
export class RunQueue {
  readonly #done = new Set<string>();
  readonly #waiting = new Set<PlannedRun>();
  readonly #underWay = new Set<PlannedRun>();
  readonly #elsewhere = new Set<PlannedRun>();
  readonly #failures = new Set<PlannedRun>();
  #listeners: (() => void)[] = [];

  /** @param runs the plan @param done those of its runs that are done */
  constructor(runs: readonly PlannedRun[], done: readonly PlannedRun[]) {
    for (const { key } of done) this.#done.add(key);
    for (const run of runs) if (!this.#done.has(run.key)) this.#waiting.add(run);
  }

  /** Number of runs that are done. */
  get done(): number {
    return this.#done.size;
  }

  /** Runs that are running or waiting. */
  get open(): PlannedRun[] {
    return [...this.#underWay, ...this.#elsewhere, ...this.#waiting];
  }

  /** Runs that other processes execute. */
  get elsewhere(): PlannedRun[] {
    return [...this.#elsewhere];
  }

  /** Waits for the next run that can start; undefined if no more will follow. */
  async next(): Promise<PlannedRun | undefined> {
    const isReady = ({ ancestor }: PlannedRun) => !ancestor || this.#done.has(ancestor.key);
    for (;;) {
      const ready = [...this.#waiting].find(isReady);
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

  /** Marks a run that another process executes; later it is finished, failed or released. */
  claimedElsewhere(run: PlannedRun) {
    this.#elsewhere.add(run);
    this.#underWay.delete(run);
  }

  /** Returns a run to the queue that no process executes any more. */
  release(run: PlannedRun) {
    this.#waiting.add(run);
    this.#leave(run);
  }

  /** Marks a run as done. */
  finish(run: PlannedRun) {
    this.#done.add(run.key);
    this.#leave(run);
  }

  /** Marks a run as failed; its descendants will not start. */
  fail(run: PlannedRun) {
    this.#failures.add(run);
    this.#leave(run);
  }

  /** Makes `next` return no more runs. */
  close(run?: PlannedRun) {
    this.#waiting.clear();
    this.#elsewhere.clear();
    this.#leave(run);
  }

  /** @throws {UserError} Runs failed; the message names all of them. */
  throwIfFailed() {
    if (this.#failures.size === 0) return;
    const lost = this.#waiting.size;
    const names = [...this.#failures].map(({ run }) => displayName(run));
    const dependents = lost === 0
      ? ""
      : `, nor the ${count(lost, "run that depends", "runs that depend")} on ${
        names.length === 1 ? "it" : "them"
      }`;
    throw new UserError(
      `Cannot finish ${names.join(", ")}${dependents}: see the errors above, or ` +
        "`deno task status`",
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
