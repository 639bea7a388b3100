/**
 * The processors and the memory that this process may use: all of the machine, or the share of its
 * Slurm job. Slurm may let a process see the whole node.
 *
 * @module
 */
import type { Setup } from "../setup.ts";
import { memoryLimit } from "./cgroups.ts";

/**
 * Processors that this process may use, within its affinity and the quotas of its control groups (both
 * known to the runtime), and within the job's share.
 */
export function cores(): number {
  const job = Math.min(given("SLURM_CPUS_PER_TASK"), given("SLURM_CPUS_ON_NODE"));
  return Math.min(job, navigator.hardwareConcurrency);
}

/** Memory for each worker thread, bytes; a thread that draws scenes uses 45 MiB. */
const WORKER_MEMORY = 128 * 2 ** 20;

/** Worker threads that read, draw or check files: one on each core, as far as memory allows. */
export function threads(): number {
  return Math.max(1, Math.min(cores(), Math.floor(knownMemory() / WORKER_MEMORY)));
}

/** The memory, or `Infinity` without permission to read it. */
function knownMemory(): number {
  try {
    return memory();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return Infinity;
    throw error;
  }
}

/** Memory that this process may use, bytes. */
export function memory(): number {
  // a job has one of the two variables
  const perCpu = given("SLURM_MEM_PER_CPU") *
    (Number(Deno.env.get("SLURM_CPUS_ON_NODE")) || 1);
  const job = Math.min(given("SLURM_MEM_PER_NODE"), perCpu);
  return Math.min(job * 2 ** 20, memoryLimit(), Deno.systemMemoryInfo().total);
}

/** Runs to execute in parallel: `workers`, or else the setup's number. */
export function runsAtOnce({ sideBySide }: Pick<Setup, "sideBySide">, workers?: number): number {
  return workers ?? (sideBySide === "cores" ? cores() : 1);
}

/** A number from Slurm's environment; no limit if it is missing or 0, which means all memory. */
function given(name: string): number {
  return Number(Deno.env.get(name)) || Infinity;
}
