/**
 * The benchmark: compares the speed of this project with PyTorch and stock tfjs-node, and measures how
 * long its own trainings wait for data.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sharesOf } from "../executors/local/scheduler.ts";
import { taskWords } from "../command_line/task_words.ts";
import { UserError } from "../errors.ts";
import { environment } from "../system/environment.ts";
import { hasBfloat16, type Isa, ONEDNN_SWITCH } from "../system/processor.ts";
import {
  type Case,
  ENSEMBLE_SIZE,
  isBfloat16,
  isSelected,
  type PeerName,
  races,
  type TrainingCase,
  waits,
} from "./cases.ts";
import { CLOCK, type Contestant, startContestant, together } from "./contestant.ts";
import { python } from "../system/subprocess.ts";
import { finishedCases } from "./finished_cases.ts";
import { photoFiles, writePhotos } from "./photos.ts";
import { posteriorFiles, writePosteriors } from "./posteriors.ts";
import { median, race, ratioOf, type Times } from "./race.ts";
import type { Measurement } from "./measurement.ts";

/** What all contestants are limited to. */
export interface Limits {
  /** The newest instructions that contestants may use; all of the processor's if absent. */
  readonly isa?: Isa | undefined;
  /**
   * One thread each, timed in processor time, which does not include other programs: for a busy
   * machine. Only cases that a single process computes.
   */
  readonly oneCore?: boolean | undefined;
}

/** Cases to measure, and callbacks. */
export interface BenchOptions extends Limits {
  /** Only cases that one of these selects; see `isSelected`. */
  readonly phrases?: readonly string[];
  /** Called with the number of finished cases, of all, and the next case. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
  /** Called if cases of an interrupted benchmark are reused. */
  readonly onResume?: (message: string) => void;
  /** Called with the reason why something is skipped. */
  readonly onSkip?: (message: string) => void;
}

/** Measurements, and the versions of all contestants by name. */
export interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Environment variables that limit contestants to older instructions: for oneDNN (TensorFlow and
 * PyTorch), PyTorch's own kernels, kernels of torch.compile, and PyTorch's MKL. TensorFlow's own kernels
 * (Eigen) are compiled for AVX on every processor. libvips is not limited.
 */
const LIMITS = {
  avx2: {
    ONEDNN_MAX_CPU_ISA: "AVX2",
    ATEN_CPU_CAPABILITY: "avx2",
    MKL_ENABLE_INSTRUCTIONS: "AVX2",
    TORCHINDUCTOR_CPP_MARCH: "haswell",
  },
} as const satisfies Record<Isa, Record<string, string>>;

const CORES = navigator.hardwareConcurrency;
const PHOTOS = 16;
/** For reading data: long turns, so that the start and end of a turn matter little. */
const LONG_TURNS = { turn: 2, rounds: 5 };
/** For small differences: many rounds. */
const MANY_TURNS = { turn: 0.7, rounds: 25 };

const peer = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));
/** A program of Deno's, with the permissions of `bench`. */
const deno = (name: string) => [
  ...[Deno.execPath(), ...taskWords("bench").slice(1, -2), "--no-check", peer(name)],
];

/** TensorFlow's threads: inside an operation, and for parallel operations. */
const threads = (intra: number, inter: number) => ({
  TF_NUM_INTRAOP_THREADS: String(intra),
  TF_NUM_INTEROP_THREADS: String(inter),
});

/** Command lines of the peers. */
const COMMANDS: Readonly<Record<PeerName, readonly string[]>> = {
  "PyTorch": [...python(), peer("pytorch.py")],
  "PyTorch, compiled": [...python(), peer("pytorch.py"), "compile"],
  "PyTorch, tensors": [...python(), peer("pytorch.py"), "tensors"],
  "stock tfjs-node, float32": deno("stock_tfjs.ts"),
  "sharp": deno("sharp.ts"),
};

/** Starts this project; by default with the threads of the only training on the machine. */
export function startOurs(
  { intraOpThreads, interOpThreads }: Omit<ReturnType<typeof sharesOf>, "towers"> = sharesOf(
    CORES,
    1,
  ),
  limits: Limits = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  return startContestant("verydeep", deno("verydeep.ts"), {
    ...threads(intraOpThreads, interOpThreads),
    ...variablesOf(limits),
    ...env,
  });
}

/** The variables that limit a contestant. */
function variablesOf({ isa, oneCore }: Limits): Record<string, string> {
  return {
    ...isa && LIMITS[isa],
    ...oneCore && { ...threads(1, 1), OMP_NUM_THREADS: "1", [CLOCK]: "processor" },
  };
}

