/**
 * What a bench has measured so far, kept in the user's cache case by case, so that one that was
 * interrupted goes on where it was when the same command is given again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "../system/cache_folder.ts";
import { readIfThere, removeIfThere, writeAtomically } from "../system/files.ts";
import type { Measurement } from "./measurement.ts";

/** What decides whether an earlier measurement is of any use now. */
export interface BenchCommand {
  readonly phrases: readonly string[];
  readonly isa: string | undefined;
  /** The machine, and the versions of the source and of Deno. */
  readonly where: readonly string[];
}

/** Older measurements are made again: the machine may have been busier, or has other software now. */
const LONGEST = 24 * 60 * 60 * 1000;

interface Kept {
  /** ISO 8601, UTC: when the bench began. */
  readonly begun: string;
  readonly cases: Record<string, readonly Measurement[]>;
  readonly versions: Record<string, string>;
}

/** The finished cases of one command. */
export interface FinishedCases {
  /** When the bench began whose cases these are. */
  readonly begun: Date;
  /** Versions of all who took part, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The measurements of a finished case. */
  of(name: string): readonly Measurement[] | undefined;
  /** Keeps a case that is finished. */
  keep(name: string, measurements: readonly Measurement[], versions: Record<string, string>): void;
  /** Forgets all of them: the bench is over. */
  remove(): void;
}

/** Opens what is kept of a command: nothing where there is none, it is damaged or a day old. */
export function finishedCases(
  command: BenchCommand,
  { folder = cacheFolder(), now = new Date() }: {
    readonly folder?: string;
    readonly now?: Date;
  } = {},
): FinishedCases {
  const digest = createHash("sha256").update(JSON.stringify(command)).digest("hex").slice(0, 12);
  const file = join(folder, `bench-${digest}.json`);
  const found = keptIn(readIfThere(file));
  const isFresh = found !== undefined && now.getTime() - Date.parse(found.begun) < LONGEST;
  let kept: Kept = isFresh ? found : { begun: now.toISOString(), cases: {}, versions: {} };
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

function keptIn(text: string | undefined): Kept | undefined {
  try {
    const kept = JSON.parse(text ?? "null");
    const isWhole = typeof kept?.cases === "object" && typeof kept.versions === "object" &&
      Object.values(kept.cases).every(Array.isArray) && Date.parse(kept.begun) > 0;
    return isWhole ? kept : undefined;
  } catch {
    return undefined;
  }
}
