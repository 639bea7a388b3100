/**
 * The benchmark: races of this project against PyTorch and stock tfjs-node, and how long its own
 * trainings wait for data.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sharesOf } from "../executors/local/scheduler.ts";
import { UserError } from "../errors.ts";
import { environment } from "../system/environment.ts";
import { hasBfloat16, type Isa, ONEDNN_SWITCH } from "../system/processor.ts";
import {
  BANK,
  type Case,
  isBfloat16,
  isMeant,
  type PeerName,
  races,
  type TrainingCase,
  waits,
} from "./cases.ts";
import { type Contestant, startContestant, together } from "./contestant.ts";
import { python } from "../system/subprocess.ts";
import { finishedCases } from "./finished_cases.ts";
import { photoFiles, writePhotos } from "./photos.ts";
import { posteriorFiles, writePosteriors } from "./posteriors.ts";
import { median, race, ratioOf, type Times } from "./race.ts";
import type { Measurement } from "./measurement.ts";

/** What to measure and whom to tell how far it is. */
export interface BenchOptions {
  /** Only cases that one of these means; see `isMeant`. */
  readonly phrases?: readonly string[];
  /** The newest instructions that anyone may use; all that the processor has if absent. */
  readonly isa?: Isa;
  /** How many cases are done, and which is next. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
  /** Told that cases are not measured again, as an interrupted bench has done so. */
  readonly onResume?: (message: string) => void;
  /** Told why something is left out. */
  readonly onSkip?: (message: string) => void;
}

/** What was measured, and the versions of all who took part, by name. */
export interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * By which variables everyone is limited to older instructions: oneDNN, whose kernels TensorFlow and
 * PyTorch both use; PyTorch's own kernels, and those that torch.compile writes; MKL, which is in
 * PyTorch. TensorFlow's own kernels (Eigen) are compiled for AVX, whatever the processor has. libvips
 * is not limited.
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
/** Where data flows: what begins or ends with a turn must not count much. */
const LONG_TURNS = { turn: 2, rounds: 5 };
/** Small differences want many rounds. */
const MANY_TURNS = { turn: 0.7, rounds: 25 };

const peer = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));
const deno = (name: string) => [Deno.execPath(), "run", "-A", "--no-check", peer(name)];

/** TensorFlow's threads: inside an operation, and operations at once. */
const threads = (intra: number, inter: number) => ({
  TF_NUM_INTRAOP_THREADS: String(intra),
  TF_NUM_INTEROP_THREADS: String(inter),
});

/** How each is started. */
const COMMANDS: Readonly<Record<PeerName, readonly string[]>> = {
  "PyTorch": [...python(), peer("pytorch.py")],
  "PyTorch, compiled": [...python(), peer("pytorch.py"), "compile"],
  "PyTorch, tensors": [...python(), peer("pytorch.py"), "tensors"],
  "stock tfjs-node, float32": deno("stock_tfjs.ts"),
  "sharp": deno("sharp.ts"),
};

/** Starts this project, with the threads of a training that has the machine for itself by default. */
export function startOurs(
  { intraOpThreads, interOpThreads }: Omit<ReturnType<typeof sharesOf>, "towers"> = sharesOf(
    CORES,
    1,
  ),
  isa?: Isa,
): Promise<Contestant> {
  return startContestant("verydeep", deno("verydeep.ts"), {
    ...threads(intraOpThreads, interOpThreads),
    ...isa && LIMITS[isa],
  });
}

/**
 * Starts a peer. Stock tfjs-node has oneDNN as TensorFlow has it by default: on a processor with AVX2
 * alone it is off, which TensorFlow cannot know of a newer one that is limited.
 */
function startPeer(name: PeerName, isa: Isa | undefined): Promise<Contestant> {
  const isStock = name === "stock tfjs-node, float32";
  const given = Deno.env.get(ONEDNN_SWITCH);
  return startContestant(name, COMMANDS[name], {
    ...isa && LIMITS[isa],
    ...isStock && isa === "avx2" && !given && { [ONEDNN_SWITCH]: "0" },
  });
}

/**
 * Measures all cases, or those that the phrases mean. What an interrupted bench of the same phrases
 * has measured within a day is not measured again.
 *
 * @throws UserError where the phrases mean none
 */
