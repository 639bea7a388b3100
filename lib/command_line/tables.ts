/** Finds tables by name or in files; writes and prints their results. */
import { join } from "node:path";
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import table1 from "../../experiments/table1.ts";
import table2 from "../../experiments/table2.ts";
import { quote, UsageError, UserError } from "../errors.ts";
import type { ListedTable, Row, Table } from "../experiment.ts";
import { didYouMean } from "../did_you_mean.ts";
import { fold } from "../report/fold.ts";
import { report, writeReports } from "../report/mod.ts";
import type { Sheet } from "../report/sheet.ts";
import { warn } from "../report/warn.ts";
import type { Claim } from "../results/claims.ts";
import { exists } from "../system/files.ts";
import { type Options, pathFrom } from "./options.ts";

/** The paper's tables that need runs. */
export const PAPER_TABLES: readonly Table[] = paperTables.map(withoutHelp);

/** Every table of the project that needs runs: the paper's, then the others. */
export const TABLES: readonly Table[] = [...PAPER_TABLES, ...sideExperiments.map(withoutHelp)];

/** Tables that need no runs. */
const PRINTED: readonly string[] = [table1.name, table2.name];

/** Names that a table in a file cannot have: files of results have them. */
const TAKEN = [
  ...[...TABLES.map(({ name }) => name), ...PRINTED],
  ...["all", "tables", "protocol", "claims", "report"],
];

/** Whether a name is one of the project's tables, or of another file of results. */
export function isTakenName(name: string): boolean {
  return TAKEN.includes(name);
}

/** A table without its help text. */
function withoutHelp({ help: _help, ...table }: ListedTable): Table {
  return table;
}

/** Whether a word is the name of a table that needs runs, or of a file with tables. */
export function isTableName(word: string): boolean {
  return TABLES.some(({ name }) => name === word) || fileIn(word) !== undefined;
}

/** The file that a word begins with, as in `./mine.ts/D/384`, and what follows; nothing if it is none. */
export function fileIn(word: string): { readonly file: string; readonly rest: string } | undefined {
  const [, file, rest = ""] = /^(.*?\.(?:[cm]?[jt]s|json))(?:\/(.*))?$/s.exec(word) ?? [];
  return file === undefined ? undefined : { file, rest };
}

/** Whether a word names a file or a folder with tables, rather than a table of the project. */
export function isPath(word: string): boolean {
  return !TABLES.some(({ name }) => name === word) &&
    (fileIn(word)?.rest === "" || exists(pathFrom(word), "isDirectory"));
}

/** The options that decide what a table may be, and what rows a study has. */
type CheckingOptions = Pick<Options, "setup"> & Partial<Pick<Options, "yes" | "seeds" | "given">>;

/**
 * The tables called `words`, each once; the paper's if there are none. A word is the name of a table of
 * the project, a file with tables, or a folder of such files.
 *
 * @throws {UserError} There is no such table or file, it needs no runs, or a file has something else.
 */
export async function tablesNamed(
  words: readonly string[],
  options: CheckingOptions,
): Promise<readonly Table[]> {
  if (words.length === 0) return PAPER_TABLES;
  const found: Table[] = [];
  for (const word of new Set(words)) {
    const listed = TABLES.find(({ name }) => name === word);
    if (listed !== undefined) found.push(listed);
    else found.push(...await tablesInFiles(word, options));
  }
  const tables = [...new Set(found)];
  for (const { name, file } of tables) {
    const [one, other] = tables.filter((table) => table.name === name);
    if (other === undefined) continue;
    throw new UsageError(
      `Two tables are called "${name}", in ${quote(one!.file ?? name)} and ${
        quote(other.file ?? name)
      }: files of results are named after tables; rename one in ${quote(file ?? name)}`,
    );
  }
  return tables;
}

/** The tables of a file or a folder. @throws {UserError} There are none. */
async function tablesInFiles(word: string, options: CheckingOptions): Promise<readonly Table[]> {
  if (exists(pathFrom(word), "isDirectory")) return await tablesInFolder(word, options);
  if (fileIn(word)?.rest === "") {
    const { tables } = await opened(word, options);
    if (tables.length > 0) return tables;
    throw new UserError(
      `Cannot read tables from ${quote(word)}: ${
        word.endsWith(".json")
          ? "it has no table; write one as an object with name, caption, headings and rows"
          : "it exports no table; end it with: export default { name, caption, headings, rows }"
      }`,
    );
  }
  mustNeedRuns(word);
  if (word.includes("/")) {
    throw new UserError(`Cannot read tables from ${quote(word)}: there is no such file or folder`);
  }
  const names = TABLES.map(({ name }) => name);
  throw new UsageError(
    `There is no table "${word}": the tables that need runs are ${names.join(", ")}.` +
      (didYouMean(word, names) || " A table of your own is a file, as in ./mine.ts."),
  );
}

/** @throws {UsageError} The word is the name of a table that needs no runs. */
export function mustNeedRuns(word: string) {
  if (!PRINTED.includes(word)) return;
  throw new UsageError(`${word} needs no runs; print it with: deno task ${word}`);
}

