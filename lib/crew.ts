/**
 * Carries a plan out with several threads: whichever run is ready and not done goes to the next
 * free thread. A signal makes all threads stop at a checkpoint.
 *
 * @module
 */
import { microBatchFor } from "./cost.ts";
import type { Dataset } from "./datasets/mod.ts";
import { UserError } from "./errors.ts";
import { isEvaluation, type Setup, title } from "./experiment.ts";
import type { PlannedRun } from "./plan.ts";
import { type Hand, hire } from "./pool.ts";
import type { Bars } from "./progress.ts";
import type { Store } from "./store.ts";
import { ensureInstalled } from "./tensorflow/install.ts";
import { type Bank, bankSize } from "./vgg/bank.ts";
import { layersOf, shapeOf } from "./vgg/configs.ts";
import { scalesOf } from "./vgg/images.ts";

/** What a plan is carried out with. */
export interface Crew {
  readonly store: Store;
  readonly dataset: Dataset;
  readonly setup: Setup;
  readonly bars: Bars;
  /** Runs side by side; the setup's choice if absent. */
  readonly workers?: number;
}

/** Share of the machine's memory that a data set, decoded, may take. */
const BANK_SHARE = 0.15;

/** Exit codes after the signals that stop a program: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Carries out the runs of a plan that are not done.
 *
 * A signal (Ctrl-C) has every training write a checkpoint and ends the program; a second one ends it
 * at once.
 *
 * @throws {UserError} Runs failed; the others that could be done are done.
 */
export async function carryOutPlan(runs: readonly PlannedRun[], crew: Crew) {
  const { store, bars, setup } = crew;
  const isDone = (run: PlannedRun) => store.status(run).state === "done";
  const left = runs.filter((run) => !isDone(run));
  if (left.length === 0) return;
  store.claim();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const unlisten = onSignals(stop);
  try {
    await install(bars);
    const cores = navigator.hardwareConcurrency;
    const workers = crew.workers ?? (setup.sideBySide === "cores" ? cores : 1);
    const board = new Board(runs, left);
    const bar = bars.bar("all runs", { unit: "runs" });
    bar.update(runs.length - left.length, runs.length);
    const banks = new Banks(crew);
    const lanes = Array.from({ length: Math.min(workers, left.length) }, async () => {
      const hand = await hire({
        dataset: crew.dataset,
        storeFolder: store.folder,
        threads: {
          intraOpThreads: Math.max(1, Math.floor(cores / workers)),
          interOpThreads: cores,
        },
        stop: stop.buffer,
      });
      try {
        for (let run = await board.next(); run; run = await board.next()) {
          const finished = await carryOutOne(run, hand, { crew, board, banks });
          board.finish(run, finished);
          banks.forget(board.open);
          bar.update(board.done, runs.length);
          if (stop[0] !== 0) break;
        }
      } finally {
        hand.dismiss();
      }
    });
    await Promise.all(lanes);
    bar.stop();
    if (stop[0] !== 0) leave(stop[0]!, bars);
    board.complain();
  } finally {
    unlisten();
    store.release();
  }
}

interface Surroundings {
  readonly crew: Crew;
  readonly board: Board;
  readonly banks: Banks;
}

/** Has one run carried out; whether it is done. A failure is noted on the board. */
async function carryOutOne(
  run: PlannedRun,
  hand: Hand,
  { crew: { bars, dataset }, board, banks }: Surroundings,
): Promise<boolean> {
  const training = !isEvaluation(run.run);
  const bar = bars.bar(`${training ? "train" : "test"} ${title(run.run)}`, { unit: "images" });
  try {
    const bank = training ? await banks.of(run, hand) : undefined;
    const { config } = training ? run.run : run.run.net;
    const setup = run.context.train;
    const layers = layersOf(config, shapeOf(setup, dataset.classes.length));
    const ancestor = board.ancestor(run);
    return await hand.run({
      planned: run,
      ...ancestor && { ancestor },
      ...bank && { bank },
      ...training && { microBatch: microBatchFor(layers, setup) },
    }, (done, total) => bar.update(done, total));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    board.fail(run, error.message);
    bars.log(`error: ${error.message}`);
    return false;
  } finally {
    bar.stop();
  }
}

/** Which runs are done, under way, waiting or lost. */
class Board {
  readonly #byKey: ReadonlyMap<string, PlannedRun>;
  readonly #waiting: Set<PlannedRun>;
  readonly #underWay = new Set<PlannedRun>();
  readonly #failures = new Map<string, string>();
  #listeners: (() => void)[] = [];
  #done: number;

