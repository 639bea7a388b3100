/** A plan of very many tiny runs in one process, and what each of them leaves behind. */
import { evaluations, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import type { Dataset } from "../../lib/datasets/dataset.ts";
import type { Context } from "../../lib/experiment.ts";
import { type Engine, runOne } from "../../lib/executors/local/run.ts";
import { runPlan } from "../../lib/executors/local/scheduler.ts";
import { RUN_THREADS, type RunThreads } from "../../lib/executors/local/start_worker.ts";
import { type PlannedRun, plannedRun } from "../../lib/plan.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import { progressBars } from "../../lib/system/progress.ts";
import type { Tensors } from "../../lib/vgg/checkpoint.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { alignedBytes } from "../../lib/vgg/image_cache.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import { printed } from "../support/processes.ts";
import { flagsOf } from "../support/tasks.ts";
import { setup as tiny } from "../support/tiny.ts";

/** What the process holds, and what it has done, at the end of a run. */
export interface Sample {
  /** Open file descriptors; NaN where the system does not list them. */
  readonly files: number;
  /** Live objects of JavaScript, bytes, after a collection if the process may start one. */
  readonly heap: number;
  /** Resident memory of the process, bytes. */
  readonly memory: number;
  /** Synchronous file calls of this thread so far. */
  readonly calls: number;
  /** Since the first run began. */
  readonly seconds: number;
}

/** Runs of a plan for each net: its training, and tests at this many scales less one. */
const EACH = 10;

/** Deno's arguments of a process of the soak over Slurm, with the permissions of `table`. */
export const JOB = ["run", ...flagsOf("table"), "--v8-flags=--expose-gc", "tests/soak/job.ts"];

/** One step, and one validation. */
export const SETUP = {
  ...tiny,
  validations: 1,
  schedules: {
    ...tiny.schedules,
    first: { ...tiny.schedules.first, images: tiny.batch },
  },
};

/** A plan of `count` runs: nets of the shallowest configuration that differ in their seeds, and tests. */
export function planOf(count: number, { fingerprint }: Pick<Dataset, "fingerprint">): PlannedRun[] {
  const run = net("A", 256);
  const scales = Array.from({ length: EACH - 1 }, (_, i) => 224 + 8 * i);
  return Array.from({ length: Math.ceil(count / EACH) }, (_, seed): PlannedRun[] => {
    const context: Context = {
      ...{ train: SETUP, evaluate: { scoreMap: "average-then-softmax" }, seed, data: fingerprint },
    };
    return [run, ...evaluations(run, scales, "dense")].map((each) => plannedRun(each, context));
  }).flat().slice(0, count);
}

/**
 * Carries out a plan of `count` runs, which are taken from the beginning of its list.
 *
 * @param threads what computes them
 * @returns a sample after each run
 */
export async function soak(
  count: number,
  { dataset, folder, threads, workers, onRun = () => {} }: {
    readonly dataset: Dataset;
    /** For the results. */
    readonly folder: string;
    readonly threads: RunThreads;
    readonly workers: number;
    readonly onRun?: (done: number) => void;
  },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  using counted = countCalls();
  let begin = NaN;
  const watched: RunThreads = {
    prepare: threads.prepare,
    async start(settings, onNotice) {
      const worker = await threads.start(settings, onNotice);
      return {
        ...worker,
        async run(job, onProgress) {
          if (Number.isNaN(begin)) begin = performance.now();
          const finished = await worker.run(job, onProgress);
          samples.push(sampleAt(begin, counted.calls()));
          onRun(samples.length);
          return finished;
        },
      };
    },
  };
  const bars = progressBars({ stream: { write: () => {} } });
  const study = { store: makeStore(folder), dataset, setup: { ...smoke, train: SETUP }, bars };
  try {
    await runPlan(planOf(count, dataset), study, { workers }, watched);
  } finally {
    bars.stop();
  }
  return samples;
}

/** Threads with TensorFlow. */
export const REAL = RUN_THREADS;

/** Stand-ins for threads, in this one: nets that know nothing, and write what others would. */
export function simulated(): RunThreads {
  return {
    prepare: () => Promise.resolve(),
    start: ({ dataset, storeFolder }) =>
      Promise.resolve({
        device: { kind: "cpu" },
        readImages: ({ scales }) => Promise.resolve({ scales, bytes: alignedBytes(64) }),
        run: ({ planned }, onProgress) =>
          Promise.resolve(runOne(planned, {
            ...{ engine: ENGINE, store: openStore(storeFolder), dataset, onProgress },
            ...{ onNotice: () => {}, shouldStop: () => false },
          })),
        stopRun: () => {},
        stop: () => {},
      }),
  };
}

const ENGINE: Engine = {
  version: "none",
  device: { kind: "cpu" },
  train({ run, context: { train }, dataset }, { onLog }) {
    const layers = layersOf(run, netShapeOf(train, dataset.classes.length));
    const tensors: Tensors = new Map(
      [...weightShapes(layers)].map(([name, shape]) => {
        return [name, { shape, values: new Float32Array(shape.reduce((a, b) => a * b)) }];
      }),
    );
    const line = { step: 1, epoch: 1, loss: 1, learningRate: 0.01, imagesPerSecond: 1 };
    onLog({ ...line, validation: { top1: 50 } });
    return { finished: true, checkpoint: { step: 1, plateau: INITIAL_PLATEAU, tensors } };
  },
  evaluate({ images, dataset: { classes } }) {
    return new Float32Array(images.length * classes.length).fill(1 / classes.length);
  },
  openSummaries: () => ({ write: () => {}, close: () => {} }),
};

/** What this process holds now. */
export function sampleAt(begin: number, calls: number): Sample {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = Deno.memoryUsage();
  return {
    ...{ files: openFiles(), heap: heapUsed, memory: rss, calls },
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Open files, with the pipes to the program that lists them (Linux). */
function openFiles(): number {
  if (Deno.build.os !== "linux") return NaN;
  return printed("ls", `/proc/${Deno.pid}/fd`).trim().split("\n").length;
}

/** Calls that the store makes. */
const CALLS = [
  ...["openSync", "readTextFileSync", "readFileSync", "readDirSync", "statSync", "linkSync"],
  ...["mkdirSync", "renameSync", "removeSync", "utimeSync", "writeFileSync"],
] as const;

/** Counts this thread's file calls, until it is disposed of. */
export function countCalls(): Disposable & { calls(): number } {
  let calls = 0;
  type Call = (...args: unknown[]) => unknown;
  const real = CALLS.map((name) => [name, Deno[name] as Call] as const);
  for (const [name, call] of real) {
    Reflect.set(Deno, name, (...args: unknown[]) => (calls++, call(...args)));
  }
  return {
    calls: () => calls,
    [Symbol.dispose]() {
      for (const [name, call] of real) Reflect.set(Deno, name, call);
    },
  };
}

/** How a quantity went: means of an early and of the last part of the runs; of open files, the fewest. */
export interface Trend {
  readonly early: number;
  readonly late: number;
}

/** Share of the runs before the early part, which fill caches; and of each of both parts. */
const [WARM_UP, PART] = [0.2, 0.2];

/** What was held at the ends of runs, and what each run took, early and late. */
export function trendsOf(samples: readonly Sample[]): Readonly<Record<keyof Sample, Trend>> {
  const size = Math.floor(PART * samples.length);
  const from = Math.floor(WARM_UP * samples.length);
  const parts = [samples.slice(from, from + size), samples.slice(-size)] as const;
  const held = (name: keyof Sample): Trend => {
    const [early, late] = parts.map((part) => meanOf(part.map((sample) => sample[name])));
    return { early: early!, late: late! };
  };
  const taken = (name: keyof Sample): Trend => {
    const [early, late] = parts.map((part) => {
      return (part.at(-1)![name] - part[0]![name]) / (part.length - 1);
    });
    return { early: early!, late: late! };
  };
  // what is left open is there at every sample; a lease, or the pipe of a process that ends, at some
  const [early, late] = parts.map((part) => Math.min(...part.map(({ files }) => files)));
  return {
    files: { early: early!, late: late! },
    ...{ heap: held("heap"), memory: held("memory") },
    ...{ calls: taken("calls"), seconds: taken("seconds") },
  };
}

/** How much may be held or taken late, given what was early. Time is not judged: others use the machine. */
export const LIMITS: Readonly<Record<keyof Sample, (early: number) => number>> = {
  files: (early) => early + 1,
  heap: (early) => 1.02 * early + 2 ** 20,
  memory: (early) => 1.1 * early + 2 ** 25,
  calls: (early) => 1.02 * early,
  seconds: () => Infinity,
};

/** What grows. */
export function growing(trends: Readonly<Record<keyof Sample, Trend>>): (keyof Sample)[] {
  const names = Object.keys(LIMITS) as (keyof Sample)[];
  return names.filter((name) => trends[name].late > LIMITS[name](trends[name].early));
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
