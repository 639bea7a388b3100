/** `verify`: computes the tables of a bundle again. */
import { setups } from "../../experiments/mod.ts";
import { UsageError, UserError } from "../errors.ts";
import type { Note, Problem } from "../bundle/problems.ts";
import type { Verification } from "../bundle/verify.ts";
import { progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import type { FlatRecord } from "../report/records.ts";
import type { Setup } from "../setup.ts";
import { withChanges } from "../command_line/overrides.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { TABLES, tablesNamed } from "../command_line/tables.ts";
import { count } from "../numbers.ts";

/** Problems that are told one by one; more are counted. */
const MOST = 20;

/**
 * Prints whether a bundle agrees with itself.
 *
 * @returns the exit code: 0 where all agrees, else 1
 * @throws {UserError} It is no bundle.
 */
export async function verify(words: readonly string[], options: Options): Promise<number> {
  const [word, ...names] = words;
  const { format } = options;
  if (word === undefined) throw new UsageError("verify needs a bundle: deno task verify FILE.zip");
  const found = await verified(word, names, options);
  const { problems, notes } = found;
  const records = [...problems, ...notes].map(recordOf);
  if (format === "csv" || format === "json") {
    const columns = FIELDS.map((field) => ({ field }));
    console.log(withoutOrders(listing({ title: "", records, columns }, format)));
  } else {
    const lines = [
      ...aboutBundle(found),
      ...problems.slice(0, MOST).map(inWords),
      ...notes.slice(0, MOST).map(inWords),
      ...notes.length > MOST ? [`and ${notes.length - MOST} more notes`] : [],
      conclusion(found),
      "As a line of REPRODUCED.md:",
      (await import("../bundle/log_line.ts")).logLineOf(found),
    ];
    console.log(lines.map((line) => withoutOrders(line.replaceAll("\n", "\ufffd"))).join("\n"));
  }
  return problems.length === 0 ? 0 : 1;
}

/**
 * Verifies a bundle with a progress bar; `names` are tables of the user's own that it may have.
 *
 * @throws {UserError} It is no bundle.
 */
export async function verified(
  word: string,
  names: readonly string[],
  options: Options,
): Promise<Verification> {
  const { verifyBundle } = await import("../bundle/verify.ts");
  const tablesUnder = async (setup: Setup | undefined) => {
    if (names.length === 0) return TABLES;
    const own = await tablesNamed(names, { ...options, setup: setup ?? options.setup });
    const study = own.find(({ study }) => study !== undefined);
    if (setup === undefined && study !== undefined) {
      throw new UserError(
        `Cannot compare the study "${study.name}" with the bundle's: its rows are those of a setup, and ` +
          "the bundle's is not one of this version's; name its file, as in --setup ./mine.json",
      );
    }
    return [...new Set([...TABLES, ...own])];
  };
  const bars = progressBars();
  const bar = bars.bar("check hashes", { unit: "bytes" });
  return await verifyBundle(pathFrom(word), {
    ...{ paper: setups.paper, tablesUnder },
    setupNamed: (name, changes) => setupNamed(name, changes, options),
    onProgress: bar.update,
  }).finally(bars.stop);
}

/** What was checked. */
function aboutBundle({ plan, files, fingerprint }: Verification): string[] {
  const { setup, dataset, seeds, small, tables } = plan;
  return [
    `${tables.map(({ name }) => name).join(" ")}: setup "${setup.name}", ${dataset.name} ` +
    `(${dataset.classes.length} classes, ${dataset.val} validation images), ` +
    `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(" ")}; ` +
    (small ? "the five highest classes of each image" : "posteriors"),
    `${files} files, fingerprint ${fingerprint}`,
  ];
}

function conclusion({ plan, problems, cells }: Verification): string {
  const tables = count(plan.tables.length, "table");
  if (problems.length === 0) return `${count(cells, "cell")} of ${tables} agree.`;
  const parts = KINDS.flatMap(({ kind, one, many }) => {
    const number = problems.filter((problem) => problem.kind === kind).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  }).map((part) => part.replace("cells", count(cells, "cell")));
  const more = problems.length > MOST ? `and ${problems.length - MOST} more. ` : "";
  return `${more}It does not agree: ${parts.join(", ")}.`;
}

/** What there may be one of, or many. */
const KINDS = [
  { kind: "file", one: "file is wrong", many: "files are wrong" },
  { kind: "name", one: "name is wrong", many: "names are wrong" },
  { kind: "row", one: "row cannot be computed", many: "rows cannot be computed" },
  { kind: "cell", one: "of cells differs", many: "of cells differ" },
] as const;

/** A problem in a line. */
export function inWords(problem: Problem | Note): string {
  if (problem.kind === "note") return `note: ${problem.reason}`;
  if (problem.kind === "file") return `${problem.file} ${problem.reason}`;
  if (problem.kind === "name") return `${problem.file}: ${problem.reason}`;
  const place = `${problem.table}, row ${problem.row} (${problem.head})`;
  if (problem.kind === "row") return `${place} cannot be computed: ${problem.reason}`;
  const { column, found, recomputed } = problem;
  const shown = (text: string) => text === "" ? "nothing" : text;
  return `${place}, ${column}: the CSV has ${shown(found)}, computed is ${shown(recomputed)}`;
}

/** Fields of a problem or a note. */
const FIELDS = [
  ...["kind", "file", "table", "row", "head", "column", "found", "recomputed", "reason"],
] as const;

/** A problem or a note with the same fields whatever its kind. */
function recordOf(problem: Problem | Note): FlatRecord {
  return { ...Object.fromEntries(FIELDS.map((field) => [field, undefined])), ...problem };
}

/**
 * A setup of this version, or the user's own, with changes; undefined if there is none, or the changes do
 * not fit.
 */
function setupNamed(
  name: string,
  changes: string | undefined,
  { setup: own }: Pick<Options, "setup">,
): Setup | undefined {
  const named = [...Object.values(setups), own].find((setup) => setup.name === name);
  if (named === undefined || changes === undefined) return named;
  try {
    return withChanges(named, changes);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** A text without letters that a terminal would obey: bundles are strangers' files. */
export function withoutOrders(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, "\ufffd");
}