export async function measure(options: BenchOptions = {}): Promise<Outcome> {
  const { phrases = [], isa, onProgress, onSkip, onResume } = options;
  const folder = await Deno.makeTempDir({ prefix: "verydeep-bench-" });
  const open: Contestant[] = [];
  const enter = <One extends Contestant>(contestant: One) => {
    open.push(contestant);
    return contestant;
  };
  try {
    const photos = photoFiles(folder, PHOTOS);
    const posteriors = posteriorFiles(folder, BANK.evaluations);
    const [raced, waiting] = [races(photos, posteriors), waits()].map((cases) =>
      cases.filter(({ name }) => isMeant(name, phrases))
    ) as [Case[], TrainingCase[]];
    if (raced.length + waiting.length === 0) throw unknownCases(phrases);
    const canBfloat16 = hasBfloat16() && isa !== "avx2";
    const possible = raced.filter((what) => canBfloat16 || !isBfloat16(what));
    if (possible.length < raced.length) {
      onSkip?.(`the cases in bfloat16: ${isa ?? "this processor"} has no instructions for it`);
    }
    const total = possible.length + waiting.length;
    const finished = finishedCases({ phrases, isa, where: whereHere() });
    const isOpen = ({ name }: Case) => finished.of(name) === undefined;
    const cases = possible.filter(isOpen);
    let done = total - cases.length - waiting.filter(isOpen).length;
    if (done > 0) {
      onResume?.(
        `${done} of ${total} cases were measured by a bench that began ` +
          `${
            finished.begun.toISOString().slice(0, 16).replace("T", " ")
          } UTC and was interrupted; ` +
          "it goes on",
      );
    }
    if (cases.some(({ kind }) => kind === "input")) await writePhotos(photos);
    if (cases.some(({ kind }) => kind === "scoring")) writePosteriors(posteriors, BANK);
    const report = (name = "") => onProgress?.(done++, total, name);

    if (cases.length > 0) {
      const names = [...new Set(cases.flatMap(({ peers }) => peers))];
      let { ours, peers } = await lineUp(names, { enter, onSkip, isa });
      const versions = Object.fromEntries(
        [ours, ...peers.values()].map(({ name, version }) => [name, version]),
      );
      for (const what of cases) {
        report(what.name);
        if (freeMemory() < (what.memory ?? 0)) {
          // what the contestants keep of earlier cases
          for (const contestant of open.splice(0)) await contestant.stop();
          ({ ours, peers } = await lineUp(names, { enter, isa }));
        }
        if (!fits(what, onSkip)) continue;
        finished.keep(what.name, await raceOf(what, { ours, peers, onSkip }), versions);
      }
    }
    // They give back their memory before others start.
    for (const contestant of open.splice(0)) await contestant.stop();
    for (const what of waiting.filter(isOpen)) {
      report(what.name);
      finished.keep(what.name, [await waitOf(what, { enter, isa })], {});
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

/** What else a measurement depends on: the machine and the versions of what runs. */
function whereHere(): string[] {
  const { verydeep, deno, git, machine: { cpu } } = environment();
  return [Deno.hostname(), cpu, verydeep, deno, git?.commit ?? ""];
}

/** Starts this project and its peers; a peer that is not there is left out. */
async function lineUp(
  names: readonly PeerName[],
  { enter, onSkip, isa }: {
    enter: <One extends Contestant>(contestant: One) => One;
    onSkip?: BenchOptions["onSkip"];
    isa: Isa | undefined;
  },
) {
  const ours = enter(await startOurs(undefined, isa));
  const peers = new Map<PeerName, Contestant>();
  for (const name of names) {
    const contestant = await orSkip(() => startPeer(name, isa), onSkip);
    if (contestant) peers.set(name, enter(contestant));
  }
  return { ours, peers };
}

function unknownCases(phrases: readonly string[]): UserError {
  const names = [...races([], []), ...waits()].map(({ name }) => `\n  ${name}`);
  const said = phrases.map((phrase) => `"${phrase}"`).join(", ");
  return new UserError(
    `Cannot measure ${said}: no case has all words of a phrase in its name; ` +
      `they are${names.join("")}`,
  );
}

/** Memory that programs may still take, GiB. */
const freeMemory = () => Deno.systemMemoryInfo().available / 2 ** 30;

/** Whether there is memory for a case. */
function fits({ name, memory = 0 }: Case, onSkip: BenchOptions["onSkip"]): boolean {
  const free = freeMemory();
  if (free >= memory) return true;
  onSkip?.(`Cannot measure "${name}": it takes ${memory} GiB, and ${free.toFixed(1)} are free`);
  return false;
}

/** Races one case; peers that cannot take part in it are left out. */
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

/** The lines of a race; ours are the first times. One line without a peer where there is none. */
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

const NO_PEER = {
  peer: undefined,
  peer_name: undefined,
  ratio: undefined,
  ratio_min: undefined,
  ratio_max: undefined,
} as const;

/**
 * How much of a training's time goes by waiting for data: what the same steps take less with the
 * same batch fed each time. As the small setup has it, a training runs on each core.
 */
async function waitOf(
  what: TrainingCase,
  { enter, isa }: { enter: (contestant: Contestant) => Contestant; isa: Isa | undefined },
): Promise<Measurement> {
  const start = () => startOurs({ intraOpThreads: 1, interOpThreads: CORES }, isa);
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

/** Share of the real steps' time that fed steps don't take: median over the rounds, in per cent. */
export function waitingShare(fed: readonly number[], real: readonly number[]): number {
  return rounded(100 * (1 - ratioOf(real, fed).ratio));
}

/** Three digits that count. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Tries something that a machine may lack. */
async function orSkip<Result>(
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
