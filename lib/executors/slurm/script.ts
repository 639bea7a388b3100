/** Writes the scripts that sbatch takes. */
import { ADDRESSES_NEEDED } from "../../system/address_space.ts";
import { shellWord } from "../../system/shell.ts";
import { TIME_LIMIT_SIGNAL } from "../../system/signals.ts";
import { fileURLToPath } from "node:url";
import { UserError } from "../../errors.ts";
import { type JobKind, scriptName, type SlurmJob } from "./jobs.ts";
import { type JobResources, numberOf } from "./resources.ts";

/** What all scripts of a plan share. */
export interface JobContext {
  /** Folder of scripts and logs, on a file system that all nodes share. */
  readonly folder: string;
  /**
   * Shell command of each kind of job, executed in the project's folder. `$deno` is the path of
   * Deno on the node, `$key` the run's key.
   */
  readonly commands: Readonly<Record<JobKind, string>>;
  /** Folder that relative paths in command lines refer to. */
  readonly start: string;
  /** VERYDEEP_CACHE on the nodes, if it differs there. */
  readonly cache?: string;
}

/** A job with its script. */
export interface JobScript {
  readonly job: SlurmJob;
  readonly text: string;
}

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/**
 * The script of a job. Dependencies are not part of it: sbatch takes job numbers as an option.
 *
 * @throws {UserError} The folder's name cannot be written into an option of a script.
 */
export function scriptText(job: SlurmJob, resources: JobResources, context: JobContext): string {
  const { runs } = job;
  mustFitInOption(context.folder);
  return [
    "#!/bin/bash",
    ...options(job, resources, context).map((option) => `#SBATCH ${option}`),
    ...resources.prologue,
    "set -eu",
    // until the program does so itself: Deno opens a port at SIGUSR1
    "trap '' USR1",
    ...checks(job, context),
    ...keyLines(runs.map(({ key }) => key)),
    ...context.cache === undefined ? [] : [`export VERYDEEP_CACHE="${context.cache}"`],
    `export INIT_CWD=${shellWord(context.start)}`,
    `cd ${shellWord(PROJECT)}`,
    `deno=${shellWord(Deno.execPath())}`,
    '[ -x "$deno" ] || deno=deno',
    `exec ${context.commands[job.kind]}${devices(job.kind, resources)}`,
    "",
  ].join("\n");
}

/** Shell lines that set the key: by the array's task, which a job by itself may have of another array. */
function keyLines(keys: readonly string[]): string[] {
  if (keys.length < 2) return keys.map((key) => `key=${key}`);
  return [`keys=(${keys.join(" ")})`, "key=${keys[$SLURM_ARRAY_TASK_ID]}"];
}

/** An option that uses all GPUs of a job, if it has several: by default a run takes the first. */
function devices(kind: JobKind, { gpus = 0 }: JobResources): string {
  const computes = kind === "train" || kind === "evaluate";
  return computes && numberOf(gpus) > 1 ? ` --device gpus:${numberOf(gpus)}` : "";
}

/**
 * A control character would end the line of an option, and what follows it would be a command. After a
 * backslash sbatch fills in no job numbers.
 */
function mustFitInOption(folder: string) {
  // deno-lint-ignore no-control-regex
  const [wrong] = /[\x00-\x1f\x7f\\]/.exec(folder) ?? [];
  if (wrong === undefined) return;
  const what = wrong === "\\" ? "a backslash" : "a line break or another control character";
  throw new UserError(
    `Cannot write a job's script: the folder ${
      JSON.stringify(folder)
    } has ${what} in its name, which ` +
      "sbatch does not take; name another folder with --results DIR",
  );
}

/** Options of sbatch. The config's own lines come last, so that they override the others. */
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
    `--output=${shellWord(`${folder.replaceAll("%", "%%")}/logs/${name}-${task}.log`)}`,
    ...runs.length > 1 ? [`--array=0-${runs.length - 1}`] : [],
    ...Object.entries(named).flatMap(([field, value]) => {
      return value ? [`--${field}=${shellWord(value)}`] : [];
    }),
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${resources.cpus}`,
    ...gpus ? [`--gres=gpu:${gpus}`] : [],
    ...resources.memory ? [`--mem=${resources.memory}`] : [],
    ...resources.memoryPerCpu ? [`--mem-per-cpu=${resources.memoryPerCpu}`] : [],
    `--time=${resources.time}`,
    // cancels jobs that depend on a failed job
    "--kill-on-invalid-dep=yes",
    // after a node failure or preemption, the job starts again and resumes from its checkpoint
    "--requeue",
    "--open-mode=append",
    ...kind === "train"
      ? [`--signal=B:${TIME_LIMIT_SIGNAL.replace("SIG", "")}@${resources.signal}`]
      : [],
    ...resources.lines,
  ];
}

/** Shell lines that check the limit of addresses, and that the node sees the project and the results. */
function checks(job: SlurmJob, { folder }: JobContext): string[] {
  // ulimit counts in kB of 1,024 bytes
  const needed = Math.ceil(ADDRESSES_NEEDED / 1024);
  const files = [`${PROJECT}/cli.ts`, `${folder}/${scriptName(job)}`].map(shellWord);
  return [
    // Slurm hands on the limits of the session that submits; Deno could not say what it lacks
    'ulimit -S -v "$(ulimit -H -v)"',
    `if [ "$(ulimit -v)" != unlimited ] && [ "$(ulimit -v)" -lt ${needed} ]; then`,
    '  echo "error: node $(hostname) limits addresses to $(ulimit -v) kB (ulimit -v), and Deno reserves" \\',
    '    "some 50 GB: submit from a session without the limit" >&2',
    "  exit 1",
    "fi",
    `for file in ${files.join(" ")}; do`,
    '  if [ ! -e "$file" ]; then',
    '    echo "error: node $(hostname) does not see $file: put it where all nodes do" >&2',
    "    exit 1",
    "  fi",
    "done",
  ];
}
