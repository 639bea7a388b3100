/**
 * Verifies a bundle: every hash, and every cell of every table, recomputed from the posteriors.
 * Needs neither TensorFlow nor a store nor the data set, and trusts no number that it can recompute.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { Setup } from "../setup.ts";
import { type Origin, originOfRuns } from "../results/origin.ts";
import type { TableResult } from "../results/row_result.ts";
import { isEvaluation, type Table } from "../experiment.ts";
import { count } from "../numbers.ts";
import { runsOfRow, runsOfRows } from "../plan.ts";
import { cellsOf, csvOf } from "../report/csv.ts";
import { headLine, sheetOf } from "../report/results_sheet.ts";
import { resultsOf, type ScoredStudy } from "../results/mod.ts";
import { parsed, placeIn } from "../store/run_files.ts";
import { type OpenArchive, openArchive, SUMS } from "./archive.ts";
import {
  type BundlePlan,
  contextsIn,
  csvName,
  ENVIRONMENT,
  LINEAGE,
  PLAN,
  posteriorsName,
  readPlan,
  runsIn,
  scoreNames,
} from "./contents.ts";
import { cardIn, cardName, testedNets } from "./cards.ts";
import { checkNames, type KnownNames } from "./names.ts";
import type { Note, Problem } from "./problems.ts";
import { OpenedBundle } from "./read.ts";
import { checkRecords } from "./training_records.ts";

/** The result of a verification. */
export interface Verification {
  readonly plan: BundlePlan;
  readonly problems: readonly Problem[];
  /** What cannot be verified. */
  readonly notes: readonly Note[];
  /** Number of files whose hashes were checked, and of recomputed cells. */
  readonly files: number;
  readonly cells: number;
  /** The tables as they were recomputed; those without a CSV of their columns and rows are left out. */
  readonly results: readonly TableResult[];
  /** `[images]`: labels in the first evaluation; absent if none could be read. */
  readonly labels?: Int32Array;
  /** Where its runs were carried out; where it was written, if no run says so. */
  readonly origin: Origin;
  /** SHA-256 of SHA256SUMS. */
  readonly fingerprint: string;
}

