/** `why`: where a run or a table's row comes from, and which command makes it. */
import { executionInWords } from "../system/environment.ts";
import { UsageError, UserError } from "../errors.ts";
import {
  nearestRun,
  originOf,
  recipeFields,
  type RowPlace,
  rowsOn,
  shortened,
  withAncestors,
} from "../results/lineage.ts";
import {
  actionLabel,
  type Errors,
  isEvaluation,
  isImported,
  type Published,
} from "../experiment.ts";
import { plan, type PlannedRun } from "../plan.ts";
import { fieldsOf } from "../results/protocol.ts";
import { fold } from "../report/fold.ts";
import type { ReportFormat } from "../report/formats.ts";
import { type Listing, listing } from "../report/listing.ts";
import type { RecordValue } from "../report/records.ts";
import { errorsOfRuns } from "../results/run_errors.ts";
import type { Store } from "../store/mod.ts";
import type { LogEntry } from "../vgg/checkpoint.ts";
import { differenceColumns } from "./diff.ts";
import {
  commandFor,
  find,
  heirsOf,
  type Library,
  openLibrary,
  runsAt,
} from "../command_line/find_run.ts";
import { tableLine } from "../command_line/suggested_commands.ts";
import type { Options } from "../command_line/options.ts";
import { headInWords, placeOf } from "../command_line/row_names.ts";

/** An explanation, for people and for programs. */
interface Explanation {
  /** Lines before the listings. */
  readonly lines: readonly string[];
  readonly listings: readonly Listing[];
  readonly data: object;
}

/**
 * Prints where the run or the row that the word names comes from.
 *
 * @throws {UserError} There is no such run or row, or there are several.
 */
export async function why(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === undefined) {
    throw new UsageError("why needs the key of a run or a row of a table, as in table3/D/384");
  }
  const library = await openLibrary(words, options);
  const found = find(word, library);
  const answer = "run" in found
    ? aboutRun(found.run, library, options)
    : aboutRow(found.place, library, options);
  console.log(drawn(answer, options.format));
  return 0;
}

function drawn({ lines, listings, data }: Explanation, format: ReportFormat): string {
  if (format === "json") return JSON.stringify(data, null, 2);
  if (format === "csv") {
    const records = [...fieldsOf(data)].map(([field, value]) => ({ field, value }));
    return listing({ title: "", records, columns: [] }, format);
  }
  const head = format === "markdown" ? lines.join("\n\n") : lines.join("\n");
  return [head, ...listings.map((list) => listing(list, format))].join("\n\n");
}

/** Everything about a run, for programs. */
function factsOf(run: PlannedRun, library: Library, options: Options) {
  const { store, runs, tables } = library;
  const summaries = (runs: readonly PlannedRun[]) => runs.map((each) => summaryOf(each, library));
  const command = commandFor(run, options, library);
  const result = resultOf(run, library);
  const nearest = nearestRun(run, runs);
  return {
    ...{ key: run.key, name: actionLabel(run.run), seed: run.context.seed },
    ...store.status(run),
    folder: store.folderOf(run),
    ...command !== undefined && { command },
    ...result && { result },
    recipe: { run: run.run, ...run.context },
    executions: store.readExecutions(run),
    lineage: summaries(withAncestors(run)),
    heirs: summaries(heirsOf(run, library)),
    rows: rowsOn(run, tables).map((place) => ({ place: placeOf(place), row: headInWords(place) })),
    ...nearest && {
      nearest: {
        key: nearest.planned.key,
        name: actionLabel(nearest.planned.run),
        differences: nearest.differences,
      },
    },
  };
}

function aboutRun(run: PlannedRun, library: Library, options: Options): Explanation {
  const data = factsOf(run, library, options);
  const { state, detail, command, result, executions } = data;
  return {
    data,
    lines: [
      `${data.name}  (${run.key}, seed ${data.seed})`,
      `${state}${detail === undefined ? "" : `: ${detail}`}`,
      ...result ? [resultInWords(result)] : [],
      ...state === "todo" ? [] : [`folder: ${data.folder}`],
      command === undefined ? unmade(run) : `made by ${command}`,
      ...executions.flatMap((execution) => fold(executionInWords(execution))),
    ],
    listings: listingsOf(run, data),
  };
}

/** Why no command here makes a run. */
function unmade({ run }: PlannedRun): string {
  return "init" in run && isImported(run.init)
    ? "Its weights come from a file; deno task evaluate --weights FILE imports them."
    : "It needs other options: another setup, data set or version.";
}

/** Lists about a run, without empty ones. */
function listingsOf(run: PlannedRun, facts: ReturnType<typeof factsOf>): Listing[] {
  const { lineage, heirs, rows, nearest } = facts;
  const recipe = [...recipeFields(run)].map(([field, value]) => ({ field, value }));
  const differences = nearest?.differences.map((difference) => ({ ...difference })) ?? [];
  return [
    { title: "Lineage, nearest first", records: lineage, columns: columnsOf("begins") },
    { title: "Runs that start from it", records: heirs, columns: columnsOf() },
    { title: "Table rows that use it", records: rows, columns: namedColumns("place", "row") },
    { title: "Recipe", records: recipe, columns: namedColumns("field", "value") },
    {
      title: `Nearest other run: ${nearest?.name} (${nearest?.key})`,
      records: differences,
      columns: differenceColumns(run.key, nearest?.key ?? ""),
    },
  ].filter(({ records }) => records.length > 0);
}

