/** Submits tables as jobs of a cluster: `--executor slurm`. */
import { UserError } from "../errors.ts";
import { scriptName, type SlurmJob } from "../executors/slurm/jobs.ts";
import { jobScripts, type SlurmOptions, submitPlan } from "../executors/slurm/mod.ts";
import type { JobScript } from "../executors/slurm/script.ts";
import {
  hardwareFor,
  overridden,
  readConfig,
  type SlurmConfig,
} from "../executors/slurm/resources.ts";
import { actionLabel } from "../experiment.ts";
import { count } from "../numbers.ts";
import { isThere } from "../system/files.ts";
import { mustBeTrainable, type PlannedRun } from "../plan.ts";
import { type Bars, progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { makeStore } from "../store/mod.ts";
import { optionsFor } from "./suggested_commands.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import type { Study } from "../results/study.ts";
import { mustDivide } from "./device_options.ts";
import { type Options, pathFrom, ROOT, startFolder } from "./options.ts";
import { shellWord } from "../system/shell.ts";
import { CATALOGUE } from "./catalogue.ts";
import { isPath } from "./tables.ts";
import { taskWords } from "./task_words.ts";

/** The command that submits jobs, and what it submits. */
export interface ClusterRequest {
  /** The command and its arguments. */
  readonly command: readonly [command: string, ...words: string[]];
  readonly options: Options;
  readonly study: Study<DatasetInfo>;
  /**
   * Tables, all of the paper's if the list is empty, that the last job writes as far as they are
   * done; if absent, the last job is the command itself, if all runs succeed.
   */
  readonly report?: readonly string[];
}

/** Submits the runs that are not done and, with `--wait`, waits for them. */
export async function submitRuns(runs: readonly PlannedRun[], request: ClusterRequest) {
  const { options, study: { dataset, store } } = request;
  if (dataset.missing !== undefined) throw new UserError(dataset.missing);
  for (const run of runs) {
    const { state, detail } = store.status(run);
    if (state === "unreadable") throw new UserError(detail);
  }
  mustBeTrainable(runs.filter((run) => store.status(run).state !== "done"), dataset);
  const bars = progressBars();
  const slurmOptions = slurmOptionsOf(request, bars);
  try {
    await mayNeedNetwork(slurmOptions);
    makeStore(options.results);
    await submitPlan(runs, store, slurmOptions);
  } finally {
    bars.stop();
  }
  if (options.wait) return;
  console.error(
    "See their state with deno task status; cancel them with deno task cancel (same options)",
  );
}

/** Prints the jobs that would be submitted for runs. @returns the exit code */
export function showJobs(runs: readonly PlannedRun[], request: ClusterRequest): number {
  const { study: { store } } = request;
  const missing = runs.filter((run) => store.status(run).state !== "done");
  const slurmOptions = slurmOptionsOf(request, progressBars());
  return show(jobScripts(missing, store, { options: slurmOptions }), request);
}

/** Warns where jobs must download TensorFlow: few cluster nodes reach the internet. */
async function mayNeedNetwork({ config, bars }: Pick<SlurmOptions, "config" | "bars">) {
  const { isInstalled } = await import("../tensorflow/install/mod.ts");
  if (config.cache !== undefined || await isInstalled()) return;
  bars.log(
    "warning: TensorFlow is not installed here, so that the first job downloads it; where nodes " +
      "have no internet access, cancel the jobs and install it first: deno task install",
  );
}

/** How jobs are submitted, from the config file and the options. */
function slurmOptionsOf(
  { command, options, study, report }: ClusterRequest,
  bars: Bars,
): SlurmOptions {
  const config = configFor(options);
  const { dataset } = study;
  const { "dry-run": _dryRun, ...all } = options.given;
  const { executor: _executor, resources: _resources, ...given } = all;
  const line = (command: string, ...words: string[]) =>
    commandLine(command, words, { given, config });
  const { gpus } = hardwareFor("train", { config, setup: options.setup });
  mustDivide(options.setup.train.batch, gpus);
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
    again: ["deno task", ...command.map(shellWord), optionsFor(command[0], { given: all })].join(
      " ",
    ),
  };
}

/** The config of verydeep.json, here or in the project's folder, with the changes of `--resources`. */
function configFor({ resources }: Options): SlurmConfig {
  const folder = [startFolder(), ROOT].find((folder) => isThere(`${folder}/verydeep.json`)) ?? ROOT;
  const config = readConfig(`${folder}/verydeep.json`);
  return resources === undefined ? config : overridden(config, resources);
}

/** The command line that a job executes. */
function commandLine(
  command: string,
  words: readonly string[],
  { given, config: { data } }: Pick<Options, "given"> & { readonly config: SlurmConfig },
): string {
  const { data: _data, ...others } = given;
  const options = optionsFor(command, data === undefined ? { given } : { given: others });
  const folder = data === undefined ? [] : [`--data "${data}"`];
  // with the permissions of the task of this name; the path of deno may differ on the nodes
  const [, ...task] = taskWords(command);
  return ['"$deno"', ...task, ...words.map(wordOfJob), options, ...folder].filter((part) =>
    part !== ""
  ).join(
    " ",
  );
}

/** An argument of a job's command: files with tables by absolute paths; `$key` is the script's own. */
function wordOfJob(word: string): string {
  return Object.hasOwn(CATALOGUE, word) || word.startsWith("$")
    ? word
    : shellWord(isPath(word) ? pathFrom(word) : word);
}

/** Prints every script, and then the jobs with their dependencies. */
function show(
  scripts: readonly JobScript[],
  { report, options: { setup, format } }: ClusterRequest,
): number {
  const records = scripts.map(({ job, text }) => ({
    job: scriptName(job),
    tasks: Math.max(job.runs.length, 1),
    after: job.kind === "report"
      ? `the ${report ? "end" : "success"} of all others`
      : afterOf(job, scripts),
    runs: job.runs.map(({ run }) => actionLabel(run)).join("; "),
    script: text,
  }));
  if (format === "table") {
    for (const { job, script } of records) console.log(`==> ${job} <==\n${script}`);
  }
  const runs = scripts.reduce((sum, { job }) => sum + job.runs.length, 0);
  console.log(listing({
    title: `Jobs under the setup "${setup.name}"`,
    records,
    columns: [{ field: "job" }, { field: "tasks" }, { field: "after" }],
    notes: [
      `${count(records.length, "job")} for ${count(runs, "run")}. Nothing was submitted.`,
    ],
  }, format));
  return 0;
}

/** Names of the jobs that a job depends on. */
function afterOf({ kind, after }: SlurmJob, scripts: readonly JobScript[]): string {
  const jobs = scripts.map(({ job }) => job);
  const makers = jobs.filter(({ runs }) => runs.some(({ key }) => after.includes(key)));
  const prepare = jobs.filter((job) => job.kind === "prepare" && kind !== "prepare");
  return (makers.length > 0 ? makers : prepare).map(scriptName).join(", ");
}