  constructor(runs: readonly PlannedRun[], left: readonly PlannedRun[]) {
    this.#byKey = new Map(runs.map((run) => [run.key, run]));
    this.#waiting = new Set(left);
    this.#done = runs.length - left.length;
  }

  /** Number of runs that are done. */
  get done(): number {
    return this.#done;
  }

  /** Runs that are not done and not lost. */
  get open(): PlannedRun[] {
    return [...this.#waiting, ...this.#underWay];
  }

  /** The run that a run starts from or evaluates. */
  ancestor(run: PlannedRun): PlannedRun | undefined {
    return run.after[0] === undefined ? undefined : this.#byKey.get(run.after[0]);
  }

  /** The next run that can begin, once there is one; none when all is done, lost or under way last. */
  async next(): Promise<PlannedRun | undefined> {
    while (this.#waiting.size > 0) {
      for (const run of this.#waiting) {
        if (run.after.some((key) => this.#failures.has(key))) {
          this.#waiting.delete(run);
          this.#failures.set(run.key, "");
        }
      }
      const open = new Set(this.open.map(({ key }) => key));
      const ready = [...this.#waiting].find(({ after }) => !after.some((key) => open.has(key)));
      if (ready) {
        this.#waiting.delete(ready);
        this.#underWay.add(ready);
        return ready;
      }
      if (this.#underWay.size === 0) return undefined;
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  /** Notes that a run has ended, done or not. */
  finish(run: PlannedRun, done: boolean) {
    this.#underWay.delete(run);
    if (done) this.#done++;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** Notes why a run failed. */
  fail(run: PlannedRun, why: string) {
    this.#failures.set(run.key, why);
  }

  /** Throws what went wrong, if anything did. */
  complain() {
    const failed = [...this.#failures].filter(([, why]) => why !== "");
    if (failed.length === 0) return;
    const lost = this.#failures.size - failed.length;
    throw new UserError(
      `Cannot finish ${failed.length} of the runs` +
        (lost > 0 ? `, nor ${lost} that start from them` : "") +
        `: ${failed.map(([key, why]) => `${title(this.#byKey.get(key)!.run)}: ${why}`).join("; ")}`,
    );
  }
}

/** Decoded training images, one bank for each list of scales, as long as a run needs them. */
class Banks {
  readonly #crew: Crew;
  readonly #banks = new Map<string, Promise<Bank>>();

  constructor(crew: Crew) {
    this.#crew = crew;
  }

  /** The bank for a run, made by `hand` unless it is there; none where memory is too small. */
  of(run: PlannedRun, hand: Hand): Promise<Bank> | undefined {
    const { dataset, bars } = this.#crew;
    const scales = scalesFor(run);
    const limit = BANK_SHARE * Deno.systemMemoryInfo().total;
    if (bankSize(dataset.train, scales) > limit) return undefined;
    const name = scales.join();
    const present = this.#banks.get(name);
    if (present) return present;
    const bar = bars.bar(`read images at ${name} pixels`, { unit: "images" });
    const made = hand.bank(scales, (done, total) => bar.update(done, total))
      .finally(() => bar.stop());
    this.#banks.set(name, made);
    return made;
  }

  /** Gives back the memory of banks that no run needs any more. */
  forget(open: readonly PlannedRun[]) {
    const needed = new Set(
      open.filter(({ run }) => !isEvaluation(run)).map((run) => scalesFor(run).join()),
    );
    for (const name of this.#banks.keys()) if (!needed.has(name)) this.#banks.delete(name);
  }
}

function scalesFor({ run, context }: PlannedRun): number[] {
  return isEvaluation(run) ? [] : scalesOf(run.S, context.train);
}

async function install(bars: Bars) {
  const bar = bars.bar("set up TensorFlow");
  await ensureInstalled((step, share) => bar.update(Math.round(100 * share), 100, step));
  bar.stop();
}

/** Sets the flag at the first signal; ends the program at the second. */
function onSignals(stop: Int32Array): () => void {
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  const listeners = names.map((name) => {
    const listener = () => {
      if (Atomics.exchange(stop, 0, SIGNALS[name]) !== 0) Deno.exit(SIGNALS[name]);
    };
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return () => listeners.forEach((unlisten) => unlisten());
}

/** Ends the program after a signal. */
function leave(code: number, bars: Bars) {
  bars.stop();
  console.error("Stopped. The same command goes on from here.");
  Deno.exit(code);
}
