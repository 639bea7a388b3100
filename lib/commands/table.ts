/** `table3` to `table7`, the side experiments, and `reproduce-all`: train, test, print. */
import type { Dataset } from "../datasets/dataset.ts";
import { evaluationsOf } from "../plan.ts";
import { sheetOf } from "../report/results_sheet.ts";
import type { Request } from "../reproduce.ts";
import { resultsOf, type Source } from "../results/mod.ts";
import { carryOut, showPlan } from "../command_line/adhoc.ts";
import { helpOf } from "../command_line/help.ts";
import type { Options } from "../command_line/options.ts";
import { groundOf } from "../command_line/runs.ts";
import { PAPER_TABLES, publish, requestFor, type TableName } from "../command_line/tables.ts";
import { filledTables } from "../command_line/weights.ts";

/** What a table shows, as its help text begins. */
const ABOUT: Readonly<Record<TableName, string>> = {
  table3: "Each net at one test scale, whole images (Section 4.1).",
  table4: "Each net at three test scales, whose posteriors are averaged (Section 4.2).",
  table5: "Whole images against 150 crops of each, and both averaged (Section 4.3).",
  table6: "Several nets together: their posteriors averaged (Section 4.4).",
  table7: "Our rows of Tables 5 and 6 among the results of others (Section 4.5).",
  kernels:
    "The side experiment of Section 4.1: net B, and a shallow net with one 5x5 convolution " +
    "in place of each pair of 3x3, on centre crops. Not a part of reproduce-all.",
  starts: "What pre-initialisation from net A is worth (Section 3.1): B and D from A and from " +
    "random weights. Not a part of reproduce-all.",
};

const HOW = "Trains the nets that it needs, each once and those that others start from first, " +
  "tests them, and prints the errors beside the published ones. Runs that are done are not done " +
  "again, and an interrupted one goes on where it was. TensorFlow is installed and the data set " +
  "made on the way, if they are not there. Tables are also written as CSV, Markdown and LaTeX. " +
  "With --weights the nets of S in [256;512] that it names come from files, or by key from the " +
  "store: their rows alone are tested, nothing is trained, and of other rows is shown what is there.";

/** The help text of a table's command. */
export function helpOfTable(name: TableName): string {
  return helpOf(name, {
    about: `${ABOUT[name]} ${HOW}`,
    examples: {
      [`${name} --setup smoke`]: "does all of it work?",
      [name]: "small nets on small pictures",
      [`${name} --seeds 3`]: "mean and standard deviation",
      [`${name} --dry-run`]: "what it would run",
      [`${name} --dataset folder --data DIR`]: "DIR/{train,val}/<class>/*.jpg",
      ...hasReleased(name) && {
        [`${name} --weights D=FILE,E=FILE`]: "released weights",
      },
    },
  });
}

/** Whether a table has nets that the paper's authors released. */
function hasReleased(name: TableName): boolean {
  return /^table[3-7]$/.test(name);
}

/** The help text of `reproduce-all`. */
export function helpOfAll(): string {
  return helpOf("reproduce-all", {
    about: `Tables 1 to 7, as one plan: what tables share is done once. ${HOW} All of them are ` +
      "together in all.csv, tables.tex, and report.html with learning curves and other plots.",
    examples: {
      "reproduce-all --setup smoke": "does all of it work?",
      "reproduce-all": "small nets on small pictures",
      "reproduce-all --dry-run": "what it would run",
      "reproduce-all --setup paper --data DIR": "the paper itself",
      "reproduce-all --executor slurm": "as jobs of a cluster",
    },
  });
}

/** Carries out what a table needs and prints it. */
export async function reproduceTable(name: TableName, options: Options): Promise<number> {
  return await reproduce([name], options);
}

/** Carries out what Tables 3 to 7 need, prints all seven, and says how to read on. */
export async function reproduceAll(options: Options): Promise<number> {
  const code = await reproduce(PAPER_TABLES, options);
  if (!options.dryRun && options.executor === "local") {
    console.error("Which of the paper's claims do they bear out? deno task claims (same options)");
  }
  return code;
}

async function reproduce(names: readonly TableName[], options: Options): Promise<number> {
  if (options.weights !== undefined) return await fill(names, options.weights, options);
  if (options.executor === "slurm") {
    return (await import("../command_line/cluster.ts")).onCluster(names, options);
  }
  if (options.dryRun) return (await import("./plan.ts")).plan(names, options);
  const request = requestFor(names, options);
  const { carryOutRuns } = await import("../reproduce.ts");
  const source = await carryOutRuns(evaluationsOf(request.tables), request);
  return await show(names, { request, source }, options);
}

/** Prints tables, and writes them; of all of the paper's, what holds all of them, too. */
async function show(
  names: readonly TableName[],
  { request, source }: {
    readonly request: Request;
    readonly source: Source & { readonly dataset: Dataset };
  },
  options: Options,
): Promise<number> {
  if (names !== PAPER_TABLES) return publish(resultsOf(request, source).map(sheetOf), options);
  const { publishAll } = await import("../command_line/all_tables.ts");
  return await publishAll({ request, source, dataset: source.dataset }, options);
}

/**
 * Fills the rows of nets that were made elsewhere, and prints the tables; of all other rows, what is
 * stored already.
 */
async function fill(names: readonly TableName[], weights: string, options: Options) {
  const request = requestFor(names, options);
  const ground = await groundOf(options);
  const { tables, runs, imported } = await filledTables(request.tables, weights, {
    options,
    ground,
  });
  const words = names === PAPER_TABLES ? [] : names;
  const command = words[0] ?? "reproduce-all";
  const order = { command, options, ground, imported, report: words } as const;
  if (options.dryRun) return await showPlan(runs, order);
  const source = await carryOut(runs, order);
  if (source === undefined) return 0;
  return await show(names, { request: { ...request, tables }, source }, options);
}
