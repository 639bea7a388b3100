/**
 * What of this machine is ours: all of it, or what Slurm gave to the job that this process runs in,
 * where Slurm says so but lets a process see the whole node.
 *
 * @module
 */
import type { Setup } from "../setup.ts";
import { memoryLimit } from "./cgroups.ts";

/**
 * Processors: those of the machine, within the affinity of this process and the quotas of its control
 * groups, which the runtime knows, and within the job's share.
 */
export function cores(): number {
  const job = Math.min(given("SLURM_CPUS_PER_TASK"), given("SLURM_CPUS_ON_NODE"));
  return Math.min(job, navigator.hardwareConcurrency);
}

/** Memory for each worker thread, bytes: a thread that draws scenes takes 45 MiB. */
const WORKER_MEMORY = 128 * 2 ** 20;

/** Worker threads that read, draw or check files: one on each core, as far as memory allows. */
export function threads(): number {
  return Math.max(1, Math.min(cores(), Math.floor(knownMemory() / WORKER_MEMORY)));
}

/** The memory, or `Infinity` for a command that may not ask for it. */
function knownMemory(): number {
  try {
    return memory();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return Infinity;
    throw error;
  }
}

/** Memory, bytes. */
export function memory(): number {
  // a job has one of the two
  const perCpu = given("SLURM_MEM_PER_CPU") *
    (Number(Deno.env.get("SLURM_CPUS_ON_NODE")) || 1);
  const job = Math.min(given("SLURM_MEM_PER_NODE"), perCpu);
  return Math.min(job * 2 ** 20, memoryLimit(), Deno.systemMemoryInfo().total);
}

/** Runs that are carried out at once: as many as are asked for, or as the setup has it. */
export function runsAtOnce({ sideBySide }: Pick<Setup, "sideBySide">, workers?: number): number {
  return workers ?? (sideBySide === "cores" ? cores() : 1);
}

/** A number that Slurm tells its jobs; no limit where it tells none. 0 of memory is a whole node's. */
function given(name: string): number {
  return Number(Deno.env.get(name)) || Infinity;
}