/** Options of a verification. */
export interface VerifyOptions extends Pick<KnownNames, "setupNamed"> {
  /** The paper's setup, for departures. */
  readonly paper: Setup;
  /** Tables that the bundle's are compared with, whose studies are of this setup. */
  readonly tablesUnder: (setup: Setup | undefined) => Promise<readonly Table[]>;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Verifies a bundle.
 *
 * @throws {UserError} The file is not a bundle, or a part of it cannot be read.
 */
export async function verifyBundle(file: string, options: VerifyOptions): Promise<Verification> {
  using archive = await openArchive(file);
  const altered = checkHashes(archive, options.onProgress);
  const plan = readPlan(archive.text(PLAN), file);
  const bundle = new OpenedBundle(archive, plan);
  const input = { archive, bundle, plan, paper: options.paper };
  const tables = plan.tables.map((table) => checkTable(table, input));
  const { setupNamed } = options;
  const known = await options.tablesUnder(setupNamed(plan.setup.name, plan.setup.changes));
  const names = checkNames(plan, { setupNamed, tables: known });
  const reported = new Set(altered.map(({ file, reason }) => `${file} ${reason}`));
  const records = checkRecords(archive, plan, (run) => bundle.status(run).state === "done")
    .filter((problem) => !("file" in problem && reported.has(`${problem.file} ${problem.reason}`)));
  const copies = bundle.copies();
  const others = [
    ...altered,
    ...names.problems,
    ...records,
    ...copies,
    ...tables.flatMap(({ problems }) => problems),
  ];
  // a card of numbers that are wrong is wrong with them
  const cards = others.length === 0 ? checkCards(input) : { problems: [], notes: [] };
  bundle.mustHaveBeenReadable();
  const { labels } = bundle;
  return {
    plan,
    problems: [...others, ...cards.problems],
    notes: [
      ...names.notes,
      ...tables.flatMap(({ notes }) => notes),
      ...cards.notes,
      ...bundle.rightClasses(),
      ...unverified(input),
    ],
    files: archive.entries.size - 1,
    cells: tables.reduce((sum, { cells }) => sum + cells, 0),
    results: tables.flatMap(({ result }) => result ?? []),
    ...labels && { labels },
    origin: originIn(input),
    fingerprint: archive.hash(SUMS),
  };
}

/** Compares every file with its hash. */
function checkHashes(
  archive: OpenArchive,
  onProgress: NonNullable<VerifyOptions["onProgress"]> = () => {},
): (Problem & { readonly kind: "file" })[] {
  const lines = archive.text(SUMS).split("\n").filter((line) => line !== "").map((line) => {
    const [, hash, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (hash !== undefined && name !== undefined) return [name, hash] as const;
    throw new UserError(
      `Cannot read "${archive.file}" as a bundle: a line of its ${SUMS} is not a hash`,
    );
  });
  const listed = new Map(lines);
  const twice = lines.filter(([name], i) => lines.findIndex(([other]) => other === name) < i);
  const files = [...archive.entries.values()].filter(({ name }) => name !== SUMS);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const problem = (file: string, reason: string) => ({ kind: "file", file, reason }) as const;
  const found = files.flatMap(({ name }) => {
    const expected = listed.get(name);
    if (expected === undefined) return [problem(name, `is not in ${SUMS}`)];
    const hash = archive.hash(name, (count) => onProgress(done += count, total));
    return hash === expected ? [] : [problem(name, `was altered: ${SUMS} has another hash`)];
  });
  const missing = [...listed.keys()].filter((name) => !archive.entries.has(name));
  return [
    ...found,
    ...missing.map((name) => problem(name, "is missing")),
    ...twice.map(([name]) => problem(name, `is listed twice in ${SUMS}`)),
  ];
}

/** Computes the cards of nets again. A bundle of a version before cards has none. */
function checkCards(
  { archive, bundle, plan, paper }: VerifyInput,
): { problems: Problem[]; notes: Note[] } {
  const runs = runsIn(plan);
  const nets = testedNets(runs, (run) => bundle.status(run).state === "done");
  const [there, missing] = [true, false].map((wanted) =>
    nets.filter((net) => archive.entries.has(cardName(net)) === wanted)
  );
  const { dataset: { train, val, ...dataset }, setup } = plan;
  const sizes = { train: { length: train }, val: { length: val } };
  const study = { setup, paper, dataset: { ...dataset, ...sizes }, store: bundle };
  const wrong = there!.filter((net) => archive.text(cardName(net)) !== cardIn(net, runs, study));
  return {
    problems: wrong.map((net) => (
      { kind: "file", file: cardName(net), reason: "is not the card that follows from the rest" }
    )),
    notes: missing!.length === 0 ? [] : [
      note(
        `${count(missing!.length, "net")} without a card, as versions before cards wrote them`,
      ),
    ],
  };
}

/** Notes on entries that the plan does not mention, and on what no bundle can prove. */
function unverified({ archive, plan }: VerifyInput): Note[] {
  const expected = new Set([
    ...[PLAN, LINEAGE, ENVIRONMENT, SUMS],
    ...plan.tables.map(csvName),
    ...runsIn(plan).flatMap((run) => [
      ...["recipe.json", "log.jsonl", "diverged.json", "environment.json"]
        .map((name) => `${placeIn(run)}/${name}`),
      isEvaluation(run.run) ? posteriorsName(run, plan) : cardName(run),
    ]),
    ...runsOfRows(plan.tables, contextsIn(plan)).flatMap((runs) => scoreNames(runs, plan)),
  ]);
  const { testScores = [] } = plan;
  return [
    ...[...archive.entries.keys()].filter((name) => !expected.has(name))
      .map((name) => note(`${name} is not part of the plan and was not checked`)),
    ...testScores.map(({ top5, images }) =>
      note(`a top-5 error of ${top5} % on ${images} test images is as the writer reports it`)
    ),
    note(
      "that the posteriors, labels, losses and environments come from the runs and the data set in " +
        "the plan cannot be verified",
    ),
  ];
}

/** Everything from which tables are recomputed. */
interface VerifyInput {
  readonly archive: OpenArchive;
  readonly bundle: OpenedBundle;
  readonly plan: BundlePlan;
  readonly paper: Setup;
}

/** Where the runs of a bundle were carried out, or else where it was written. */
function originIn({ archive, bundle, plan }: VerifyInput): Origin {
  const found = originOfRuns(runsIn(plan).flatMap((run) => bundle.readExecutions(run)));
  if (found.machines.length > 0) return found;
  return originOfRuns(archive.entries.has(ENVIRONMENT) ? [parsed(archive.text(ENVIRONMENT))] : []);
}

/** Recomputes a table and compares it, cell by cell, with its CSV. */
function checkTable(
  table: Table,
  input: VerifyInput,
): { problems: Problem[]; notes: Note[]; cells: number; result?: TableResult } {
  const file = csvName(table);
  const refuse = (reason: string) => ({
    problems: [{ kind: "file", file, reason } as const],
    ...{ notes: [], cells: 0 },
  });
  if (!input.archive.entries.has(file)) return refuse("is missing");
  const rows = table.rows.map((_, index) => computeRow(index, table, input));
  const whole = { ...rows[0]!.result, table, rows: rows.map(({ result }) => result.rows[0]!) };
  const { records } = sheetOf(whole);
  const computed = csvOf(records);
  // rows of a study are in the order of their errors
  const lineOf = new Map(records.map(({ row }, line) => [row, line]));
  const text = input.archive.text(file);
  const [header = [], ...lines] = cellsOf(computed);
  const [foundHeader = [], ...foundLines] = cellsOf(text);
  if (JSON.stringify(foundHeader) !== JSON.stringify(header)) {
    return refuse(`does not have the computed columns: ${header.join(", ")}`);
  }
  if (foundLines.length !== lines.length) {
    return refuse(`has ${foundLines.length} rows instead of ${lines.length}`);
  }
  const problems = rows.flatMap(({ result, reason }, index): Problem[] => {
    const head = headLine(table, result.rows[0]!);
    const place = { table: table.name, row: index + 1, head };
    const line = lineOf.get(index + 1)!;
    const [found, recomputed] = [foundLines[line]!, lines[line]!];
    // A row without numbers claims no result.
    if (reason !== undefined && found[header.indexOf("top1_error")] !== "") {
      return [{ kind: "row", ...place, reason }];
    }
    return header.flatMap((column, i) => {
      const pair = { found: found[i] ?? "", recomputed: recomputed[i] ?? "" };
      return pair.found === pair.recomputed ? [] : [{ kind: "cell", ...place, column, ...pair }];
    });
  });
  if (problems.length === 0 && text !== `${computed}\n`) {
    problems.push({ kind: "file", file, reason: "has more than the computed cells" });
  }
  const notes = table.rows.flatMap((row, i) => input.bundle.openResults(row, i, table));
  return { problems, notes, cells: header.length * lines.length, result: whole };
}

/** A table of one row, and the reason if its numbers cannot be computed. */
interface ComputedRow {
  readonly result: TableResult;
  readonly reason?: string;
}

/**
 * Computes a row by itself, or with the table's baseline, so that damage to one row does not affect the
 * others.
 */
function computeRow(
  index: number,
  table: Table,
  { bundle, plan, paper }: VerifyInput,
): ComputedRow {
  const row = table.rows[index]!;
  const { baseline, ...alone } = table;
  const other = baseline === index + 1 ? undefined : table.rows[(baseline ?? 0) - 1];
  const part = other ? { ...table, rows: [row, other], baseline: 2 } : { ...alone, rows: [row] };
  const { setup, dataset } = plan;
  const contexts = contextsIn(plan);
  const sizes = { train: { length: dataset.train }, val: { length: dataset.val } };
  function computed(store: ScoredStudy["store"]): TableResult {
    const study = { setup, paper, store, dataset: { ...dataset, ...sizes }, contexts };
    const { testScores = [] } = plan;
    return resultsOf([part], { ...study, testScores })[0]!;
  }

  const missing = runsOfRow(row, contexts).flatMap((runs) => bundle.missing(runs));
  if (missing.length > 0) {
    return { result: computed(NOTHING), reason: `${missing.join(", ")} missing` };
  }
  const result = computed(bundle);
  const { status, reason = "" } = result.rows[0]!.comparison ?? {};
  return { result, ...status === "left out" && { reason } };
}

/** An empty store. */
const NOTHING = {
  statuses: (runs: readonly unknown[]) => runs.map(() => ({ state: "todo" as const })),
  readLog: () => [],
  readDivergence: () => undefined,
  scoresOf() {
    throw new TypeError("Cannot score an empty store");
  },
};

function note(reason: string): Note {
  return { kind: "note", reason };
}
