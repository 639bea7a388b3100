/**
 * What of this machine is ours: all of it, or what Slurm gave to the job that this process runs in,
 * where Slurm says so but lets a process see the whole node.
 *
 * @module
 */
import type { Setup } from "../setup.ts";

/** Processors. */
export function cores(): number {
  return Math.min(given("SLURM_CPUS_PER_TASK"), navigator.hardwareConcurrency);
}

/** Memory, bytes. */
export function memory(): number {
  return Math.min(given("SLURM_MEM_PER_NODE") * 2 ** 20, Deno.systemMemoryInfo().total);
}

/** Runs that are carried out at once: as many as are asked for, or as the setup has it. */
export function runsAtOnce({ sideBySide }: Pick<Setup, "sideBySide">, workers?: number): number {
  return workers ?? (sideBySide === "cores" ? cores() : 1);
}

/** A number that Slurm tells its jobs; no limit where it tells none. 0 of memory is a whole node's. */
function given(name: string): number {
  return Number(Deno.env.get(name)) || Infinity;
}
