/**
 * The benchmark of one GPU: products of matrices, trainings, evaluations and the input pipeline, and the
 * same in PyTorch. One contestant after the other has the GPU for itself. Each case is stored when it is
 * measured, so that the same command goes on after an interruption or a time limit.
 *
 * @module
 */
import { sharesOf } from "../executors/local/scheduler.ts";
import type { FlatRecord } from "../report/records.ts";
import { cores } from "../system/machine.ts";
import { type Device, nameOfDevice } from "../system/device.ts";
import { isDeterministic } from "../system/determinism.ts";
import { nextSmaller } from "../estimates/memory.ts";
import { isOutOfMemory } from "../tensorflow/session.ts";
import { isSelected, type PeerName } from "./cases.ts";
import type { Contestant } from "./contestant.ts";
import { finishedCases } from "./finished_cases.ts";
import {
  GPU_PEERS,
  type GpuCase,
  gpuCases,
  type GpuScale,
  isWaiting,
  operationsOf,
  precisionOf,
} from "./gpu_cases.ts";
import {
  machineAndVersions,
  NO_PEER,
  orSkip,
  rounded,
  startOurs,
  startPeer,
  unknownCases,
  waitingShare,
} from "./mod.ts";
import { photoFiles, writePhotos } from "./photos.ts";
import { median, race, type RaceOptions } from "./race.ts";

/** This project's name among the contestants. */
const OURS = "verydeep";

/** One line of the benchmark. */
export interface GpuMeasurement extends FlatRecord {
  readonly name: string;
  readonly unit: "images/s" | "TFLOP/s" | "%";
  /** Images at once, in our process; absent for what has none. */
  readonly batch: number | undefined;
  /** Absent if it was not measured. */
  readonly ours: number | undefined;
  readonly peer: number | undefined;
  readonly peer_name: PeerName | undefined;
  /** Our speed divided by the peer's, medians over the rounds; least and greatest of any two rounds. */
  readonly ratio: number | undefined;
  readonly ratio_min: number | undefined;
  readonly ratio_max: number | undefined;
  /** Share of the fastest product of matrices in the same precision that our arithmetic reaches, %. */
  readonly of_peak: number | undefined;
}

/** What one contestant measured of a case. */
export interface GpuTimes {
  /** Seconds a step, one for each round. */
  readonly seconds: readonly number[];
  readonly batch: number;
  /** Of a case that waits for files: the share of the time, %. */
  readonly waits?: number;
}

/** What is measured, on what, and for how long. */
export interface GpuBenchOptions {
  readonly device: Device;
  readonly scale: GpuScale;
  /** Only cases that one of these selects; see `isSelected`. */
  readonly phrases?: readonly string[];
  /** Seconds after which no new case starts. */
  readonly limit: number;
  readonly race: RaceOptions;
  /** Programs to compare with; those of `GPU_PEERS` if absent. */
  readonly peers?: readonly PeerName[];
  readonly onProgress?: (done: number, total: number, name: string) => void;
  readonly onResume?: (message: string) => void;
  readonly onSkip?: (message: string) => void;
  /** Starts a contestant; tests replace it. */
  readonly start?: (name: string, device: Device) => Promise<Contestant>;
  /** Seconds since some moment. */
  readonly clock?: () => number;
}

/** The measurements, and what is left to measure. */
export interface GpuOutcome {
  readonly measurements: readonly GpuMeasurement[];
  readonly versions: Readonly<Record<string, string>>;
  /** Cases that the time limit left to the next call, of all contestants. */
  readonly left: number;
}

/**
 * Measures all cases, or those that the phrases select.
 *
 * @throws {UserError} The phrases select no case.
 */
