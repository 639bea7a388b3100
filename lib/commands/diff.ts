/** `diff`: in which fields two runs differ. */
import { UsageError } from "../errors.ts";
import { nameOf } from "../experiment.ts";
import { differencesBetween, shortened } from "../results/lineage.ts";
import { listing, type ListingColumn } from "../report/listing.ts";
import type { FlatRecord, RecordValue } from "../report/records.ts";
import { findRun, openLibrary } from "../command_line/found.ts";
import { helpOf } from "../command_line/help.ts";
import type { Options } from "../command_line/options.ts";

export const help = helpOf("diff", {
  about: "Lists every field in which two runs differ: of the runs, of what they start from, of " +
    "their setups, seeds and data. Runs are called as for why: by the first digits of their keys, " +
    "or by a row that stands on one run alone.",
  examples: {
    "diff 0a1b2c 3d4e5f": "two runs of the small setup",
    "diff table3/D/256 table3/D/384": "the runs behind two rows",
    "diff 0a1b2c 3d4e5f --format csv": "for a program",
  },
});

/**
 * Prints in which fields the runs called by two words differ.
 *
 * @throws {UserError} A word means no run, or several.
 */
export async function diff(words: readonly string[], options: Options): Promise<number> {
  const [first, second] = words;
  if (first === undefined || second === undefined) {
    throw new UsageError("diff needs the keys of two runs: deno task diff KEY KEY");
  }
  const library = await openLibrary(options);
  const [one, other] = [findRun(first, library), findRun(second, library)];
  const records = differencesBetween(one, other).map((difference) => ({ ...difference }));
  const [name, otherName] = [one, other].map(({ run, key }) => `${nameOf(run)} (${key})`);
  console.log(listing({
    title: `${name} and ${otherName}`,
    records,
    columns: differenceColumns(one.key, other.key),
    notes: records.length === 0 ? ["They are the same run."] : [],
  }, options.format));
  return 0;
}

/** Columns of differences, under two names; lists of layers are shortened where that hides none. */
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
