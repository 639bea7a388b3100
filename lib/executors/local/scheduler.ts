/**
 * Carries a plan out with several threads: whichever run is ready and not done goes to the next
 * free thread. Runs that another process does meanwhile are left to it. A signal makes all threads
 * stop at a checkpoint.
 *
 * @module
 */
import { Banks } from "./image_caches.ts";
import { Board } from "./run_queue.ts";
import type { Dataset } from "../../datasets/dataset.ts";
import type { Setup } from "../../setup.ts";
import { chooseDevice, deviceInWords, type DeviceName } from "../../system/device.ts";
import { Interruption, UserError } from "../../errors.ts";
import { isEvaluation, nameOf, title } from "../../experiment.ts";
import { cores, runsAtOnce } from "../../system/machine.ts";
import { slowness } from "../../system/processor.ts";
import { microBatchFor, shareFor } from "../../estimates/memory.ts";
import { mustBeTrainable, type PlannedRun } from "../../plan.ts";
import { type Hand, hire } from "./worker_pool.ts";
import type { Bars } from "../../system/progress.ts";
import type { Store } from "../../store/mod.ts";
import { ensureInstalled } from "../../tensorflow/install/mod.ts";
import { layersOf, netShapeOf } from "../../vgg/configs.ts";

/** What a plan is carried out with. */
export interface Crew {
  readonly store: Store;
  readonly dataset: Dataset;
  readonly setup: Setup;
  readonly bars: Bars;
  /** Runs side by side; the setup's choice if absent. */
  readonly workers?: number;
  /** What to compute on; a GPU where there is one if absent. */
  readonly device?: DeviceName;
  /** Images of a batch in memory at once; as many as fit if absent. */
  readonly microBatch?: number;
}

/**
 * Carries out the runs of a plan that are not done.
 *
 * A signal (Ctrl-C) has every training write a checkpoint before this throws an `Interruption`; a
 * second one ends the program at once.
 *
 * @throws {UserError} Runs failed; the others that could be done are done.
 */
export async function carryOutPlan(runs: readonly PlannedRun[], crew: Crew) {
  const { bars } = crew;
  const done = doneOf(runs, crew);
  if (done.length === runs.length) return;
  mustBeTrainable(runs.filter((run) => !done.includes(run)), crew.dataset);
  const board = new Board(runs, done);
  await ensureInstalled(bars);
  const signal = listen(() => bars.log(STOPPING));
  const stopWatching = watchOthers(board, { ...crew, isStopped: signal.isStopped });
  const hands: Hand[] = [];
  try {
    await hireAll(hands, crew, { most: runs.length - done.length, stop: signal.stop });
    const overall = bars.bar("all runs", { unit: "runs" });
    const show = () => overall.update(board.done, runs.length);
    show();
    const banks = new Banks(crew);
    const told = new Set<PlannedRun>();
    await allOrStopped(hands, signal.halt, async (hand) => {
      for (let run = await board.next(); run; run = await board.next()) {
        await unlessElsewhere(run, { crew, board, told }, async (run) => {
          await carryOutOne(run, hand, { crew, board, banks });
        });
        banks.forget(board.open);
        show();
      }
    });
    overall.stop();
    signal.throwIfStopped();
    board.complain();
  } finally {
    for (const hand of hands) hand.dismiss();
    stopWatching();
    signal.unlisten();
  }
}

/**
 * Runs whose results are there and whole, of those that will be read: evaluations, and the nets that
 * a run starts from that is not done. Damaged ones are put aside and made again.
 */
export function doneOf(
  runs: readonly PlannedRun[],
  { store, bars }: Pick<Crew, "store" | "bars">,
): PlannedRun[] {
  const needed = new Set<string>();
  // those that start from a run come behind it
  return runs.toReversed().filter((run) => {
    const { state, detail } = store.status(run);
    const isRead = isEvaluation(run.run) || needed.has(run.key);
    const damage = state === "damaged"
      ? detail
      : state === "done" && isRead
      ? store.damage(run)
      : undefined;
    if (state === "done" && damage === undefined) return true;
    if (damage !== undefined) {
      store.putAside(run);
      bars.log(`${damage.replace(/;.*$/s, "")}: ${title(run.run)} is done again`);
    }
    for (const ancestor of run.after) needed.add(ancestor);
    return false;
  });
}

/** Between two looks at what other processes do, ms. */
const LOOK = 1_000;

/** Looks now and then what became of runs that other processes do. @returns what ends that */
function watchOthers(
  board: Board,
  { store, bars, isStopped }: Pick<Crew, "store" | "bars"> & { readonly isStopped: () => boolean },
) {
  const timer = setInterval(() => {
    if (isStopped() && board.elsewhere.length > 0) return board.close();
    for (const run of board.elsewhere) {
      const { state, detail } = store.status(run);
      if (state === "done") board.finish(run);
      else if (state !== "failed") board.giveBack(run);
      else {
        board.fail(run);
        bars.log(`error: ${detail}`);
      }
    }
  }, LOOK);
  return () => clearInterval(timer);
}

