/** `diff`: in which fields two runs differ. */
import { UsageError } from "../errors.ts";
import { actionLabel } from "../experiment.ts";
import { differencesBetween, shortened } from "../results/lineage.ts";
import { listing, type ListingColumn } from "../report/listing.ts";
import type { FlatRecord, RecordValue } from "../report/records.ts";
import { findRun, openLibrary } from "../command_line/find_run.ts";
import type { Options } from "../command_line/options.ts";

/**
 * Prints the fields in which two runs differ.
 *
 * @throws {UserError} A word names no run, or several.
 */
export async function diff(words: readonly string[], options: Options): Promise<number> {
  const [first, second] = words;
  if (first === undefined || second === undefined) {
    throw new UsageError("diff needs the keys of two runs: deno task diff KEY KEY");
  }
  const library = await openLibrary(words, options);
  const [one, other] = [findRun(first, library), findRun(second, library)];
  const records = differencesBetween(one, other).map((difference) => ({ ...difference }));
  const [name, otherName] = [one, other].map(({ run, key }) => `${actionLabel(run)} (${key})`);
  console.log(listing({
    title: `${name} and ${otherName}`,
    records,
    columns: differenceColumns(one.key, other.key),
    notes: records.length === 0 ? ["They are the same run."] : [],
  }, options.format));
  return 0;
}

/** Columns of differences, under two names. Lists of layers are shortened unless that hides a difference. */
export function differenceColumns(one: string, other: string): ListingColumn[] {
  const show = (value: RecordValue, { one, other }: FlatRecord) => {
    const hides = shortened(String(one)) === shortened(String(other));
    return hides ? String(value) : shortened(String(value));
  };
  return [
    { field: "field" },
    { field: "one", heading: one, show },
    { field: "other", heading: other, show },
  ];
}
