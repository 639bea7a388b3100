/**
 * The resources that jobs request: fields of `executors.slurm` in verydeep.json, and estimates from
 * the plan for fields that are absent.
 *
 * @module
 */
import { cost, type Hardware } from "../../estimates/cost.ts";
import { memoryFor } from "../../estimates/memory.ts";
import type { DatasetDescription } from "../../datasets/dataset.ts";
import type { Setup } from "../../setup.ts";
import { UserError } from "../../errors.ts";
import { readIfThere } from "../../system/files.ts";
import { parseJson } from "../../system/json.ts";
import { flaw, z } from "../../schema.ts";
import { TIME_LIMIT_SIGNAL } from "../../system/signals.ts";
import type { JobKind, SlurmJob } from "./jobs.ts";

const word = z.string().regex(/^[^\r\n]+$/, "must be one line that is not empty");
const lines = z.array(z.string().regex(/^[^\r\n]*$/, "must be one line"));
const options = z.array(
  z.string().regex(
    /^(?!--signal)[^\r\n]*$/,
    `must be one line and not --signal: trainings know ${TIME_LIMIT_SIGNAL} alone, and the field ` +
      "signal says when it comes",
  ),
);

/** Fields of one kind of job. Estimates, or the site's defaults, fill in absent fields. */
const RESOURCE_FIELDS = {
  partition: word.describe("Partition of the cluster, or several separated by commas").optional(),
  account: word.describe("Account that jobs are charged to").optional(),
  qos: word.describe("Quality of service").optional(),
  time: z.string().regex(
    /^(\d+(:\d\d){0,2}|\d+-\d\d?(:\d\d){0,2})$/,
    "must be a time limit such as 90 (minutes), 12:00:00 or 2-00:00:00",
  ).describe("Time limit of a job, in the format of sbatch --time").optional(),
  memory: z.string().regex(/^(none|\d+[KMGT]?)$/, "must be a size such as 4000M or 16G, or none")
    .describe("Memory of a job, in the format of sbatch --mem; none or 0 leaves --mem out")
    .optional(),
  memoryPerCpu: z.string().regex(/^\d+[KMGT]?$/, "must be a size such as 4000M or 16G")
    .describe("Memory per processor, in place of memory: sbatch --mem-per-cpu").optional(),
  cpus: z.int().positive().describe("Processors per job").optional(),
  gpus: z.union([
    z.int().nonnegative(),
    z.string().regex(/^[\w.-]+:\d+$/, "must be a number, or a type and a number such as a100:1"),
  ]).describe("GPUs per job: a number, or a type and a number such as a100:1").optional(),
  constraint: word.describe("Required features of a node").optional(),
  signal: z.int().positive()
    .describe(
      "Seconds before the time limit at which a training writes a checkpoint and requeues its job",
    )
    .optional(),
  lines: options.describe("More options of sbatch, such as --exclude=n7").optional(),
  prologue: lines.describe("Shell lines that run before the work: modules, scratch folders")
    .optional(),
};

const asked = z.strictObject(RESOURCE_FIELDS);
const SLURM = asked.extend({
  train: asked.describe("Fields for training jobs").optional(),
  evaluate: asked.describe("Fields for evaluation jobs").optional(),
  report: asked.describe("Fields for the jobs that make the data set and the reports").optional(),
  data: word.describe("Folder of data sets on the nodes; the node's shell expands $VARIABLES")
    .optional(),
  cache: word.describe("VERYDEEP_CACHE on the nodes; the node's shell expands $VARIABLES")
    .optional(),
  maxJobs: z.int().min(2).describe(
    "Most jobs in the queue at once; the same command submits the rest later",
  )
    .optional(),
});

/** Schema of verydeep.json. */
export const CONFIG = z.strictObject({
  $schema: z.string().optional(),
  executors: z.strictObject({ slurm: SLURM.optional() }).optional(),
});

/** The section `executors.slurm`. */
export type SlurmConfig = z.infer<typeof SLURM>;
type ResourceFields = z.infer<typeof asked>;

/** JSON schema of verydeep.json, for editors. */
export function configSchema(): object {
  return { title: "verydeep.json", ...z.toJSONSchema(CONFIG) };
}

/**
 * Reads `executors.slurm` of a config file; empty where the file does not exist.
 *
 * @throws {UserError} The file is not JSON or has unknown fields.
 */