/**
 * Starts a peer. Stock tfjs-node uses TensorFlow's default for oneDNN, which is off on a processor with
 * only AVX2. On a newer processor that is limited to AVX2, it is turned off here.
 */
export function startPeer(
  name: PeerName,
  limits: Limits = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  const isStock = name === "stock tfjs-node, float32";
  const given = Deno.env.get(ONEDNN_SWITCH);
  return startContestant(name, COMMANDS[name], {
    ...variablesOf(limits),
    ...isStock && limits.isa === "avx2" && !given && { [ONEDNN_SWITCH]: "0" },
    ...env,
  });
}

/**
 * Measures all cases, or those that the phrases select. Reuses the measurements of an interrupted
 * benchmark with the same phrases that are less than a day old.
 *
 * @throws {UserError} The phrases select no case.
 */
export async function measure(options: BenchOptions = {}): Promise<Outcome> {
  const { phrases = [], isa, oneCore, onProgress, onSkip, onResume } = options;
  const limits = { isa, oneCore };
  const folder = await Deno.makeTempDir({ prefix: "verydeep-bench-" });
  const open: Contestant[] = [];
  const enter = <One extends Contestant>(contestant: One) => {
    open.push(contestant);
    return contestant;
  };
  try {
    const photos = photoFiles(folder, PHOTOS);
    const posteriors = posteriorFiles(folder, ENSEMBLE_SIZE.evaluations);
    const [raced, waiting] = [races(photos, posteriors), waits()].map((cases) =>
      cases.filter((what) => isSelected(what.name, phrases) && (!oneCore || isOneProcess(what)))
        .map((what) => oneCore ? { ...what, towers: 1 } : what)
    ) as [Case[], TrainingCase[]];
    if (raced.length + waiting.length === 0) {
      throw unknownCases(phrases, [...races([], []), ...waits()]);
    }
    const canBfloat16 = hasBfloat16() && isa !== "avx2";
    const possible = raced.filter((what) => canBfloat16 || !isBfloat16(what));
    if (possible.length < raced.length) {
      onSkip?.(`the cases in bfloat16: ${isa ?? "this processor"} has no instructions for it`);
    }
    const total = possible.length + waiting.length;
    const finished = finishedCases({ phrases, isa, oneCore, where: machineAndVersions() });
    const isOpen = ({ name }: Case) => finished.of(name) === undefined;
    const cases = possible.filter(isOpen);
    let done = total - cases.length - waiting.filter(isOpen).length;
    if (done > 0) {
      const start = finished.begun.toISOString().slice(0, 16).replace("T", " ");
      onResume?.(
        `resuming the bench that was started at ${start} UTC: ${done} of ${total} cases are measured`,
      );
    }
    if (cases.some(({ kind }) => kind === "input")) await writePhotos(photos);
    if (cases.some(({ kind }) => kind === "scoring")) writePosteriors(posteriors, ENSEMBLE_SIZE);
    const report = (name = "") => onProgress?.(done++, total, name);

    if (cases.length > 0) {
      const names = [...new Set(cases.flatMap(({ peers }) => peers))];
      let { ours, peers } = await startContestants(names, { enter, onSkip, limits });
      const versions = Object.fromEntries(
        [ours, ...peers.values()].map(({ name, version }) => [name, version]),
      );
      for (const what of cases) {
        report(what.name);
        if (freeMemory() < (what.memory ?? 0)) {
          // frees the memory that contestants keep of earlier cases
          for (const contestant of open.splice(0)) await contestant.stop();
          ({ ours, peers } = await startContestants(names, { enter, limits }));
        }
        if (!fits(what, onSkip)) continue;
        finished.keep(what.name, await raceOf(what, { ours, peers, onSkip }), versions);
      }
    }
    // frees their memory before others start
    for (const contestant of open.splice(0)) await contestant.stop();
    for (const what of waiting.filter(isOpen)) {
      report(what.name);
      finished.keep(what.name, [await waitOf(what, { enter, limits })], {});
    }
    report();
    finished.remove();
    return {
      measurements: [...possible, ...waiting].flatMap(({ name }) => finished.of(name) ?? []),
      versions: finished.versions,
    };
  } finally {
    for (const contestant of open) await contestant.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether one process computes a case, so that its processor's time is all there is. */
function isOneProcess({ kind, name }: Case): boolean {
  return kind !== "input" && !name.startsWith("wait");
}

/** Machine and versions, on which measurements depend too. */
export function machineAndVersions(): string[] {
  const { verydeep, deno, git, machine: { cpu } } = environment();
  return [Deno.hostname(), cpu, verydeep, deno, git?.commit ?? ""];
}

/** Starts this project and its peers; peers that are not installed are skipped. */
async function startContestants(
  names: readonly PeerName[],
  { enter, onSkip, limits }: {
    enter: <One extends Contestant>(contestant: One) => One;
    onSkip?: BenchOptions["onSkip"];
    limits: Limits;
  },
) {
  const ours = enter(await startOurs(undefined, limits));
  const peers = new Map<PeerName, Contestant>();
  for (const name of names) {
    const contestant = await orSkip(() => startPeer(name, limits), onSkip);
    if (contestant) peers.set(name, enter(contestant));
  }
  return { ours, peers };
}

/** The error of phrases that select none of these cases. */
export function unknownCases(
  phrases: readonly string[],
  cases: readonly Pick<Case, "name">[],
): UserError {
  const names = cases.map(({ name }) => `\n  ${name}`);
  const list = phrases.map((phrase) => `"${phrase}"`).join(", ");
  return new UserError(
    `Cannot measure ${list}: no case has all words of a phrase in its name; ` +
      `choose among${names.join("")}`,
  );
}

/** Available memory, GiB. */
const freeMemory = () => Deno.systemMemoryInfo().available / 2 ** 30;

/** Whether there is enough memory for a case. */
function fits({ name, memory = 0 }: Case, onSkip: BenchOptions["onSkip"]): boolean {
  const free = freeMemory();
  if (free >= memory) return true;
  onSkip?.(`Cannot measure "${name}": it needs ${memory} GiB, and ${free.toFixed(1)} GiB are free`);
  return false;
}

/** Measures one case; peers that cannot run it are skipped. */
async function raceOf(
  what: Case,
  { ours, peers, onSkip }: {
    ours: Contestant;
    peers: ReadonlyMap<PeerName, Contestant>;
    onSkip: BenchOptions["onSkip"];
  },
): Promise<Measurement[]> {
  await ours.build(what);
  const present: Contestant[] = [];
  for (const name of what.peers) {
    const contestant = peers.get(name);
    if (contestant === undefined) continue;
    const built = await orSkip(() => contestant.build(what).then(() => true), onSkip);
    if (built) present.push(contestant);
  }
  return measurementsOf(
    what,
    present,
    await race([ours, ...present], what.kind === "input" ? LONG_TURNS : {}),
  );
}

/** Measurements from times, ours first: one for each peer, or one without a peer. */
export function measurementsOf(
  { name, batch }: Pick<Case, "name" | "batch">,
  peers: readonly Pick<Contestant, "name">[],
  [ours = [], ...others]: Times,
): Measurement[] {
  const speed = (times: readonly number[]) => rounded(batch / median(times));
  const common = { name, unit: "images/s", ours: speed(ours) } as const;
  if (peers.length === 0) return [{ ...common, ...NO_PEER }];
  return peers.map(({ name }, i) => {
    const { ratio, min, max } = ratioOf(ours, others[i]!);
    return {
      ...common,
      peer: speed(others[i]!),
      peer_name: name as PeerName,
      ratio: rounded(ratio),
      ratio_min: rounded(min),
      ratio_max: rounded(max),
    };
  });
}

/** The fields about a peer, of a line without one. */
export const NO_PEER = {
  peer: undefined,
  peer_name: undefined,
  ratio: undefined,
  ratio_min: undefined,
  ratio_max: undefined,
} as const;

/**
 * The share of a training's time that it waits for data: compares its steps with steps that are fed the
 * same batch each time. As in the small setup, one training runs on each core.
 */
async function waitOf(
  what: TrainingCase,
  { enter, limits }: { enter: (contestant: Contestant) => Contestant; limits: Limits },
): Promise<Measurement> {
  const start = () => startOurs({ intraOpThreads: 1, interOpThreads: CORES }, limits);
  const teams: Contestant[] = [];
  for (const crops of ["fed", "cache"] as const) {
    const members = await Promise.all(Array.from({ length: CORES }, start));
    const team = enter(together(members as [Contestant, ...Contestant[]]));
    await team.build({ ...what, crops });
    teams.push(team);
  }
  const [fed = [], real = []] = await race(teams, MANY_TURNS);
  for (const team of teams) await team.stop();
  return { name: what.name, unit: "%", ours: waitingShare(fed, real), ...NO_PEER };
}

/** Share of the real steps' time that fed steps save: median over the rounds, per cent. */
export function waitingShare(fed: readonly number[], real: readonly number[]): number {
  return rounded(100 * (1 - ratioOf(real, fed).ratio));
}

/** Rounds to three significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Tries something that may be missing; reports a failure and returns undefined. */
export async function orSkip<Result>(
  attempt: () => Promise<Result>,
  onSkip: BenchOptions["onSkip"],
): Promise<Result | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onSkip?.(error.message);
    return undefined;
  }
}
