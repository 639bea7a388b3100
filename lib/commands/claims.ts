/** `claims`: tests the paper's claims on stored errors. */
import claims from "../../experiments/claims.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { Table } from "../experiment.ts";
import { claimsSheet, summaryOfMeasured } from "../report/claims_sheet.ts";
import { fold } from "../report/fold.ts";
import { report } from "../report/mod.ts";
import type { Sheet } from "../report/sheet.ts";
import type { Claim, ClaimsResult } from "../results/claims.ts";
import { claimsOf } from "../results/mod.ts";
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
  const sheet = sheetOfClaims(await findStudy(options), options, {
    ...words.length > 0 && { wanted },
    ...{ tables: [...TABLES, ...new Set(files)] },
  });
  if (words.length === 0) return await publish([sheet], options);
  console.log(report([sheet], options.format));
  return 0;
}

/** Claims judged by a study, as a sheet; the paper's by default. `known` results are not computed again. */
export function sheetOfClaims(
  study: Study,
  options: Options,
  { wanted = claims, ...judging }: Partial<Judging>,
): Sheet {
  const sheet = claimsSheet(judged(study, options, { wanted, ...judging }));
  const isPapers = wanted.every((claim) => (claims as readonly Claim[]).includes(claim));
  return isPapers ? sheet : { ...sheet, title: "Claims, by top-1 errors" };
}

/**
 * Says on standard error how many of the paper's claims about these rows hold. Says nothing where no claim
 * has all of its rows among them, measured; the paper's tables have them.
 */
export function tellClaims(known: readonly TableResult[], study: Study, options: Options) {
  const rows = new Set(known.flatMap(({ rows }) => rows.map(({ row }) => row)));
  const wanted = claims.filter(({ pairs }) =>
    pairs.every(({ control, first, second }) => control || (rows.has(first) && rows.has(second)))
  );
  const summary = summaryOfMeasured(judged(study, options, { wanted, known }));
  if (summary === undefined) return;
  const text = `The paper's claims about these rows: ${summary} ` +
    "See why with: deno task claims (same options)";
  console.error(fold(text).join("\n"));
}

/** Which claims are judged, and by what. */
interface Judging {
  readonly wanted: readonly Claim[];
  readonly known?: readonly TableResult[];
  /** Tables that have the claims' rows. */
  readonly tables?: readonly Table[];
}

function judged(
  study: Study,
  options: Options,
  { wanted, known = [], tables: all = TABLES }: Judging,
): ClaimsResult {
  const rows = new Set(
    wanted.flatMap(({ pairs }) => pairs.flatMap(({ first, second }) => [first, second])),
  );
  const knownRows = new Set(known.flatMap(({ rows }) => rows.map(({ row }) => row)));
  const tables = tablesWith(rows.difference(knownRows), all);
  return claimsOf(wanted, study, { ...options, tables, known });
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