export function readConfig(file: string): SlurmConfig {
  const text = readIfThere(file);
  if (text === undefined) return {};
  const refuse = (reason: string) => new UserError(`Cannot read "${file}": ${reason}`);
  let value;
  try {
    value = parseJson(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const wrong = flaw(value, CONFIG) ??
    twoMemories((value as z.infer<typeof CONFIG>).executors?.slurm ?? {});
  if (wrong !== undefined) throw refuse(wrong);
  return (value as z.infer<typeof CONFIG>).executors?.slurm ?? {};
}

/** What is wrong where one section requests memory in two ways. */
function twoMemories(config: SlurmConfig): string | undefined {
  const sections = [config, config.train, config.evaluate, config.report];
  const both = sections.some((fields = {}) => isSize(fields.memory) && fields.memoryPerCpu);
  return both ? "memory and memoryPerCpu exclude each other: name one of them" : undefined;
}

/** Names of numeric fields. */
const NUMBERS = /(^|\.)(cpus|gpus|signal|maxJobs)$/;

/**
 * A section with the changes of a command line, for example `partition=gpu,train.gpus=1`.
 *
 * @throws {UserError} The field does not exist or does not accept the value.
 */
export function overridden(config: SlurmConfig, changes: string): SlurmConfig {
  const changed: Record<string, unknown> = structuredClone(config);
  const seen = new Set<string>();
  for (const change of changes.split(",")) {
    const [path = "", ...rest] = change.split("=");
    if (seen.has(path)) {
      throw new UserError(`Cannot set --resources ${changes}: "${path}" is given twice`);
    }
    seen.add(path);
    const text = rest.join("=");
    const value = NUMBERS.test(path) && /^\d+$/.test(text) ? Number(text) : text;
    const [field = "", inner] = path.split(".");
    if (inner === undefined) changed[field] = value;
    else changed[field] = { ...changed[field] as object, [inner]: value };
  }
  const wrong = flaw(changed, SLURM) ?? twoMemories(changed as SlurmConfig);
  if (wrong === undefined) return changed as SlurmConfig;
  throw new UserError(`Cannot set --resources ${changes}: ${wrong}`);
}

/** Accounts that jobs are charged to; empty where the config names none. */
export function accountsIn(config: SlurmConfig): string[] {
  const kinds = ["train", "evaluate", "report"] as const;
  return [...new Set(kinds.flatMap((kind) => configFor(kind, config).account ?? []))];
}

/**
 * The cluster that jobs are submitted to, where the lines of the config name one; else that of the
 * environment, as sbatch reads it.
 *
 * @returns nothing for the cluster of this machine, and where sbatch may choose from several
 * @throws {UserError} Kinds of jobs name different clusters.
 */
export function clusterFor(config: SlurmConfig): string | undefined {
  const kinds = ["train", "evaluate", "report"] as const;
  const named = new Set(kinds.map((kind) =>
    configFor(kind, config).lines
      ?.flatMap((line) => /^(?:--clusters?[= ]|-M\s*)(\S+)$/.exec(line.trim())?.[1] ?? [])
      .at(-1)
  ));
  if (named.size > 1) {
    throw new UserError(
      "Cannot submit jobs to different clusters: they could not wait for each other; name one " +
        'cluster for all kinds of jobs in verydeep.json, as in "lines": ["--clusters=east"]',
    );
  }
  const [name = Deno.env.get("SBATCH_CLUSTERS") ?? Deno.env.get("SLURM_CLUSTERS")] = named;
  return name === undefined || name === "" || /,|^all$/.test(name) ? undefined : name;
}

/** The resources that a job requests, estimates included. */
export interface JobResources
  extends
    Pick<ResourceFields, "partition" | "account" | "qos" | "constraint" | "gpus" | "memoryPerCpu"> {
  readonly time: string;
  /** Of the job; absent where the site, `memoryPerCpu` or the config's own lines decide. */
  readonly memory?: string;
  readonly cpus: number;
  readonly signal: number;
  readonly lines: readonly string[];
  readonly prologue: readonly string[];
}

/** What requests are made from. */
export interface ResourceInputs {
  readonly config: SlurmConfig;
  readonly setup: Setup;
  readonly dataset: DatasetDescription;
  /** Time limits of partitions, seconds; the default partition's is under "". */
  readonly limits?: ReadonlyMap<string, number>;
}

/** A time limit is this multiple of the estimate, which may be wrong. */
const SLACK = 1.5;

/** Shortest estimated time limit, seconds: starting takes time too. */
const SHORTEST = 15 * 60;

/** Processors of a job that executes one run at a time: for its towers, or to read images for a GPU. */
const CPUS = 8;

/** Default of `signal`, seconds: a large checkpoint takes time, and Slurm may send the signal late. */
const SIGNAL = 120;

/** The resources of a job: from the config, or else estimates for its most demanding run. */
export function resourcesFor(
  { kind, runs }: Pick<SlurmJob, "kind" | "runs">,
  { config, setup, dataset, limits = new Map() }: ResourceInputs,
): JobResources {
  const given = configFor(kind, config);
  const hardware = hardwareFor(kind, { config, setup });
  const { cpus } = hardware;
  const seconds = runs.map((run) => SLACK * cost(run, dataset, hardware).seconds);
  const bytes = runs.map((run) => memoryFor(run, dataset, hardware));
  const [first = ""] = given.partition?.split(",") ?? [];
  const limit = Math.min(Math.max(SHORTEST, ...seconds), limits.get(first) ?? Infinity);
  const estimate = `${Math.ceil(Math.max(2 ** 31, ...bytes) / 2 ** 20)}M`;
  const { memory = mustLeaveMemoryOut(given) ? "none" : estimate, ...others } = given;
  return {
    ...others,
    ...isSize(memory) && { memory },
    time: given.time ?? slurmTime(limit),
    cpus,
    signal: given.signal ?? SIGNAL,
    lines: given.lines ?? [],
    prologue: given.prologue ?? [],
  };
}

/** Whether a field asks for memory: not where it is absent, `none` or 0. */
function isSize(memory: string | undefined): boolean {
  return memory !== undefined && !/^(none|0+[KMGT]?)$/.test(memory);
}

/** Whether other fields request memory, which sbatch accepts in one form only. */
function mustLeaveMemoryOut({ memoryPerCpu, lines = [] }: ResourceFields): boolean {
  return memoryPerCpu !== undefined || lines.some((line) => /^--mem(-per-[cg]pu)?\b/.test(line));
}

/** The hardware that jobs of a kind run on. */
export function hardwareFor(
  kind: JobKind,
  { config, setup }: Pick<ResourceInputs, "config" | "setup">,
): Hardware & { readonly cpus: number } {
  const { cpus, gpus = 0 } = configFor(kind, config);
  const worker = kind === "train" || kind === "evaluate";
  const cores = cpus ?? (worker && setup.sideBySide !== "cores" ? CPUS : 1);
  return { cores, cpus: cores, gpus: worker ? numberOf(gpus) : 0 };
}

/** The number in a field such as 4 or a100:4. */
export function numberOf(gpus: number | string): number {
  return Number(String(gpus).split(":").at(-1));
}

/** The config of a kind of job: its own fields override the common ones; lists are joined. */
function configFor(
  kind: JobKind,
  { train, evaluate, report, data: _data, cache: _cache, maxJobs: _maxJobs, ...all }: SlurmConfig,
): ResourceFields {
  const own = { train, evaluate, report, prepare: report }[kind] ?? {};
  const isWork = kind === "train" || kind === "evaluate";
  const { gpus, memory, memoryPerCpu, ...rest } = all;
  const hasMemory = own.memory !== undefined || own.memoryPerCpu !== undefined;
  return {
    ...rest,
    ...!hasMemory && memory !== undefined && { memory },
    ...!hasMemory && memoryPerCpu !== undefined && { memoryPerCpu },
    ...isWork && gpus !== undefined && { gpus },
    ...own,
    lines: [...all.lines ?? [], ...own.lines ?? []],
    prologue: [...all.prologue ?? [], ...own.prologue ?? []],
  };
}

/** Formats seconds for Slurm, rounded up to minutes: `1-06:30:00`. */
export function slurmTime(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  const days = Math.floor(minutes / 1440);
  const clock = `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}:00`;
  return days > 0 ? `${days}-${clock}` : clock;
}

/** Parses a time of Slurm, such as `2-00:00:00`, `30:00` or `infinite`, into seconds. */
export function secondsOf(time: string): number {
  const [, days = "0", clock = ""] = /^(?:(\d+)-)?([\d:]+)$/.exec(time) ?? [];
  if (clock === "") return Infinity;
  const parts = clock.split(":").map(Number);
  // 2-12 has days and hours, 12:30 minutes and seconds
  while (parts.length < 3) time.includes("-") ? parts.push(0) : parts.unshift(0);
  const [hours = 0, minutes = 0, rest = 0] = parts;
  return ((Number(days) * 24 + hours) * 60 + minutes) * 60 + rest;
}
