/**
 * What the catalogue says of a command, and what several commands take: options that choose results,
 * and tables as arguments.
 *
 * @module
 */
import type { OptionName } from "./option_list.ts";

/** What a command is, without the code that carries it out. */
export interface CommandFacts {
  /** One line, for the overview. */
  readonly summary: string;
  /** Arguments that may follow the name. */
  readonly words?: { readonly pattern: string; readonly most: number };
  readonly takes: readonly OptionName[];
  /** What it does, in one paragraph. */
  readonly about: string;
  /** Command lines without `deno task`, and what each does. */
  readonly examples: Readonly<Record<string, string>>;
}

/** Options that choose results. The device counts because of the precision that it prefers. */
export const RESULTS = [
  "setup",
  "dataset",
  "labels",
  "seeds",
  "seed",
  "precision",
  "device",
  "set",
  "data",
  "results",
] as const;

/** A TABLE is the name of a table, or a file or folder with tables of the user's own. */
export const TABLES = { pattern: "[TABLE...]", most: Infinity };

/** What a help text adds where a TABLE may be the user's own. */
export const OWN_TABLES = "A TABLE may be a file or a folder of your own, as in ./mine.ts: " +
  "docs/how-to/own-tables.md.";
