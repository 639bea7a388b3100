/**
 * Executes a plan with several threads: the next run that is ready goes to the next free thread. Runs
 * of other processes are waited for. A signal makes all threads stop at a checkpoint.
 *
 * @module
 */
import type { Dataset } from "../../datasets/dataset.ts";
import { Interruption, UserError } from "../../errors.ts";
import { cost } from "../../estimates/cost.ts";
import { startingOrder } from "../../estimates/critical_path.ts";
import { imagesAtOnceFor, memoryDoubt, shareFor } from "../../estimates/memory.ts";
import { actionLabel, displayName, isEvaluation, isImported } from "../../experiment.ts";
import { doneOf } from "../done_runs.ts";
import { mustBeTrainable, type PlannedRun } from "../../plan.ts";
import { endedAtChance } from "../../results/sanity_checks.ts";
import type { Study } from "../../results/study.ts";
import { LeasePassedOn } from "../../store/leases.ts";
import type { Store } from "../../store/mod.ts";
import { onStopSignal } from "../../system/signals.ts";
import {
  chooseDevice,
  countOf,
  deviceInWords,
  type DeviceName,
  idsForDriver,
} from "../../system/device.ts";
import { type GpuUse, type GpuWatch, watchGpus } from "../../system/gpu_use.ts";
import { cores, runsAtOnce } from "../../system/machine.ts";
import type { Bars } from "../../system/progress.ts";
import { whyNoGpu } from "../../tensorflow/install/check.ts";
import { layersOf, netShapeOf } from "../../vgg/configs.ts";
import { ImageCaches } from "./image_caches.ts";
import { noteIfPossible } from "./notes.ts";
import { RunQueue } from "./run_queue.ts";
import { RUN_THREADS, type RunThreads, type RunWorker } from "./start_worker.ts";

/** How this machine executes a plan. These options change no results. */
export interface RunOptions {
  /** Runs to execute in parallel; the setup's choice if absent. */
  readonly workers?: number;
  /** The device to compute on; if absent, a GPU if there is one. */
  readonly device?: DeviceName;
  /** On a GPU: whether only kernels run that give the same bits each time; see `LoadOptions`. */
  readonly deterministic?: boolean;
  /** Images of a batch in memory at once; as many as fit if absent. */
  readonly microBatch?: number;
}

/** The parts of a study that executing a plan needs, and the progress bars. */
type OpenStudy = Pick<Study<Dataset>, "store" | "dataset" | "setup"> & { readonly bars: Bars };

/**
 * Executes the runs of a plan that are not done.
 *
 * A signal (Ctrl-C) makes every training write a checkpoint before this throws an `Interruption`; a
 * second Ctrl-C ends the program at once.
 *
 * @throws {UserError} Runs failed; the others that could be done are done.
 */
export async function runPlan(
  runs: readonly PlannedRun[],
  study: OpenStudy,
  options: RunOptions = {},
  threads: RunThreads = RUN_THREADS,
) {
  const { bars, store } = study;
  const done = doneOf(runs, study);
  if (done.length === runs.length) return;
  mustBeTrainable(runs.filter((run) => !done.includes(run)), study.dataset);
  const order = startingOrder(runs, {
    atOnce: runsAtOnce(study.setup, options.workers),
    seconds: (run) => cost(run, study.dataset).seconds,
  });
  const queue = new RunQueue(order, done);
  await threads.prepare(bars);
  const signal = listen(() => bars.log(STOPPING));
  const stopWatching = watchOthers(queue, { store, bars, isStopped: signal.isStopped });
  const workers: RunWorker[] = [];
  let watch: GpuWatch | undefined;
  try {
    const most = runs.length - done.length;
    await startWorkers(workers, study, { ...options, threads, most, stop: signal.stop });
    if (workers[0]?.device.kind === "gpu") watch = watchVisible();
    const overall = bars.bar("all runs", { unit: "runs" });
    const show = () => overall.update(queue.done, runs.length);
    show();
    const caches = new ImageCaches(study);
    const reported = new Set<PlannedRun>();
    await allOrStopped(workers, signal.halt, async (worker) => {
      for (let run = await queue.next(); run; run = await queue.next()) {
        try {
          await runUnderLease(run, worker, { study, queue, caches, reported, watch, options });
        } catch (error) {
          if (!(error instanceof UserError)) {
            queue.close(run);
            throw error;
          }
          queue.fail(run);
          bars.log(`error: ${error.message}`);
        }
        caches.forget(queue.open);
        show();
      }
    });
    overall.stop();
    signal.throwIfStopped();
    warnOfChance(runs.filter((run) => !done.includes(run)), study);
    queue.throwIfFailed();
  } finally {
    for (const worker of workers) worker.stop();
    watch?.stop();
    stopWatching();
    signal.unlisten();
  }
}

