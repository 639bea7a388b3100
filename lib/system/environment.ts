/** The environment of a program: versions, machine and the state of its source. */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { count } from "../numbers.ts";
import { deviceInWords, type Gpu } from "./device.ts";
import type { GpuUse } from "./gpu_use.ts";
import { readIfThere } from "./files.ts";
import { instructions, usesOneDnn } from "./processor.ts";
import { clock } from "./progress.ts";

/** A computer. */
export interface Machine {
  /** The system's name: `Debian GNU/Linux 13 (trixie), linux 6.1.0, x86_64`. */
  readonly os: string;
  readonly cpu: string;
  /** Those of AVX, AVX2, AVX-512, bfloat16 and AMX that it has; absent if unknown. */
  readonly instructions?: readonly string[];
  readonly cores: number;
  /** GiB, to a tenth. */
  readonly memory: number;
  /** Names of its NVIDIA GPUs; empty without a GPU or driver. */
  readonly gpus: readonly string[];
}

/** The commit of the source. */
export interface Revision {
  readonly commit: string;
  /** Whether files differ from the commit. */
  readonly dirty: boolean;
}

/** Everything besides its recipe that may change a result. */
export interface Environment {
  readonly verydeep: string;
  readonly deno: string;
  /** Absent if TensorFlow is not installed. */
  readonly tensorflow?: string;
  /** Whether TensorFlow used oneDNN's kernels; absent if it was not loaded or decided itself. */
  readonly oneDnn?: boolean;
  /** ONEDNN_MAX_CPU_ISA, the newest instructions that oneDNN may use; absent if not set. */
  readonly oneDnnLimit?: string;
  readonly tfjsNode: string;
  readonly machine: Machine;
  readonly git?: Revision;
}

/** One execution of a run, from its start or a checkpoint to its end or an interruption. */
export interface Execution extends Environment {
  /** The device that TensorFlow computed on. */
  readonly device: "cpu" | "gpu";
  /** The GPU, if the driver describes it; of several the one with the least memory. */
  readonly gpu?: Gpu;
  /** Number of GPUs that shared the batches; 1 if absent. */
  readonly gpus?: number;
  /** What the GPUs did, if `nvidia-smi` said so at least once. */
  readonly gpuUse?: GpuUse;
  /** On a GPU: whether only kernels ran that give the same bits each time. */
  readonly deterministic?: boolean;
  /** The GPUs' names, if they were not all alike. */
  readonly mixture?: readonly string[];
  readonly precision: string;
  /** Threads inside an operation; TensorFlow's choice if absent. */
  readonly threads?: number;
  /** Parts of a training's batch that were computed in parallel. */
  readonly towers: number;
  /** Images of a training's batch that were in memory at once. */
  readonly microBatch?: number;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** Absent during the execution, and after a crash. */
  readonly finished?: string;
  readonly seconds?: number;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** This program's environment. `tensorflow` is the loaded or installed version. */
export function environment(tensorflow?: string): Environment {
  const [oneDnn, oneDnnLimit] = [usesOneDnn(), Deno.env.get("ONEDNN_MAX_CPU_ISA")];
  return {
    verydeep: project.version,
    deno: Deno.version.deno,
    ...tensorflow !== undefined && { tensorflow },
    ...oneDnn !== undefined && { oneDnn },
    ...oneDnnLimit !== undefined && { oneDnnLimit },
    tfjsNode: project.imports["@tensorflow/tfjs-node-gpu"].replace(/^.*@/, ""),
    ...surroundings(),
  };
}

let known: Pick<Environment, "machine" | "git"> | undefined;

/** The part that needs other programs; it is read once. */
function surroundings() {
  if (known === undefined) {
    const git = revisionOf(ROOT);
    known = { machine: machine(), ...git && { git } };
  }
  return known;
}

/** This computer. */
export function machine(): Machine {
  const [{ model } = { model: "unknown processor" }] = cpus();
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readIfThere("/etc/os-release") ?? "")?.[1];
  const found = instructions();
  const kernel = `${Deno.build.os} ${Deno.osRelease()}`;
  return {
    os: [...system === undefined ? [] : [system], kernel, Deno.build.arch].join(", "),
    cpu: model.trim(),
    ...found && { instructions: found },
    cores: cpus().length,
    memory: Math.round(Deno.systemMemoryInfo().total / 2 ** 30 * 10) / 10,
    gpus: linesOf("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") ?? [],
  };
}

