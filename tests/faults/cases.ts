/** Every fault of every call, and samples of them. */
import { createHash } from "node:crypto";
import { UsageError } from "../../lib/errors.ts";
import { type Call, patternOfPlace } from "./calls.ts";
import { type CallName, CALLS, CHANGES, type DiskFault } from "./library.ts";

/** Calls that may need room on the disk. */
const GROWS: readonly CallName[] = ["create", "fsync", "link", "mkdir", "rename", "write"];

/** What goes wrong, and at which calls it can. */
export const FAULTS = {
  /** A bad sector, or a cable: this call fails, later ones do not. */
  "EIO": { effect: "once", error: "EIO", at: CALLS },
  /** The quota is exceeded at this call, and something is removed before the next. */
  "EDQUOT": { effect: "once", error: "EDQUOT", at: GROWS },
  /** The disk is full from this call on. */
  "ENOSPC": { effect: "lasting", error: "ENOSPC", at: GROWS },
  /** The system makes the disk read-only at this call, as ext4 does after an error. */
  "EROFS": { effect: "lasting", error: "EROFS", at: CHANGES },
  /** Half of the bytes, and no error. */
  "short": { effect: "short", at: ["read", "write"] },
  /** SIGKILL, or the out-of-memory killer. */
  "kill-before": { effect: "before", at: CHANGES },
  "kill-within": { effect: "torn", at: ["write"] },
  "kill-after": { effect: "after", at: CHANGES },
} as const satisfies Record<
  string,
  Pick<DiskFault, "effect" | "error"> & { readonly at: readonly CallName[] }
>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** A fault at a call of a phase. */
export interface Case {
  /** Name of the phase. */
  readonly phase: string;
  readonly call: Call;
  readonly fault: FaultName;
}

/** Every case of a phase's calls. */
export function casesOf(phase: string, calls: readonly Call[]): Case[] {
  const names = Object.keys(FAULTS) as FaultName[];
  return calls.flatMap((call) => {
    const possible = names.filter((name) =>
      (FAULTS[name].at as readonly CallName[]).includes(call.name)
    );
    return possible.map((fault) => ({ phase, call, fault }));
  });
}

/** The fault of a case, for a process that works in a folder. */
export function diskFaultOf({ call, fault }: Case, folder: string): DiskFault {
  const { at: _, ...what } = FAULTS[fault];
  const path = patternOfPlace(call.place, folder);
  return { call: call.name, path, number: call.number, ...what };
}

/** Whether a case ends in the process's death. */
export function kills({ fault }: Pick<Case, "fault">): boolean {
  return fault.startsWith("kill");
}

/** A case in words, which are the arguments that replay it. */
export function caseInWords({ phase, call: { name, place, number }, fault }: Case): string {
  return `${phase} ${fault} ${name} '${place}' ${number}`;
}

/** The case of such words. @throws {UsageError} They are not those of a case. */
export function caseOf(words: readonly string[]): Case {
  const isCase = words.length === 5 && words[1]! in FAULTS &&
    (CALLS as readonly string[]).includes(words[2]!) && Number(words[4]) > 0;
  if (!isCase) {
    throw new UsageError(
      `"${
        words.join(" ")
      }" is no case; a case is PHASE FAULT CALL 'PLACE' NUMBER, as a failure names it`,
    );
  }
  const [phase, fault, name, place, number] = words as [
    string,
    FaultName,
    CallName,
    string,
    string,
  ];
  return { phase, fault, call: { name, place, number: Number(number) } };
}

/**
 * About `size` cases. The cases are divided into samples that have none in common, by their names,
 * and `seed` chooses one of these: seeds that differ, as hashes of commits do, come to every case.
 */
export function sampled(cases: readonly Case[], size: number, seed: string): Case[] {
  const samples = Math.max(1, Math.round(cases.length / size));
  const chosen = numberOf(seed) % samples;
  return cases.filter((one) => numberOf(caseInWords(one)) % samples === chosen);
}

/** Names of phases that are sampled together: to rehearse all of them takes minutes. */
const TOGETHER = 3;

/** Some phases, which `seed` chooses as it does cases: seeds that differ come to every pair of both. */
export function sampledPhases(names: readonly string[], seed: string): string[] {
  const samples = Math.ceil(names.length / TOGETHER);
  const chosen = numberOf(`phases of ${seed}`) % samples;
  return names.filter((_, i) => i % samples === chosen);
}

/** A number of 48 bits by the SHA-256 of a text. */
function numberOf(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6);
}