/** Watches the GPUs that TensorFlow sees; not parts of a GPU, of which the driver says nothing. */
function watchVisible(): GpuWatch | undefined {
  const visible = Deno.env.get("CUDA_VISIBLE_DEVICES");
  if (visible === undefined) return watchGpus();
  const ids = idsForDriver(visible);
  return ids === undefined ? undefined : watchGpus(ids);
}

/** Warns where nets that were just trained are at chance. */
function warnOfChance(runs: readonly PlannedRun[], { store, dataset, bars }: OpenStudy) {
  const trained = runs.filter((planned) =>
    !isEvaluation(planned.run) && !isImported(planned.run.init) &&
    store.status(planned).state === "done"
  );
  if (trained.length === 0) return; // ImageNet has a million labels
  const labels = Int32Array.from(dataset.train, ({ label }) => label);
  const doubt = endedAtChance(trained, labels, store);
  if (doubt !== undefined) bars.log(`warning: ${doubt}`);
}

/** Shortest and longest interval between two checks of another process's run, ms. */
const [WATCH_INTERVAL, LONGEST_INTERVAL] = [1_000, 10_000];

/** Longest part of the time that a run was waited for, until it is checked again. */
const WATCH_SHARE = 0.1;

/** Checks regularly whether runs of other processes ended. @returns a function that stops it */
function watchOthers(
  queue: RunQueue,
  { store, bars, isStopped }: {
    readonly store: Store;
    readonly bars: Bars;
    readonly isStopped: () => boolean;
  },
) {
  const looks = new Map<PlannedRun, { readonly first: number; readonly last: number }>();
  const timer = setInterval(() => {
    if (isStopped() && queue.elsewhere.length > 0) return queue.close();
    for (const run of queue.elsewhere) {
      const now = performance.now();
      const { first, last } = looks.get(run) ?? { first: now, last: -Infinity };
      // each look is some twenty calls to a file system that many processes may share
      if (now - last < Math.min(LONGEST_INTERVAL, WATCH_SHARE * (now - first))) continue;
      looks.set(run, { first, last: now });
      try {
        const { state, detail } = store.status(run);
        if (state === "done") queue.finish(run);
        else if (state === "failed" || state === "unreadable") throw new UserError(detail);
        else queue.release(run);
      } catch (error) {
        queue.fail(run);
        bars.log(`error: ${(error as Error).message}`);
      }
    }
  }, WATCH_INTERVAL);
  return () => clearInterval(timer);
}

/**
 * How parallel runs share the cores. A single run computes its batch in two towers: on 2 cores, a
 * training of the small setup was then 1.3 times as fast as with threads inside each operation. The
 * shares stay the same when few runs are left: another number of threads changes the order of sums and
 * so their rounding, and a resumed run must continue with the same bits.
 */
export function sharesOf(cores: number, runs: number) {
  const towers = runs === 1 && cores > 1 ? 2 : 1;
  const intraOpThreads = Math.ceil(cores / (runs * towers));
  return { towers, intraOpThreads, interOpThreads: cores };
}

/** Starts the threads one after the other, because TensorFlow cannot be loaded in parallel. */
async function startWorkers(
  started: RunWorker[],
  { setup, dataset, store, bars }: OpenStudy,
  { workers, device, deterministic, threads, most, stop }: RunOptions & {
    readonly threads: RunThreads;
    readonly most: number;
    readonly stop: SharedArrayBuffer;
  },
) {
  const count = runsAtOnce(setup, workers);
  const { towers, ...shares } = sharesOf(cores(), count);
  chooseDevice(device);
  while (started.length < Math.min(most, count)) {
    const settings = {
      ...{ dataset, storeFolder: store.folder, towers, stop },
      threads: {
        ...shares,
        ...device && { device },
        ...deterministic !== undefined && { deterministic },
      },
    };
    started.push(await threads.start(settings, bars.log));
  }
  const [first] = started;
  if (first === undefined) return;
  bars.log(`computing on ${deviceInWords(first.device)}, in ${setup.train.precision}`);
  const reason = first.device.kind === "cpu" && device === undefined ? whyNoGpu() : undefined;
  if (reason !== undefined) bars.log(`warning: ${reason}`);
}

/**
 * Waits until all workers are done. If one throws an unexpected error, the others first stop at a
 * checkpoint, so that their work is not lost.
 */