async function tablesInFolder(word: string, options: CheckingOptions): Promise<readonly Table[]> {
  const { tableFilesIn } = await import("../tables/mod.ts");
  const names = tableFilesIn(pathFrom(word));
  const files: [string, readonly Table[]][] = [];
  for (const name of names) {
    files.push([name, (await opened(join(word, name), options, { isFound: true })).tables]);
  }
  const others = files.filter(([, tables]) => tables.length === 0).map(([name]) => name);
  if (others.length === files.length) {
    throw new UserError(
      `Cannot read tables from ${quote(word)}: no .ts, .js or .json file in it has a table`,
    );
  }
  if (others.length > 0) {
    console.error(fold(`note: no table in ${others.map(quote).join(", ")}`).join("\n"));
  }
  return files.flatMap(([, tables]) => tables);
}

/** Opens a file, by the name that the user gave it. */
async function opened(
  word: string,
  { setup, yes: isAllowed = true, seeds: [first = 0] = [], given = {} }: CheckingOptions,
  more: { readonly isFound?: true; readonly isStudy?: true } = {},
) {
  // loaded here: most commands name no file, and checking takes a library
  const [{ openTableFile }, { tableOfStudy }] = await Promise.all([
    import("../tables/mod.ts"),
    import("./study_rows.ts"),
  ]);
  const expanding = {
    setup,
    word,
    isAllowed,
    ...given.seeds === undefined && { firstSeed: first },
  };
  return await openTableFile(pathFrom(word), {
    ...{ setup, listed: TABLES, taken: TAKEN, word, variant: `from seed ${expanding.firstSeed}` },
    ...more,
    tableOf(study) {
      const unused = (["seeds", "seed"] as const).find((name) => given[name] !== undefined);
      if (study.grid.seed !== undefined && unused !== undefined) {
        throw new UsageError(
          `--${unused} does nothing here: the grid of "${word}" lists its seeds; leave --${unused} out, ` +
            "or remove grid.seed",
        );
      }
      return tableOfStudy(study, expanding);
    },
  });
}

/** @throws {UserError} A file has something else than a study, or a grid that cannot be carried out. */
export async function mustBeStudy(word: string, options: CheckingOptions) {
  await opened(word, options, { isStudy: true });
}

/** The claims of a file, and its tables. @throws {UserError} It has no claims. */
export async function claimsIn(
  word: string,
  options: CheckingOptions,
): Promise<{ readonly claims: readonly Claim[]; readonly tables: readonly Table[] }> {
  const found = await opened(word, options);
  if (found.claims.length > 0) return found;
  throw new UserError(
    `Cannot read claims from ${quote(word)}: ${
      word.endsWith(".json")
        ? "JSON has tables only; write them in a .ts file"
        : "it exports none; add: export const claims = [...]"
    }`,
  );
}

/** The project's tables, and those of the files that words name, as in `./mine.ts/D`. */
export async function tablesAround(
  words: readonly string[],
  options: CheckingOptions,
): Promise<readonly Table[]> {
  const files = words.flatMap((word) => fileIn(word)?.file ?? []);
  return files.length === 0 ? TABLES : [...TABLES, ...await tablesNamed(files, options)];
}

/** The tables among `all` that have some of these rows, without their other rows. */
export function tablesWith(rows: ReadonlySet<Row>, all: readonly Table[] = TABLES): Table[] {
  return all
    .map(({ baseline: _, ...table }) => (
      { ...table, rows: table.rows.filter((row) => rows.has(row)) }
    ))
    .filter((table) => table.rows.length > 0);
}

/** Prints sheets, and writes them as files beside the runs. @returns the exit code */
export async function publish(sheets: readonly Sheet[], options: Options): Promise<number> {
  console.log(report(sheets, options.format));
  // after them: a disk that is full hides no numbers
  await writeBeside(() => writeReports(sheets, options.results));
  return 0;
}

/**
 * Writes files beside the results, of which all is printed, and lists them. Where this user may only read that
 * folder, as another user's, it warns.
 *
 * @param write writes them, and gives their paths
 * @throws any other error, such as that of a disk that is full
 */
export async function writeBeside(write: () => readonly string[] | Promise<readonly string[]>) {
  try {
    tell(await write());
  } catch (error) {
    const { cause } = error as UserError;
    const isForbidden = error instanceof UserError && cause instanceof Error &&
      (cause instanceof Deno.errors.PermissionDenied ||
        /^Read-only file system/.test(cause.message));
    if (!isForbidden) throw error;
    const refused = error.message.replace(/;.*$/s, "");
    warn(`${refused}: this file and those after it are as they were; what is printed is new.`);
  }
}

/** Lists written files on standard error; files that differ only in their ending share a line. */
function tell(files: readonly string[]) {
  const named = Map.groupBy(files, (file) => file.replace(/\.\w+$/, ""));
  for (const [name, alike] of named) {
    const endings = alike.map((file) => file.slice(name.length + 1));
    const shown = alike.length > 1 ? `${name}.{${endings.join(",")}}` : alike[0]!;
    console.error(`written: ${shown}`);
  }
}
