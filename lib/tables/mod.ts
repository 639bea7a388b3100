/**
 * Opens tables in files of their own: TypeScript or JavaScript, which are run, and JSON, which is data.
 * The paper's tables pass the same check.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { ListedTable, Table } from "../experiment.ts";
import type { Claim } from "../results/claims.ts";
import { reading } from "../system/files.ts";
import { type CheckingSetup, tableFault } from "./check.ts";
import { claimsFault } from "./claims.ts";
import { isMeantAsStudy } from "./study.ts";
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
  /** Whether it was found in a folder, in which other files may be something else than tables. */
  readonly isFound?: boolean;
}

/** Endings of files with tables. */
const ENDING = /\.([cm]?[jt]s|json)$/;

/** Whether a file may have tables, by its name. */
export function isTableFile(name: string): boolean {
  return ENDING.test(name) && !name.endsWith(".d.ts");
}

/** Files that were opened in this process, so that their rows stay the same objects. */
const opened = new Map<string, Promise<TableFile>>();

/**
 * Opens a file's tables and claims. A file of code is run with the permissions of this process.
 *
 * @param file its absolute path
 * @throws {UserError} It cannot be read, throws, or has something else than tables; the message names
 *   the place and what was expected.
 */
export function openTableFile(file: string, opening: Opening): Promise<TableFile> {
  const found = opened.get(file) ?? open(file, opening);
  opened.set(file, found);
  return found;
}

async function open(file: string, opening: Opening): Promise<TableFile> {
  const { setup, listed, taken, word, isFound = false } = opening;
  const refuse = (fault: string) => new UserError(`Cannot read tables from "${word}": ${fault}`);
  const found = file.endsWith(".json") ? inJson(file, refuse) : await inModule(file, refuse);
  const values = isFound
    ? { ...found, tables: found.tables.filter(([, value]) => isMeantAsTable(value)) }
    : found;
  const known = new Set<unknown>(listed.map(({ rows }) => rows));
  for (const [path, value] of values.tables) {
    const at = path === "" ? "" : `${path}: `;
    if (isMeantAsStudy(value)) {
      throw refuse(`${at}it is a study; carry it out with deno task study ${word}`);
    }
    const fault = tableFault(value, setup);
    if (fault !== undefined) throw refuse(`${at}${fault}`);
    const { name, rows } = value as Table;
    if (taken.includes(name) && !known.has(rows)) {
      throw refuse(
        `${at}name: a table of the project, or another of its results, is called "${name}"; choose ` +
          "another name",
      );
    }
  }
  const tables = values.tables.map(([, value]): Table => {
    const { help: _, ...table } = value as ListedTable;
    return { ...table, file: word };
  });
  const twice = tables.find(({ name }, i) => tables.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw refuse(`two tables are called "${twice.name}"`);
  const { claims = [] } = values;
  const fault = claimsFault(claims, [...tables, ...listed]);
  if (fault !== undefined) throw refuse(`claims${fault.startsWith("[") ? "" : ": "}${fault}`);
  return { tables, claims: claims as readonly Claim[] };
}

/** Values of a file that should be tables, each with its place; and those that should be claims. */
interface Values {
  readonly tables: readonly (readonly [path: string, value: unknown])[];
  readonly claims?: unknown;
}

function inJson(file: string, refuse: Refuse): Values {
  const value = jsonIn(file, refuse);
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
    ...Object.entries(others).filter(([, value]) => isMeantAsTable(value)),
  ];
  const values = tables.map(([, value]) => value);
  return {
    tables: tables.filter(([, value], i) => values.indexOf(value) === i),
    ...claims !== undefined && { claims },
  };
}

/** Whether an export besides the default one is meant as a table; helpers may be anything else. */
function isMeantAsTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "rows" in value && "headings" in value;
}

/** Names of files in a folder that may have tables, by name. Names that begin with _ or . are left out. */
export function tableFilesIn(folder: string): string[] {
  return [...reading(folder, () => [...Deno.readDirSync(folder)])]
    .filter(({ name, isDirectory }) => !isDirectory && !/^[_.]/.test(name) && isTableFile(name))
    .map(({ name }) => name).sort();
}