export async function allOrStopped(
  workers: readonly RunWorker[],
  halt: () => void,
  work: (worker: RunWorker) => Promise<void>,
) {
  const outcomes = await Promise.allSettled(workers.map(async (worker) => {
    try {
      await work(worker);
    } catch (error) {
      halt();
      throw error;
    }
  }));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/**
 * Carries out one run under a lease, and records its outcome in the queue. A run that another process
 * has is waited for.
 *
 * @throws {UserError} The run failed, or its lease cannot be taken or kept.
 */
async function runUnderLease(
  run: PlannedRun,
  worker: RunWorker,
  { study: { store, bars, dataset, setup }, queue, caches, reported, watch, options }: {
    readonly study: OpenStudy;
    readonly queue: RunQueue;
    readonly caches: ImageCaches;
    /** Runs whose owner was reported. */
    readonly reported: Set<PlannedRun>;
    /** Of the GPUs that compute, if any do. */
    readonly watch: GpuWatch | undefined;
    readonly options: RunOptions;
  },
) {
  function leaveToOthers() {
    queue.claimedElsewhere(run);
    if (reported.has(run)) return;
    reported.add(run);
    const who = store.leases.ownerInWords(run.key);
    bars.log(`${displayName(run.run)}: waiting for ${who}, which executes this run`);
  }

  let loss: UserError | undefined;
  const isTaken = store.leases.take(run.key, (error) => {
    loss = error;
    worker.stopRun();
  });
  if (!isTaken) return leaveToOthers();
  const bar = bars.bar(actionLabel(run.run), { unit: "images" });
  try {
    const { state, detail } = store.status(run);
    if (state === "unreadable") throw new UserError(detail);
    if (state === "done") return queue.finish(run);
    const isTraining = !isEvaluation(run.run);
    const doubt = memoryDoubt(run, dataset, { device: worker.device });
    if (doubt !== undefined) bars.log(`warning: ${doubt}`);
    const filling = isTraining ? caches.of(run, worker) : undefined;
    const images = await filling;
    if (filling !== undefined && images === undefined) return queue.close(run); // reading was stopped
    const { train } = run.context;
    const net = isEvaluation(run.run) ? run.run.net : run.run;
    const layers = layersOf(net, netShapeOf(train, dataset.classes.length));
    const room = shareFor(worker.device, runsAtOnce(setup, options.workers));
    const devices = countOf(worker.device);
    const endWatch = watch?.begin();
    const isFinished = loss === undefined && await worker.run({
      planned: run,
      ...images && { images },
      ...isTraining && {
        microBatch: imagesAtOnceFor(net, {
          ...{ layers, setup: train, room, devices, asked: options.microBatch },
        }),
      },
    }, (done, total) => bar.update(done, total)).catch((error: Error) => {
      store.leases.touchAll(); // notices a loss at once
      if (!isPassedOn(loss)) noteIfPossible(() => store.fail(run, error.message), bars.log);
      throw error;
    });
    const gpuUse = endWatch?.();
    if (gpuUse !== undefined && loss === undefined) noteGpuUse(run, gpuUse, { store, bars });
    if (isFinished) queue.finish(run);
    else if (loss === undefined) queue.close(run);
    else throw loss;
  } catch (error) {
    store.leases.touchAll(); // as above
    if (!(error instanceof UserError && isPassedOn(loss))) throw error;
    // the error may come from the other process's work on the same files
    leaveToOthers();
  } finally {
    bar.stop();
    store.leases.release(run.key, (sentence) => bars.log(`warning: ${sentence}`));
  }
}

function isPassedOn(loss: UserError | undefined): boolean {
  return loss instanceof LeasePassedOn;
}

/** Records what the GPUs did in a run's last execution. A failure to write it is only reported. */
export function noteGpuUse(
  run: PlannedRun,
  gpuUse: GpuUse,
  { store, bars }: { readonly store: Store; readonly bars: Pick<Bars, "log"> },
) {
  try {
    const executions = store.readExecutions(run);
    const last = executions.at(-1);
    if (last) store.writeExecutions(run, [...executions.slice(0, -1), { ...last, gpuUse }]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    bars.log(`warning: ${error.message}`);
  }
}

/** The value that stops threads after an error instead of a signal. */
const HALTED = -1;

/** The message at the first signal. */
const STOPPING = "stopping at the next step; interrupt again to exit at once";

/** Sets an int32 that threads watch at the first signal. A second Ctrl-C ends the program. */
function listen(onStop: () => void) {
  const stop = new SharedArrayBuffer(4);
  const code = new Int32Array(stop);
  const unlisten = onStopSignal((exitCode) => {
    Atomics.compareExchange(code, 0, 0, exitCode);
    onStop();
  });
  return {
    stop,
    /** Stops the threads as a signal does. */
    halt: () => void Atomics.compareExchange(code, 0, 0, HALTED),
    isStopped: () => code[0] !== 0,
    throwIfStopped() {
      if (code[0]! > 0) throw new Interruption(code[0]!);
    },
    unlisten,
  };
}
