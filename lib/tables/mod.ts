/**
 * Opens tables in files of their own: TypeScript or JavaScript, which are run, and JSON, which is data.
 * A study is a table with a row for each combination. The paper's tables pass the same check.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { ListedTable, Table } from "../experiment.ts";
import type { Claim } from "../results/claims.ts";
import { reading } from "../system/file_errors.ts";
import { listed } from "../system/files.ts";
import { type CheckingSetup, tableFault } from "./check.ts";
import { claimsFault } from "./claims.ts";
import { type GridStudy, isMeantAsStudy, studyFault } from "./study.ts";
import { withNames } from "./own_net.ts";
import { exportsOf, jsonIn, type Refuse } from "./values.ts";

/** What a file has. */
export interface TableFile {
  /** Each with the file's name. */
  readonly tables: readonly Table[];
  /** About rows of these tables or of the listed ones. */
  readonly claims: readonly Claim[];
}

/** What a file may not take, and what its nets must fit. */
export interface Opening {
  readonly setup: CheckingSetup;
  /** The project's own tables. */
  readonly listed: readonly Table[];
  /** Names that files of results have already. */
  readonly taken: readonly string[];
  /** The file's name as the user wrote it, for messages and commands. */
  readonly word: string;
  /** Makes a study a table with a row for each combination. */
  readonly tableOf: (study: GridStudy) => Table | Promise<Table>;
  /** What else decides how studies become tables; nothing if absent. */
  readonly variant?: string;
  /** Whether it was found in a folder, in which other files may be something else than tables. */
  readonly isFound?: boolean;
  /** Whether it has to be a study. */
  readonly isStudy?: boolean;
}

/** Endings of files with tables. */
const ENDING = /\.([cm]?[jt]s|json)$/;

/** Whether a file may have tables, by its name. */
export function isTableFile(name: string): boolean {
  return ENDING.test(name) && !name.endsWith(".d.ts");
}

/** Files that were opened in this process, so that their rows stay the same objects. */
const opened = new Map<
  string,
  Pick<Opening, "setup" | "variant"> & {
    readonly found: Promise<TableFile>;
  }
>();

/**
 * Opens a file's tables and claims. A file of code is run with the permissions of this process.
 *
 * @param file its absolute path
 * @throws {UserError} It cannot be read, throws, or has something else than tables; the message names
 *   the place and what was expected.
 */
export function openTableFile(file: string, opening: Opening): Promise<TableFile> {
  const { setup, variant } = opening;
  const known = opened.get(file);
  if (known?.setup === setup && known.variant === variant) return known.found;
  const found = open(file, opening);
  opened.set(file, { setup, ...variant !== undefined && { variant }, found });
  return found;
}

async function open(file: string, opening: Opening): Promise<TableFile> {
  const { setup, listed, taken, word, tableOf, isFound = false, isStudy = false } = opening;
  const refusal = (what: string): Refuse => (fault) =>
    new UserError(`Cannot read ${what} from "${word}": ${fault}`);
  const ofStudy = refusal("a study");
  const refuse = isStudy ? ofStudy : refusal("tables");
  const found = file.endsWith(".json") ? inJson(file, refuse) : await inModule(file, refuse);
  const values = isFound
    ? {
      ...found,
      tables: found.tables.filter(([, value]) => isMeantAsTable(value) || isMeantAsStudy(value)),
    }
    : found;
  if (isStudy && values.tables.length === 0) {
    throw refuse(
      "it has no default export; end it with: export default study({ name, caption, grid })",
    );
  }
  const known = new Set<unknown>(listed.map(({ rows }) => rows));
  function mustBeFree(name: string, at: string, refuse: Refuse) {
    if (!taken.includes(name)) return;
    throw refuse(
      `${at}name: a table of the project, or another of its results, is called "${name}"; choose ` +
        "another name",
    );
  }
  async function tableIn(path: string, value: unknown): Promise<Table> {
    const at = path === "" ? "" : `${path}: `;
    if (isMeantAsStudy(value) || isStudy && !hasRows(value)) {
      const place = path === "default" ? "" : at;
      const fault = await studyFault(value);
      if (fault !== undefined) throw ofStudy(`${place}${fault}`);
      mustBeFree((value as GridStudy).name, place, ofStudy);
      return { ...await tableOf(value as GridStudy), file: word };
    }
    if (isStudy) throw refuse(`it is a table; carry it out with deno task table ${word}`);
    const fault = await tableFault(value, setup);
    if (fault !== undefined) throw refuse(`${at}${fault}`);
    const { help: _, ...table } = value as ListedTable;
    if (!known.has(table.rows)) mustBeFree(table.name, at, refuse);
    return { ...table, file: word };
  }
  const tables: Table[] = [];
  for (const [path, value] of values.tables) tables.push(await tableIn(path, value));
  const twice = tables.find(({ name }, i) => tables.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw refuse(`two tables are called "${twice.name}"`);
  const { claims } = values;
  if (claims === undefined) return { tables, claims: [] };
  const fault = await claimsFault(claims, [...tables, ...listed]);
  if (fault !== undefined) throw refuse(`claims${fault.startsWith("[") ? "" : ": "}${fault}`);
  return { tables, claims: claims as readonly Claim[] };
}

/** Values of a file that should be tables, each with its place; and those that should be claims. */
interface Values {
  readonly tables: readonly (readonly [path: string, value: unknown])[];
  readonly claims?: unknown;
}

function inJson(file: string, refuse: Refuse): Values {
  const value = withNames(jsonIn(file, refuse));
  const withoutSchema = (value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const { $schema: _, ...table } = value as { $schema?: string };
    return table;
  };
  return {
    tables: Array.isArray(value)
      ? value.map((table, i) => [`[${i}]`, withoutSchema(table)])
      : [["", withoutSchema(value)]],
  };
}

async function inModule(file: string, refuse: Refuse): Promise<Values> {
  const { default: main, claims, ...others } = await exportsOf(file, refuse);
  const tables: [string, unknown][] = [
    ...Array.isArray(main)
      ? main.map((table, i): [string, unknown] => [`default[${i}]`, table])
      : main === undefined
      ? []
      : [["default", main] as [string, unknown]],
    ...Object.entries(others).filter(([, value]) => isMeantAsTable(value) || isNamedStudy(value)),
  ];
  const values = tables.map(([, value]) => value);
  return {
    tables: tables.filter(([, value], i) => values.indexOf(value) === i),
    ...claims !== undefined && { claims },
  };
}

/** Whether an export besides the default one is meant as a table; helpers may be anything else. */
function isMeantAsTable(value: unknown): boolean {
  return hasRows(value) && "headings" in (value as object);
}

function hasRows(value: unknown): boolean {
  return typeof value === "object" && value !== null && "rows" in value;
}

/** Whether an export besides the default one is meant as a study. */
function isNamedStudy(value: unknown): boolean {
  return isMeantAsStudy(value) && "name" in (value as object) && "caption" in (value as object);
}

/** Names of files in a folder that may have tables, by name. Names that begin with _ or . are left out. */
export function tableFilesIn(folder: string): string[] {
  return reading(folder, () => listed(folder))
    .filter(({ name, isDirectory }) => !isDirectory && !/^[_.]/.test(name) && isTableFile(name))
    .map(({ name }) => name).sort();
}
