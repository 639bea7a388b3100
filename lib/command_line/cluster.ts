/** Tables as jobs of a cluster: what `--executor slurm` does with them. */
import project from "../../deno.json" with { type: "json" };
import { UserError } from "../errors.ts";
import { scriptName, type SlurmJob } from "../executors/slurm/jobs.ts";
import { type JobScript, jobScripts, slurm, type SlurmOptions } from "../executors/slurm/mod.ts";
import { overridden, readConfig, type SlurmConfig } from "../executors/slurm/resources.ts";
import { nameOf } from "../experiment.ts";
import { exists } from "../system/files.ts";
import { mustBeTrainable, plan, type PlannedRun } from "../plan.ts";
import { type Bars, progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { makeStore } from "../store/mod.ts";
import type { Order } from "./adhoc.ts";
import { commandOfTables, optionsFor } from "./lines.ts";
import { type Options, ROOT, startFolder } from "./options.ts";
import { report } from "../commands/report.ts";
import { groundOf } from "./runs.ts";
import { requestFor } from "./tables.ts";

/**
 * Submits what tables need that is not done, or prints it; waits for it and prints the tables where
 * that is asked for.
 */
export async function onCluster(
  names: readonly string[],
  options: Options,
): Promise<number> {
  const { tables } = requestFor(names, options);
  const ground = await groundOf(options);
  const runs = plan(tables, ground.contexts);
  const order = { command: commandOfTables(names), options, ground, report: names };
  if (options.dryRun) return showJobs(runs, order);
  await submitRuns(runs, order);
  return options.wait ? await report(names, options) : 0;
}

/** Submits what is not done of runs, and waits for it where that is asked for. */
export async function submitRuns(runs: readonly PlannedRun[], order: Order) {
  const { options, ground: { dataset, store } } = order;
  if (dataset.missing !== undefined) throw new UserError(dataset.missing);
  mustBeTrainable(runs.filter((run) => store.status(run).state !== "done"), dataset);
  const bars = progressBars();
  const cluster = clusterOf(order, bars);
  try {
    await mayNeedNetwork(cluster);
    makeStore(options.results);
    await slurm(cluster)(runs, store);
  } finally {
    bars.stop();
  }
  if (options.wait) return;
  console.error(
    "Follow them with deno task status, stop them with deno task cancel (same options)",
  );
}

/** Prints the jobs that would be submitted for runs. @returns the exit code */
export function showJobs(runs: readonly PlannedRun[], order: Order): number {
  const { ground: { store } } = order;
  const missing = runs.filter((run) => store.status(run).state !== "done");
  const cluster = clusterOf(order, progressBars());
  return show(jobScripts(missing, store, { cluster }), order);
}

/** Says where jobs will have to fetch TensorFlow: few nodes of clusters reach the internet. */
async function mayNeedNetwork({ config, bars }: Pick<SlurmOptions, "config" | "bars">) {
  const { isInstalled } = await import("../tensorflow/install/mod.ts");
  if (config.cache !== undefined || await isInstalled()) return;
  bars.log(
    "warning: TensorFlow is not set up here, so that the first job fetches it; where nodes have no " +
      "network, cancel and do that first: deno task install",
  );
}

/** The cluster that the config file and the options describe. */
function clusterOf({ command, options, ground, report }: Order, bars: Bars): SlurmOptions {
  const config = configFor(options);
  const { dataset } = ground;
  const { "dry-run": _dryRun, ...all } = options.given;
  const { executor: _executor, resources: _resources, ...given } = all;
  const line = (command: string, ...words: string[]) =>
    commandLine(command, words, { given, config });
  return {
    ...{ config, dataset, bars, setup: options.setup, wait: options.wait, start: startFolder() },
    prepare: !dataset.made && config.data === undefined,
    commands: {
      prepare: line("data", options.setup.dataset),
      train: line("run", "$key"),
      evaluate: line("run", "$key"),
      report: report ? line("report", ...report) : line(...command),
    },
    reportsAnyway: report !== undefined,
    again: ["deno task", ...command, optionsFor(command[0], { given: all })].join(" "),
  };
}

/** What verydeep.json says, here or in the project's folder, with the changes of `--resources`. */
function configFor({ resources }: Options): SlurmConfig {
  const folder = [startFolder(), ROOT].find((folder) => exists(`${folder}/verydeep.json`)) ?? ROOT;
  const config = readConfig(`${folder}/verydeep.json`);
  return resources === undefined ? config : overridden(config, resources);
}

/** What a job has this program do. */
function commandLine(
  command: string,
  words: readonly string[],
  { given, config: { data } }: Pick<Options, "given"> & { readonly config: SlurmConfig },
): string {
  const { data: _data, ...others } = given;
  const options = optionsFor(command, data === undefined ? { given } : { given: others });
  const folder = data === undefined ? [] : [`--data "${data}"`];
  // what the task of this name may do; deno itself lies elsewhere on the nodes, perhaps
  const task = (project.tasks as Readonly<Record<string, { command: string }>>)[command]!.command
    .replace(/^deno/, '"$deno"');
  return [task, ...words, options, ...folder].filter((part) => part !== "").join(" ");
}

/** Prints every script, and then what waits for what. */
function show(drafts: readonly JobScript[], { report, options: { setup, format } }: Order): number {
  const records = drafts.map(({ job, script }) => ({
    job: scriptName(job),
    tasks: Math.max(job.runs.length, 1),
    after: job.kind === "report"
      ? `the ${report ? "end" : "success"} of all others`
      : afterOf(job, drafts),
    runs: job.runs.map(({ run }) => nameOf(run)).join("; "),
    script,
  }));
  if (format === "table") {
    for (const { job, script } of records) console.log(`==> ${job} <==\n${script}`);
  }
  const runs = drafts.reduce((sum, { job }) => sum + job.runs.length, 0);
  console.log(listing({
    title: `Jobs under the setup "${setup.name}"`,
    records,
    columns: [{ field: "job" }, { field: "tasks" }, { field: "after" }],
    notes: [
      `${records.length} jobs for ${runs} run${runs === 1 ? "" : "s"}. Nothing was submitted.`,
    ],
  }, format));
  return 0;
}

/** What a job waits for, in words: other jobs, by their names. */
function afterOf({ kind, after }: SlurmJob, drafts: readonly JobScript[]): string {
  const jobs = drafts.map(({ job }) => job);
  const makers = jobs.filter(({ runs }) => runs.some(({ key }) => after.includes(key)));
  const prepare = jobs.filter((job) => job.kind === "prepare" && kind !== "prepare");
  return (makers.length > 0 ? makers : prepare).map(scriptName).join(", ");
}
