/** What sbatch is given: a job's script. */
import { fileURLToPath } from "node:url";
import { type JobKind, scriptName, type SlurmJob } from "./jobs.ts";
import type { JobResources } from "./resources.ts";

/** What scripts say of where they run. */
export interface JobContext {
  /** Folder of jobs, on a file system that all nodes see. */
  readonly folder: string;
  /**
   * Of each kind of job its command line, as a shell reads it in the project's folder: `$deno` is
   * Deno there, `$key` a run's key.
   */
  readonly commands: Readonly<Record<JobKind, string>>;
  /** Folder from which command lines name files. */
  readonly start: string;
  /** VERYDEEP_CACHE on the nodes, if it is another there. */
  readonly cache?: string;
}

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** A job's script. What it waits for is told to sbatch, as numbers of jobs are known only then. */
export function scriptText(job: SlurmJob, resources: JobResources, site: JobContext): string {
  const { runs } = job;
  return [
    "#!/bin/bash",
    ...options(job, resources, site).map((option) => `#SBATCH ${option}`),
    ...resources.prologue,
    "set -eu",
    ...checks(job, site),
    ...runs.length > 0 ? [`keys=(${runs.map(({ key }) => key).join(" ")})`] : [],
    ...runs.length > 0 ? ["key=${keys[${SLURM_ARRAY_TASK_ID:-0}]}"] : [],
    ...site.cache === undefined ? [] : [`export VERYDEEP_CACHE="${site.cache}"`],
    `export INIT_CWD=${quoted(site.start)}`,
    `cd ${quoted(PROJECT)}`,
    `deno=${quoted(Deno.execPath())}`,
    '[ -x "$deno" ] || deno=deno',
    `exec ${site.commands[job.kind]}`,
    "",
  ].join("\n");
}

/** Options of sbatch, of which a site's own lines come last. */
function options(
  { kind, name, runs }: SlurmJob,
  resources: JobResources,
  { folder }: JobContext,
): string[] {
  const { partition, account, qos, constraint, gpus } = resources;
  const task = runs.length > 1 ? "%A_%a" : "%j";
  const named = { partition, account, qos, constraint };
  return [
    `--job-name=${name}`,
    `--output=${quoted(`${folder.replaceAll("%", "%%")}/logs/${name}-${task}.log`)}`,
    ...runs.length > 1 ? [`--array=0-${runs.length - 1}`] : [],
    ...Object.entries(named).flatMap(([field, value]) => value ? [`--${field}=${value}`] : []),
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${resources.cpus}`,
    ...gpus ? [`--gres=gpu:${gpus}`] : [],
    `--mem=${resources.memory}`,
    `--time=${resources.time}`,
    // what starts from a run that failed will never begin
    "--kill-on-invalid-dep=yes",
    // a node that fails, or a job that is preempted, begins again and goes on from its checkpoint
    "--requeue",
    "--open-mode=append",
    ...kind === "train" ? [`--signal=B:USR1@${resources.signal}`] : [],
    ...resources.lines,
  ];
}

/** A node may not see the folders that the job was submitted from. */
function checks(job: SlurmJob, { folder }: JobContext): string[] {
  const files = [`${PROJECT}/cli.ts`, `${folder}/${scriptName(job)}`].map(quoted);
  return [
    `for file in ${files.join(" ")}; do`,
    '  if [ ! -e "$file" ]; then',
    '    echo "error: node $(hostname) does not see $file: put it where all nodes do" >&2',
    "    exit 1",
    "  fi",
    "done",
  ];
}

/** A word as a shell takes it for one. */
function quoted(word: string): string {
  return /^[\w.,:=/%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
