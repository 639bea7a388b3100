/** Processes whose disk has one fault: calls on some paths fail, by a library that is preloaded. */
import { type CallName, type ErrorName, patternOf, variablesOf } from "../faults/library.ts";

/** A fault of a disk. */
export interface Fault {
  readonly call: CallName;
  /** A part of the paths that it concerns. */
  readonly path: string;
  readonly error: ErrorName;
  /** The number of such calls that succeed first. */
  readonly skip?: number;
}

/** Does something with variables of the environment that give a process a disk with a fault. */
export async function withFault(
  { call, path, error, skip = 0 }: Fault,
  work: (env: Readonly<Record<string, string>>) => Promise<void>,
) {
  const pattern = `*${patternOf(path)}*`;
  const env = await variablesOf({
    fault: { call, path: pattern, number: skip + 1, effect: "always", error },
  });
  if (env !== undefined) await work(env);
}
