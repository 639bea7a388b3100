/**
 * The finished cases of a benchmark, stored in the user's cache, so that the same command resumes an
 * interrupted benchmark.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "../system/cache_folder.ts";
import { readIfThere, removeIfThere, writeAtomically } from "../system/files.ts";
import type { Measurement } from "./measurement.ts";

/** Identifies a benchmark: earlier measurements are reused only if all of this is the same. */
export interface BenchCommand {
  readonly phrases: readonly string[];
  readonly isa: string | undefined;
  readonly oneCore?: boolean | undefined;
  /** The machine, and the versions of the source and of Deno. */
  readonly where: readonly string[];
}

/** Longest age of reused measurements, ms: the machine's load or software may have changed. */
const LONGEST = 24 * 60 * 60 * 1000;

interface StoredCases<Entry> {
  /** Start of the benchmark, ISO 8601, UTC. */
  readonly begun: string;
  readonly cases: Record<string, readonly Entry[]>;
  readonly versions: Record<string, string>;
}

/** The finished cases of one benchmark. */
export interface FinishedCases<Entry> {
  /** Start of the benchmark. */
  readonly begun: Date;
  /** Versions of all contestants, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The measurements of a finished case. */
  of(name: string): readonly Entry[] | undefined;
  /** Stores a finished case. */
  keep(name: string, measurements: readonly Entry[], versions: Record<string, string>): void;
  /** Removes all of them at the end of the benchmark. */
  remove(): void;
}

/** Reads the stored cases of a command; empty if there are none, or they are damaged or a day old. */
export function finishedCases<Entry = Measurement>(
  command: BenchCommand,
  { folder = cacheFolder(), now = new Date() }: {
    readonly folder?: string;
    readonly now?: Date;
  } = {},
): FinishedCases<Entry> {
  const digest = createHash("sha256").update(JSON.stringify(command)).digest("hex").slice(0, 12);
  const file = join(folder, `bench-${digest}.json`);
  const found = keptIn<Entry>(readIfThere(file));
  const isFresh = found !== undefined && now.getTime() - Date.parse(found.begun) < LONGEST;
  let kept: StoredCases<Entry> = isFresh
    ? found
    : { begun: now.toISOString(), cases: {}, versions: {} };
  return {
    begun: new Date(kept.begun),
    get versions() {
      return kept.versions;
    },
    of: (name) => kept.cases[name],
    keep(name, measurements, versions) {
      kept = {
        ...kept,
        cases: { ...kept.cases, [name]: measurements },
        versions: { ...kept.versions, ...versions },
      };
      writeAtomically(file, `${JSON.stringify(kept, null, 2)}\n`);
    },
    remove: () => removeIfThere(file),
  };
}

function keptIn<Entry>(text: string | undefined): StoredCases<Entry> | undefined {
  try {
    const kept = JSON.parse(text ?? "null");
    const isWhole = typeof kept?.cases === "object" && typeof kept.versions === "object" &&
      Object.values(kept.cases).every(Array.isArray) && Date.parse(kept.begun) > 0;
    return isWhole ? kept : undefined;
  } catch {
    return undefined;
  }
}