/** A result that cannot be computed, and why. */
interface Fault {
  readonly fault: string;
}

/** The result of a run so far: the errors of an evaluation, or the last line of a training's log. */
function resultOf(planned: PlannedRun, { store }: Library): Errors | Fault | LogEntry | undefined {
  if (!isEvaluation(planned.run)) return store.lastLogged(planned);
  const isDone = store.status(planned).state === "done";
  return isDone ? errorsOrFault([planned], store) : undefined;
}

/** Errors of the mean of evaluations, or why they cannot be computed. */
function errorsOrFault(runs: readonly PlannedRun[], store: Store): Errors | Fault {
  try {
    return errorsOfRuns(runs, store.scoresOf(runs));
  } catch (error) {
    if (error instanceof UserError) return { fault: error.message };
    throw error;
  }
}

function resultInWords(result: Errors | Fault | LogEntry): string {
  if ("fault" in result) return result.fault;
  if ("top1" in result) return `measured: ${errorsInWords(result)}`;
  const { step, loss, validation } = result;
  const errors = validation ? `; ${errorsInWords(validation)} in validation` : "";
  return `log: loss ${loss.toFixed(3)} at step ${step}${errors}`;
}

/** Explains a row; if it needs one run only, it explains that run. */
function aboutRow(place: RowPlace, library: Library, options: Options): Explanation {
  const { table, row } = place;
  const evaluations = runsAt(place, library);
  const { published = {} } = table.rows[row - 1]!;
  const command = evaluations.length > 0 ? tableLine(table, options) : undefined;
  const lines = [
    `${table.name}, row ${row}: ${headInWords(place)}`,
    ...publishedInWords(published),
  ];
  const data = { place: placeOf(place), row, published, ...command && { command } };
  if (evaluations.length === 0) {
    const reason = table.rows[row - 1]!.evaluations.length > 0
      ? "Without the data set, the keys of its runs are unknown."
      : "A result of others: it has no run here.";
    return { lines: [...lines, reason], listings: [], data: { ...data, runs: [] } };
  }
  if (evaluations.length === 1) {
    const { lines: more, listings, data: run } = aboutRun(evaluations[0]!, library, options);
    return { lines: [...lines, "", ...more], listings, data: { ...data, runs: [run] } };
  }

  const chosen: typeof table = { ...table, rows: [table.rows[row - 1]!] };
  const runs = plan([chosen], library.contexts).map((run) => summaryOf(run, library));
  const left = runs.filter(({ state }) => state !== "done").length;
  return {
    lines: [
      ...lines,
      ...measuredLines(evaluations, library),
      `the mean posterior of ${evaluations.length} evaluations; ` +
      (left === 0
        ? "all of its runs are done"
        : `${left} of its ${runs.length} runs are still to do`),
      `made by ${command}`,
    ],
    listings: [{
      title: "Its runs, ancestors first",
      records: runs,
      columns: columnsOf("begins"),
      notes: ["deno task why KEY explains a run."],
    }],
    data: { ...data, runs },
  };
}

/** The errors of a row's mean posteriors, seed by seed, if all of its evaluations are done. */
function measuredLines(evaluations: readonly PlannedRun[], { store }: Library): string[] {
  const seeds = Map.groupBy(evaluations, ({ context }) => context.seed);
  return [...seeds].flatMap(([seed, runs]) => {
    if (runs.some((run) => store.status(run).state !== "done")) return [];
    const name = seeds.size > 1 ? `measured, seed ${seed}` : "measured";
    const result = errorsOrFault(runs, store);
    return [`${name}: ${"fault" in result ? result.fault : errorsInWords(result)}`];
  });
}

/** A run in a list. */
function summaryOf(planned: PlannedRun, { store }: Library) {
  const { key, run, context: { seed, train } } = planned;
  const { state } = store.status(planned);
  return { run: actionLabel(run), key, seed, state, begins: originOf(run, train) };
}

function namedColumns(...fields: readonly string[]) {
  return fields.map((field) => ({ field }));
}

function columnsOf(...more: readonly "begins"[]) {
  return [
    ...namedColumns("run", "key", "state"),
    ...more.map((field) => (
      { field, heading: "starts from", show: (value: RecordValue) => shortened(String(value)) }
    )),
  ];
}

function errorsInWords({ top1, top5 }: Errors): string {
  const rest = top5 === undefined ? "" : `, top-5 ${top5.toFixed(1)} %`;
  return `top-1 ${top1.toFixed(1)} %${rest}`;
}

/** The published errors: `published: top-1 26.8 %, top-5 8.7 %`. */
function publishedInWords({ top1, top5, testTop5 }: Published): string[] {
  const parts = [["top-1", top1], ["top-5", top5], ["top-5 test", testTop5]] as const;
  const given = parts.flatMap(([name, value]) =>
    typeof value === "number" ? [`${name} ${value} %`] : []
  );
  if (given.length === 0) return [];
  const merged = testTop5 === "merged" ? ", of both splits together" : "";
  return [`published: ${given.join(", ")}${merged}`];
}
