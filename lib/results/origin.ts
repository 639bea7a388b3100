/** Where runs were carried out: machines and commits, from the records of their executions. */
import { harmless } from "../errors.ts";
import { z } from "../schema.ts";
import { machineInWords } from "../system/environment.ts";

/** Where runs were carried out. It is as the records say, and cannot be verified. */
export interface Origin {
  /** Each once, as in `AMD EPYC 9R14, 2 cores, 24 GiB`. */
  readonly machines: readonly string[];
  /** The first 12 digits of each commit of this program; with a `+` if files differed from it. */
  readonly commits: readonly string[];
}

/** Longest name of a processor or GPU that is repeated, and longest description of a machine. */
const [LONGEST, LONGEST_MACHINE] = [100, 200];

/** A name of somebody else's. */
const name = z.string().transform((text) => harmless(text).slice(0, LONGEST));

const EXECUTION = z.object({
  machine: z.object({
    cpu: name,
    cores: z.number().int().positive(),
    memory: z.number().nonnegative(),
    gpus: z.array(name).max(1024),
  }),
  git: z.object({ commit: z.string().regex(/^[0-9a-f]{40,64}$/), dirty: z.boolean() }).optional(),
});

/** Machines and commits in records of executions; those that are no such records do not count. */
export function originOfRuns(executions: readonly unknown[]): Origin {
  const [machines, commits] = [new Set<string>(), new Set<string>()];
  for (const execution of executions) {
    const { success, data } = EXECUTION.safeParse(execution);
    if (!success) continue;
    machines.add(machineInWords(data.machine).slice(0, LONGEST_MACHINE));
    if (data.git) commits.add(data.git.commit.slice(0, 12) + (data.git.dirty ? "+" : ""));
  }
  return { machines: [...machines], commits: [...commits] };
}
