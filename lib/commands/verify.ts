/** `verify`: computes the tables of a bundle again. */
import { setups } from "../../experiments/mod.ts";
import { UsageError } from "../errors.ts";
import type { Problem, Verification } from "../bundle/verify.ts";
import { progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { TABLES } from "../command_line/tables.ts";
import { count } from "../numbers.ts";

/** Problems that are told one by one; more are counted. */
const MOST = 20;

/**
 * Prints whether a bundle agrees with itself.
 *
 * @returns the exit code: 0 where all agrees, else 1
 * @throws {UserError} It is no bundle.
 */
export async function verify([word]: readonly string[], { format }: Options): Promise<number> {
  if (word === undefined) throw new UsageError("verify needs a bundle: deno task verify FILE.zip");
  const { verifyBundle } = await import("../bundle/verify.ts");
  const bars = progressBars();
  const bar = bars.bar("check hashes", { unit: "bytes" });
  const verdict = await verifyBundle(pathFrom(word), {
    paper: setups.paper,
    onProgress: bar.update,
  }).finally(bars.stop);
  const { problems } = verdict;
  const lines = format === "csv" || format === "json"
    ? [listing({ title: "", records: problems.map(recordOf), columns: [] }, format)]
    : [...aboutBundle(verdict), ...problems.slice(0, MOST).map(inWords), conclusion(verdict)];
  console.log(lines.map(printable).join("\n"));
  return problems.length === 0 ? 0 : 1;
}

/** What was checked. */
function aboutBundle({ plan, files, fingerprint }: Verification): string[] {
  const { setup, dataset, seeds, small, tables } = plan;
  const changed = tables.filter((table) => {
    const own = TABLES.find(({ name }) => name === table.name);
    return JSON.stringify(own) !== JSON.stringify(table);
  }).map(({ name }) => name);
  return [
    `${tables.map(({ name }) => name).join(" ")}: setup "${setup.name}", ${dataset.name} ` +
    `(${dataset.classes.length} classes, ${dataset.val} validation images), ` +
    `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(" ")}; ` +
    (small ? "the five highest classes of each image" : "posteriors"),
    `${files} files, fingerprint ${fingerprint}`,
    ...changed.length === 0 ? [] : [
      `note: ${changed.join(" ")} not as in this version of verydeep: other rows, or other ` +
      "published numbers",
    ],
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
  { kind: "file", one: "file is not what it should be", many: "files are not what they should be" },
  { kind: "row", one: "row cannot be computed", many: "rows cannot be computed" },
  { kind: "cell", one: "of cells differs", many: "of cells differ" },
] as const;

/** A problem in a line. */
function inWords(problem: Problem): string {
  if (problem.kind === "file") return `${problem.file} ${problem.reason}`;
  const place = `${problem.table}, row ${problem.row} (${problem.head})`;
  if (problem.kind === "row") return `${place} cannot be computed: ${problem.reason}`;
  const { column, found, recomputed } = problem;
  const shown = (text: string) => text === "" ? "nothing" : text;
  return `${place}, ${column}: the CSV has ${shown(found)}, computed is ${shown(recomputed)}`;
}

/** A problem with the same fields whatever its kind. */
function recordOf(problem: Problem) {
  const none = {
    ...{ file: undefined, table: undefined, row: undefined, head: undefined, column: undefined },
    ...{ found: undefined, recomputed: undefined, reason: undefined },
  };
  const { kind, ...rest } = problem;
  return { kind, ...none, ...rest };
}

/** A line without letters that a terminal would obey: bundles are strangers' files. */
function printable(line: string): string {
  return line.replace(/[^\P{C}\n]/gu, "\ufffd");
}
