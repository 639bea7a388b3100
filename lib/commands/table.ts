/** `table3` to `table7`, the side experiments, and `reproduce-all`: train, test, print. */
import type { Dataset } from "../datasets/dataset.ts";
import { evaluationsOf } from "../plan.ts";
import { sheetOf } from "../report/results_sheet.ts";
import type { Request } from "../reproduce.ts";
import { resultsOf, type Source } from "../results/mod.ts";
import { UsageError } from "../errors.ts";
import { commandOfTables } from "../command_line/lines.ts";
import { carryOut, showPlan } from "../command_line/adhoc.ts";
import type { Options } from "../command_line/options.ts";
import { groundOf } from "../command_line/runs.ts";
import { publish, requestFor } from "../command_line/tables.ts";
import { filledTables } from "../command_line/weights.ts";

/** Carries out what tables need and prints them. */
export async function reproduceTables(names: readonly string[], options: Options): Promise<number> {
  if (names.length > 0) return await reproduce(names, options);
  throw new UsageError("Name at least one table, as in deno task table table3");
}

/** Carries out what Tables 3 to 7 need, prints all seven, and says how to read on. */
export async function reproduceAll(options: Options): Promise<number> {
  const code = await reproduce([], options);
  if (!options.dryRun && options.executor === "local") {
    console.error("Test the paper's claims on these results: deno task claims (same options)");
  }
  return code;
}

async function reproduce(names: readonly string[], options: Options): Promise<number> {
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
  names: readonly string[],
  { request, source }: {
    readonly request: Request;
    readonly source: Source & { readonly dataset: Dataset };
  },
  options: Options,
): Promise<number> {
  if (names.length > 0) return publish(resultsOf(request, source).map(sheetOf), options);
  const { publishAll } = await import("../command_line/all_tables.ts");
  return await publishAll({ request, source, dataset: source.dataset }, options);
}

/**
 * Fills the rows of nets that were made elsewhere, and prints the tables; of all other rows, what is
 * stored already.
 */
async function fill(names: readonly string[], weights: string, options: Options) {
  const request = requestFor(names, options);
  const ground = await groundOf(options);
  const { tables, runs, imported } = await filledTables(request.tables, weights, {
    options,
    ground,
  });
  const order = { command: commandOfTables(names), options, ground, imported, report: names };
  if (options.dryRun) return await showPlan(runs, order);
  const source = await carryOut(runs, order);
  if (source === undefined) return 0;
  return await show(names, { request: { ...request, tables }, source }, options);
}