/**
 * How runs side by side share the cores. One that has a processor for itself computes its batch in
 * two towers: on 2 cores that took a training of the small setup 1.3 times as far as threads inside
 * each operation did. The number of runs that are left does not count: sums are rounded in another
 * order on other threads, and a run that goes on must go on as it began.
 */
export function sharesOf(cores: number, runs: number) {
  const towers = runs === 1 && cores > 1 ? 2 : 1;
  const intraOpThreads = Math.ceil(cores / (runs * towers));
  return { towers, intraOpThreads, interOpThreads: cores };
}

/** Starts the threads, one after the other: so does TensorFlow want to be loaded. */
async function hireAll(
  hands: Hand[],
  crew: Crew,
  { most, stop }: { most: number; stop: SharedArrayBuffer },
) {
  const { setup, workers, dataset, store, bars, device } = crew;
  const count = runsAtOnce(setup, workers);
  const { towers, ...shares } = sharesOf(cores(), count);
  const threads = { ...shares, ...device && { device } };
  chooseDevice(device);
  while (hands.length < Math.min(most, count)) {
    const opening = { dataset, storeFolder: store.folder, threads, towers, stop };
    hands.push(await hire(opening, bars.log));
  }
  const [hand] = hands;
  if (hand === undefined) return;
  bars.log(`computing on ${deviceInWords(hand.device)}, in ${setup.train.precision}`);
  if (hand.device.kind === "cpu") slowness(setup.train.precision).forEach(bars.log);
}

/**
 * Lets all hands work until they are done. Where one meets a defect of the program, the others stop
 * at a checkpoint first: an error loses no other run's work.
 */
export async function allOrStopped(
  hands: readonly Hand[],
  halt: () => void,
  work: (hand: Hand) => Promise<void>,
) {
  const outcomes = await Promise.allSettled(hands.map(async (hand) => {
    try {
      await work(hand);
    } catch (error) {
      halt();
      throw error;
    }
  }));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** Does something with a run, unless another process has it, or has done it. */
async function unlessElsewhere(
  run: PlannedRun,
  { crew: { store, bars }, board, told }: { crew: Crew; board: Board; told: Set<PlannedRun> },
  work: (run: PlannedRun) => Promise<void>,
) {
  if (!store.leases.take(run.key)) {
    const { host, pid } = store.leases.owner(run.key) ?? {};
    const who = pid === undefined ? "another process" : `process ${pid} on ${host}`;
    if (!told.has(run)) bars.log(`${title(run.run)}: left to ${who}, whose result is taken`);
    told.add(run);
    return board.lend(run);
  }
  try {
    if (store.status(run).state === "done") board.finish(run);
    else await work(run);
  } finally {
    store.leases.release(run.key);
  }
}

/** Has one run carried out and notes on the board how it ended. */
async function carryOutOne(
  run: PlannedRun,
  hand: Hand,
  { crew, board, banks }: { crew: Crew; board: Board; banks: Banks },
) {
  const { bars, dataset } = crew;
  const training = !isEvaluation(run.run);
  const bar = bars.bar(nameOf(run.run), { unit: "images" });
  try {
    const making = training ? banks.of(run, hand) : undefined;
    const bank = await making;
    if (making !== undefined && bank === undefined) return board.close(run); // it was stopped
    const { config } = training ? run.run : run.run.net;
    const setup = run.context.train;
    const layers = layersOf(config, netShapeOf(setup, dataset.classes.length));
    const room = shareFor(hand.device, runsAtOnce(crew.setup, crew.workers));
    const ancestor = board.ancestor(run);
    const finished = await hand.run({
      planned: run,
      ...ancestor && { ancestor },
      ...bank && { bank },
      ...training && { microBatch: crew.microBatch ?? microBatchFor(layers, setup, room) },
    }, (done, total) => bar.update(done, total));
    if (finished) board.finish(run);
    else board.close(run);
  } catch (error) {
    if (!(error instanceof UserError)) {
      board.close(run);
      throw error;
    }
    board.fail(run);
    bars.log(`error: ${error.message}`);
  } finally {
    bar.stop();
  }
}

/** Exit codes after the signals that stop a program. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGUSR1: 138 } as const;

/** What threads see where no signal stops them, but an error. */
const HALTED = -1;

/** What is said at the first signal. */
const STOPPING = "stopping at the next step; interrupt again to leave at once";

/** Sets an int32 that threads watch at the first signal; ends the program at the second. */
function listen(onStop: () => void) {
  const stop = new SharedArrayBuffer(4);
  const code = new Int32Array(stop);
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  const listeners = names.map((name) => {
    const listener = () => {
      if (Atomics.exchange(code, 0, SIGNALS[name]) !== 0) Deno.exit(SIGNALS[name]);
      onStop();
    };
    Deno.addSignalListener(name, listener);
    return [name, listener] as const;
  });
  return {
    stop,
    /** Makes the threads stop as a signal does. */
    halt: () => void Atomics.compareExchange(code, 0, 0, HALTED),
    isStopped: () => code[0] !== 0,
    throwIfStopped() {
      if (code[0]! > 0) throw new Interruption(code[0]!);
    },
    unlisten() {
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
