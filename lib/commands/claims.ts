/** `claims`: tests the paper's claims on stored errors. */
import claims from "../../experiments/claims.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { Table } from "../experiment.ts";
import { claimsSheet, summaryOfMeasured } from "../report/claims_sheet.ts";
import { fold } from "../report/fold.ts";
import { report } from "../report/mod.ts";
import type { Sheet } from "../report/sheet.ts";
import { warn } from "../report/warn.ts";
import type { Claim, ClaimsResult } from "../results/claims.ts";
import { claimsOf, resultsOf } from "../results/mod.ts";
import type { TableResult } from "../results/row_result.ts";
import type { Study } from "../results/study.ts";
import type { Options } from "../command_line/options.ts";
import { claimsIn, isPath, publish, TABLES, tablesWith } from "../command_line/tables.ts";

/**
 * Prints the claims called `words`. Without words it prints all claims, and writes them beside the
 * results.
 */
export async function examine(words: readonly string[], options: Options): Promise<number> {
  const wanted: Claim[] = [];
  const files: Table[] = [];
  for (const word of words) {
    if (!isPath(word)) wanted.push(claimNamed(word));
    else {
      const found = await claimsIn(word, options);
      wanted.push(...found.claims);
      files.push(...found.tables);
    }
  }
  const { findStudy } = await import("../reproduce.ts");
  const sheet = sheetOfClaims(judgedClaims(await findStudy(options), options, {
    ...words.length > 0 && { wanted },
    ...{ tables: [...TABLES, ...new Set(files)] },
  }));
  if (words.length === 0) return await publish([sheet], options);
  console.log(report([sheet], options.format));
  return 0;
}

/** Judged claims as a sheet. */
export function sheetOfClaims(result: ClaimsResult): Sheet {
  const sheet = claimsSheet(result);
  const isPapers = result.claims.every(({ claim }) => (claims as readonly Claim[]).includes(claim));
  return isPapers ? sheet : { ...sheet, title: "Claims, by top-1 errors" };
}

/** The paper's claims about rows: those whose rows are all among them, but for controls. */
export function claimsAbout(results: readonly TableResult[]): Claim[] {
  const rows = new Set(results.flatMap(({ rows }) => rows.map(({ row }) => row)));
  return claims.filter(({ pairs }) =>
    pairs.every(({ control, first, second }) => control || (rows.has(first) && rows.has(second)))
  );
}

/** Says on standard error how many claims hold, of those that are measured; nothing if there are none. */
export function tellClaims(result: ClaimsResult) {
  const summary = summaryOfMeasured(result);
  if (summary === undefined) return;
  const text = `The paper's claims about these rows: ${summary} ` +
    "See why with: deno task claims (same options)";
  console.error(fold(text).join("\n"));
}

/** Claims judged by a study; the paper's by default. */
export function judgedClaims(
  study: Study,
  options: Options,
  { wanted = claims, known = [], tables: all = TABLES }: {
    readonly wanted?: readonly Claim[];
    /** Results that are not computed again, and are printed. */
    readonly known?: readonly TableResult[];
    /** Tables that have the claims' rows. */
    readonly tables?: readonly Table[];
  },
): ClaimsResult {
  const needed = new Set(
    wanted.flatMap(({ pairs }) => pairs.flatMap(({ first, second }) => [first, second])),
  );
  const rows = new Set(known.flatMap(({ rows }) => rows.map(({ row }) => row)));
  // not --compare: its row is one of a printed table
  const { includeAtChance } = options;
  const others = resultsOf(tablesWith(needed.difference(rows), all), study, { includeAtChance });
  if (known.length > 0) warnOfWithheld(others);
  return claimsOf(wanted, [...known, ...others], study);
}

/** Warns of rows that a disk withholds and that nothing printed names. */
function warnOfWithheld(results: readonly TableResult[]) {
  const reasons = results.flatMap(({ rows }) => rows).flatMap(({ isUnreadable, comparison }) =>
    isUnreadable && comparison?.status === "left out" ? comparison.reason : []
  );
  for (const reason of new Set(reasons)) warn(`claims are judged without a row: ${reason}`);
}

/** @throws {UsageError} There is no such claim. */
function claimNamed(word: string): Claim {
  const names = claims.map(({ name }) => name);
  const found = claims.find(({ name }) => name === word);
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no claim "${word}": the claims are ${names.join(", ")}.${didYouMean(word, names)}`,
  );
}
