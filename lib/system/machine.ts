/**
 * What of this machine is ours: all of it, or what Slurm gave to the job that this process runs in,
 * where Slurm says so but lets a process see the whole node.
 *
 * @module
 */
import type { Setup } from "../setup.ts";
import { memoryLimit } from "./cgroups.ts";

/** Processors. */
export function cores(): number {
  return Math.min(given("SLURM_CPUS_PER_TASK"), navigator.hardwareConcurrency);
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
