/** `table3` to `table7`, the side experiments, and `reproduce-all`: train, test, print. */
import type { Dataset } from "../datasets/dataset.ts";
import { UsageError } from "../errors.ts";
import type { Context, Table } from "../experiment.ts";
import { contextsOf, plan, planOf } from "../plan.ts";
import type { Study } from "../results/study.ts";
import { carryOut, printRuns } from "../command_line/carry_out.ts";
import { commandOfTables } from "../command_line/suggested_commands.ts";
import type { Options } from "../command_line/options.ts";
import { describedStudy } from "../command_line/known_runs.ts";
import { tablesNamed } from "../command_line/tables.ts";
import { filledTables } from "../command_line/filled_tables.ts";

/** Carries out what tables need and prints them. */
export async function reproduceTables(
  names: readonly string[],
  options: Options,
  command = commandOfTables(names),
): Promise<number> {
  if (names.length > 0) return await reproduceNamed(names, options, command);
  throw new UsageError("Name at least one table, as in deno task table table3");
}

/** Carries out what Tables 3 to 7 need, and prints all seven. */
export async function reproduceAll(options: Options): Promise<number> {
  return await reproduceNamed([], options, commandOfTables([]));
}

/** The tables called `names`, all of the paper's if there are none. */
async function reproduceNamed(
  names: readonly string[],
  options: Options,
  command: ReturnType<typeof commandOfTables>,
): Promise<number> {
  const tables = await tablesNamed(names, options);
  if (options.weights !== undefined) return await fill(names, options.weights, options);
  if (options.executor === "slurm") return await onCluster(names, options, command);
  if (options.dryRun) return (await import("./plan.ts")).plan(names, options);
  const { reproducePlan } = await import("../reproduce.ts");
  const study = await reproducePlan((data) => plan(tables, contextsOf(options, data)), options);
  const code = await show(names, { tables, study }, options);
  await measureOnce();
  return code;
}

/** Measures this machine's speed for later plans, where the first table installed TensorFlow. */
async function measureOnce() {
  const { isAtHand } = await import("../tensorflow/install/mod.ts");
  if (!await isAtHand()) return;
  const { calibrateMachine } = await import("../bench/calibration.ts");
  await calibrateMachine();
}

/** Prints and writes tables; for all of the paper's, also the files that hold all of them. */
async function show(
  names: readonly string[],
  { tables, study }: { readonly tables: readonly Table[]; readonly study: Study<Dataset> },
  options: Options,
): Promise<number> {
  const { publishAll, publishSome } = await import("./report.ts");
  if (names.length > 0) return await publishSome(tables, study, options);
  return await publishAll(tables, { study, dataset: study.dataset }, options);
}

/**
 * Tests imported nets for their rows, and prints the tables; other rows show what is stored.
 */
async function fill(names: readonly string[], weights: string, options: Options): Promise<number> {
  const described = await describedStudy(options);
  const { tables, runs, imported } = await filledTables(
    await tablesNamed(names, options),
    weights,
    {
      options,
      study: described,
    },
  );
  const command = commandOfTables(names);
  const request = { command, options, study: described, imported, report: names };
  const planned = (contexts: readonly Context[]) => planOf(runs, contexts);
  if (options.dryRun) return await printRuns(planned, request);
  const study = await carryOut(planned, request);
  return study === undefined ? 0 : await show(names, { tables, study }, options);
}

/**
 * Submits the missing runs of tables, or prints their jobs with `--dry-run`. With `--wait`, waits for
 * the jobs and prints the tables.
 */
async function onCluster(
  names: readonly string[],
  options: Options,
  command: ReturnType<typeof commandOfTables>,
): Promise<number> {
  const { showJobs, submitRuns } = await import("../command_line/cluster.ts");
  const study = await describedStudy(options);
  const runs = plan(await tablesNamed(names, options), study.contexts);
  const request = { command, options, study, report: names };
  if (options.dryRun) return showJobs(runs, request);
  await submitRuns(runs, request);
  return options.wait ? await (await import("./report.ts")).report(names, options) : 0;
}