/** A computer as one line: `AMD EPYC 9R14, 2 cores, 24 GiB`. */
export function machineInWords(
  { cpu, cores, memory, gpus }: Pick<Machine, "cpu" | "cores" | "memory" | "gpus">,
): string {
  return [cpu, count(cores, "core"), `${memory.toFixed(0)} GiB`, ...gpus].join(", ");
}

/** Describes an execution: time, machine, device and versions. */
export function executionInWords(execution: Execution): string {
  const { machine, device, gpu, gpus, mixture, precision, threads, towers, git } = execution;
  const { microBatch, tensorflow = "unknown" } = execution;
  const share = [
    deviceInWords({
      kind: device,
      ...gpu && { gpu },
      ...gpus !== undefined && { count: gpus },
      ...mixture && { mixture },
    }),
    precision,
    ...execution.deterministic === undefined
      ? []
      : [execution.deterministic ? "deterministic" : "not deterministic"],
    ...threads === undefined ? [] : [`${count(threads, "thread")} an operation`],
    ...towers > 1 ? [`${towers} towers`] : [],
    ...microBatch === undefined ? [] : [`${microBatch} images at once`],
    ...execution.gpuUse === undefined ? [] : gpuUseInWords(execution.gpuUse),
    ...execution.oneDnn === false ? ["without oneDNN"] : [],
    ...execution.oneDnnLimit === undefined ? [] : [`oneDNN limited to ${execution.oneDnnLimit}`],
  ].join(", ");
  const commit = git && ` (commit ${git.commit.slice(0, 12)}${git.dirty ? ", with changes" : ""})`;
  const began = execution.started.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  const end = execution.seconds === undefined
    ? "no end recorded"
    : `took ${clock(execution.seconds)}`;
  return (`carried out ${began}, ${end}; ${machineInWords(machine)}: ${share}; ${machine.os}; ` +
    `verydeep ${execution.verydeep}${commit ?? ""}, Deno ${execution.deno}, TensorFlow ` +
    `${tensorflow}, tfjs-node ${execution.tfjsNode}`);
}

/** Energy that GPUs took during a run's executions, as far as it is known. */
export interface EnergyUse {
  /** kWh, of everything that these GPUs did. */
  readonly energy: number;
  /** Whether each execution on a GPU has its share: one that was killed has none. */
  readonly isWhole: boolean;
}

/** The energy of a run's executions together; undefined where nothing said it. */
export function energyOf(
  executions: readonly Pick<Execution, "device" | "gpuUse">[],
): EnergyUse | undefined {
  const shares = executions.filter(({ device }) => device === "gpu")
    .map(({ gpuUse }) => gpuUse?.energy);
  const known = shares.filter((share) => share !== undefined);
  if (known.length === 0) return undefined;
  return {
    energy: known.reduce((sum, share) => sum + share, 0),
    isWhole: known.length === shares.length,
  };
}

/** An energy in kWh, for people: `0.520`, or `at least 0.520`. */
export function kilowattHours({ energy, isWhole }: EnergyUse): string {
  return `${isWhole ? "" : "at least "}${energy.toPrecision(3)}`;
}

/** As parts of a sentence: `93 % busy`, `40.2 GiB in use`, `0.52 kWh`. */
function gpuUseInWords({ utilisation, memory, energy }: GpuUse): string[] {
  return [
    `${utilisation.toFixed(0)} % busy`,
    `${(memory / 2 ** 30).toFixed(1)} GiB in use`,
    ...energy === undefined ? [] : [`${energy.toPrecision(3)} kWh`],
  ];
}

/** The commit of a folder; undefined if it is not the top of a git repository. */
export function revisionOf(folder: string): Revision | undefined {
  const git = (...args: string[]) => linesOf("git", "-C", folder, ...args);
  // A copy without history may be in another repository.
  if (git("rev-parse", "--show-prefix")?.join("") !== "") return undefined;
  const [commit] = git("rev-parse", "--verify", "HEAD") ?? [];
  const changes = git("status", "--porcelain");
  if (commit === undefined || changes === undefined) return undefined;
  return { commit, dirty: changes.length > 0 };
}

/** The lines that a program prints; `undefined` if there is no such program, or it fails. */
function linesOf(program: string, ...args: string[]): string[] | undefined {
  try {
    const command = new Deno.Command(program, { args, stdin: "null", stderr: "null" });
    const { success, stdout } = command.outputSync();
    const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.trim());
    return success ? lines.filter((line) => line !== "") : undefined;
  } catch {
    return undefined;
  }
}