export async function measureGpu(options: GpuBenchOptions): Promise<GpuOutcome> {
  const { device, scale, phrases = [], limit, peers = GPU_PEERS } = options;
  const { start = startOnDevice, clock = () => performance.now() / 1000 } = options;
  const { onProgress, onResume, onSkip } = options;
  const folder = await Deno.makeTempDir({ prefix: "verydeep-bench-" });
  const begin = clock();
  const isLate = () => clock() - begin >= limit;
  try {
    const files = photoFiles(folder, scale.photos);
    const all = gpuCases(scale, files);
    const cases = all.filter(({ name }) => isSelected(name, phrases));
    if (cases.length === 0) throw unknownCases(phrases, all);
    const tasks = [OURS, ...peers].flatMap((contestant) =>
      cases.filter((what) => contestant === OURS || what.peers.includes(contestant as PeerName))
        .map((what) => ({ contestant, what, id: `${contestant}: ${what.name}` }))
    );
    const finished = finishedCases<GpuTimes>({
      phrases: ["gpu", ...phrases],
      isa: undefined,
      where: [...machineAndVersions(), nameOfDevice(device), String(isDeterministic())],
    });
    const isOpen = ({ id }: typeof tasks[number]) => finished.of(id) === undefined;
    let done = tasks.length - tasks.filter(isOpen).length;
    if (done > 0) {
      const started = finished.begun.toISOString().slice(0, 16).replace("T", " ");
      onResume?.(
        `resuming the bench that was started at ${started} UTC: ${done} of ${tasks.length} ` +
          "measurements are there",
      );
    }
    if (tasks.filter(isOpen).some(({ what }) => "files" in what)) await writePhotos(files);
    let left = 0;
    for (const name of [OURS, ...peers]) {
      let contestant: Contestant | undefined;
      try {
        for (
          const { what, id } of tasks.filter((task) => task.contestant === name && isOpen(task))
        ) {
          if (isLate()) {
            left++;
            continue;
          }
          onProgress?.(done++, tasks.length, id);
          contestant ??= await orSkip(() => start(name, device), onSkip);
          if (contestant === undefined) break;
          const { version } = contestant;
          const one = contestant;
          const times = await orSkip(() => timesOf(one, what, options), onSkip);
          if (times !== undefined) finished.keep(id, [times], { [name]: version });
          else {
            // it may have ended, or hold memory
            await contestant.stop();
            contestant = undefined;
          }
        }
      } finally {
        await contestant?.stop();
      }
    }
    onProgress?.(tasks.length - left, tasks.length, "");
    const found = (contestant: string, { name }: GpuCase) =>
      finished.of(`${contestant}: ${name}`)?.[0];
    const measurements = measurementsOfGpu(cases, peers, found);
    const { versions } = finished;
    if (left === 0) finished.remove();
    return { measurements, versions, left };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts a contestant on the device that this process has made visible. */
function startOnDevice(name: string, { kind }: Device): Promise<Contestant> {
  if (name === OURS) return startOurs(sharesOf(cores(), 1));
  return startPeer(name as PeerName, {}, { VERYDEEP_DEVICE: kind === "gpu" ? "cuda" : "cpu" });
}

/** Measures a case, a training with half as many images for as long as memory does not suffice. */
async function timesOf(
  contestant: Contestant,
  what: GpuCase,
  { race: options }: Pick<GpuBenchOptions, "race">,
): Promise<GpuTimes> {
  for (let batch = what.batch;;) {
    try {
      const now = withBatch(what, batch);
      if (isWaiting(now)) {
        const fed = await raced(contestant, { ...now, crops: "fed" }, options);
        const real = await raced(contestant, now, options);
        return { seconds: real, batch, waits: waitingShare([median(fed)], [median(real)]) };
      }
      return { seconds: await raced(contestant, now, options), batch };
    } catch (error) {
      if (!isOutOfMemory(error) || what.kind !== "training" || batch === 1) throw error;
      batch = nextSmaller(batch, what.batch);
    }
  }
}

function withBatch<One extends GpuCase>(what: One, batch: number): One {
  return what.kind === "training" ? { ...what, batch, setup: { ...what.setup, batch } } : what;
}

/** Seconds a step of a case that is built, one for each round. */
async function raced(
  contestant: Contestant,
  what: GpuCase,
  options: RaceOptions,
): Promise<readonly number[]> {
  await contestant.build(what);
  const [seconds = []] = await race([contestant], options);
  return seconds;
}

/** A line for each case and peer, from what the contestants measured. */
export function measurementsOfGpu(
  cases: readonly GpuCase[],
  peers: readonly PeerName[],
  found: (contestant: string, what: GpuCase) => GpuTimes | undefined,
): GpuMeasurement[] {
  const speedsOf = (what: GpuCase, times: GpuTimes | undefined) =>
    times?.seconds.map((seconds) =>
      what.kind === "matmul" ? operationsOf(what) / 1e12 / seconds : times.batch / seconds
    );
  const peak = (precision: string) => {
    const products = cases.filter((what) => what.kind === "matmul" && what.precision === precision);
    const speeds = products.flatMap((what) =>
      [OURS, ...peers].flatMap((name) => {
        const speeds = speedsOf(what, found(name, what));
        return speeds === undefined ? [] : median(speeds);
      })
    );
    return speeds.length === 0 ? undefined : Math.max(...speeds);
  };
  const peaks = new Map(
    cases.flatMap((what) => precisionOf(what) ?? []).map((each) => [each, peak(each)]),
  );
  return cases.flatMap((what): GpuMeasurement[] => {
    const own = found(OURS, what);
    const speeds = speedsOf(what, own);
    const ours = speeds && median(speeds);
    const highest = peaks.get(precisionOf(what)!);
    const reached = ours === undefined || highest === undefined || isWaiting(what)
      ? undefined
      : what.kind === "matmul"
      ? ours / highest
      : ours * operationsOf(what) / 1e12 / highest;
    const common = {
      name: what.name,
      unit: isWaiting(what) ? "%" : what.kind === "matmul" ? "TFLOP/s" : "images/s",
      batch: what.kind === "matmul" ? undefined : own?.batch,
      ours: isWaiting(what) ? own?.waits : ours && rounded(ours),
    } as const;
    const of_peak = reached && rounded(100 * reached);
    const others = peers.flatMap((name) => {
      const theirs = what.peers.includes(name) ? speedsOf(what, found(name, what)) : undefined;
      return theirs === undefined ? [] : [{ name, theirs }];
    });
    if (others.length === 0) return own ? [{ ...common, ...NO_PEER, of_peak }] : [];
    return others.map(({ name, theirs }) => ({
      ...common,
      peer: rounded(median(theirs)),
      peer_name: name,
      ...speeds && ours !== undefined
        ? {
          ratio: rounded(ours / median(theirs)),
          ratio_min: rounded(Math.min(...speeds) / Math.max(...theirs)),
          ratio_max: rounded(Math.max(...speeds) / Math.min(...theirs)),
        }
        : { ratio: undefined, ratio_min: undefined, ratio_max: undefined },
      of_peak,
    }));
  });
}
