/** Names of tables' rows: `table3/D/384`, `table5/E/multi-crop`, `table6/1`. */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import type { Row, Table } from "../experiment.ts";
import type { RowPlace } from "../results/lineage.ts";
import { PAPER_PROTOCOL, protocolOf } from "../results/protocol.ts";
import { headLine, headOf } from "../report/results_sheet.ts";
import { fileIn, isTableName, mustNeedRuns } from "./tables.ts";

/** The longest heading in a row's name; rows with longer headings are named by their number. */
const LONGEST = 20;

/** Whether a word names a row rather than a run. */
export function isPlace(word: string): boolean {
  return word.includes("/") || isTableName(word);
}

/**
 * The row that a name stands for: a table, then either enough of the row's headings or its number.
 * Only letters and digits count: `256-512` means `[256;512]`.
 *
 * @throws {UsageError} There is no such row, or there are several; the message lists the possible rows.
 */
export function rowAt(place: string, tables: readonly Table[]): RowPlace {
  const { table, name, words } = tableAt(place, tables);
  const parts = words.map(plain).filter((part) => part !== "");
  const heads = headsOf(table);
  const begun = heads.flatMap((head, index) =>
    parts.every((part, i) => `${head[i] ?? ""}-`.startsWith(`${part}-`)) ? [index + 1] : []
  );
  const number = parts.length === 1 ? Number(parts[0]) : NaN;
  const found = [rowsBeginning(heads, parts), begun, table.rows[number - 1] ? [number] : []]
    .find((rows) => rows.length > 0) ?? [];
  if (found.length === 1) return { table, row: found[0]! };

  const rows = found.length > 0 ? found : table.rows.map((_, index) => index + 1);
  const possible = rows.map((row) => placeOf({ table, row }));
  const list = rows.map((row, i) => {
    const isNumber = possible[i]!.endsWith(`/${row}`);
    return isNumber ? `${possible[i]} (${headInWords({ table, row })})` : possible[i];
  }).join(", ");
  throw new UsageError(
    `Cannot tell which row "${place}" is: ` +
      (found.length > 0 ? `it may be ${list}` : `the rows of ${name} are ${list}`),
  );
}

/** The table that a row's name begins with, the name that it has there, and the words that follow. */
function tableAt(place: string, tables: readonly Table[]) {
  const inFile = fileIn(place);
  const [first = "", ...others] = (inFile?.rest ?? place).split("/");
  const candidates = tables.filter(({ file }) => file === inFile?.file);
  const named = candidates.find(({ name }) => name === first);
  const before = inFile === undefined ? "" : `${inFile.file}/`;
  if (named !== undefined) return { table: named, name: `${before}${first}`, words: others };
  const [only, more] = candidates;
  if (inFile !== undefined && only !== undefined && more === undefined) {
    return { table: only, name: inFile.file, words: inFile.rest.split("/") };
  }
  mustNeedRuns(first);
  const names = candidates.map(({ name }) => `${before}${name}`);
  throw new UsageError(
    `There is no table "${before}${first}": the tables that need runs are ${names.join(", ")}.` +
      didYouMean(`${before}${first}`, names),
  );
}

/** The shortest name of a row, as `rowAt` reads it: `table3/D/384`. */
export function placeOf({ table, row }: RowPlace): string {
  const heads = headsOf(table);
  const own = heads[row - 1]!;
  const enough = own.findIndex((_, i) => rowsBeginning(heads, own.slice(0, i + 1)).length === 1);
  const words = headTexts(table)[row - 1]!.slice(0, enough + 1).map(joined);
  const isShort = words.length > 0 && words.every((word) => word && word.length <= LONGEST);
  const file = table.file === undefined ? [] : [table.file];
  return [...file, table.name, ...isShort ? words : [row]].join("/");
}

/** A row's headings in one line, only the first line of each: `D, [256;512], 384`. */
export function headInWords({ table, row }: RowPlace): string {
  return headLine(table, headed(table.rows[row - 1]!));
}

/** Numbers of the rows, from 1, that begin with these headings. */
function rowsBeginning(heads: readonly (readonly string[])[], parts: readonly string[]): number[] {
  return heads.flatMap((head, index) =>
    parts.every((part, i) => head[i] === part) ? [index + 1] : []
  );
}

/** The headings of each row, plain. */
function headsOf(table: Table): string[][] {
  return headTexts(table).map((head) => head.map(plain));
}

/** The headings of each row; they do not depend on the setup. */
function headTexts(table: Table): string[][] {
  return table.rows.map((row) => headOf(table, headed(row)));
}

/** A row with the protocol that its headings name. */
function headed(row: Row) {
  return { row, protocol: protocolOf(row.evaluations, PAPER_PROTOCOL) };
}

/** The letters and digits of a text, joined by hyphens. */
function joined(text: string): string {
  return text.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-+|-+$/g, "");
}

/** The same without regard to case. */
function plain(text: string): string {
  return joined(text).toLowerCase();
}
