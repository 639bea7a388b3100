/**
 * What jobs ask of a cluster: the section `executors.slurm` of verydeep.json, with the plan's own
 * estimates in place of what it leaves out.
 *
 * @module
 */
import { cost, type Hardware } from "../../estimates/cost.ts";
import { memoryFor } from "../../estimates/memory.ts";
import type { DatasetDescription } from "../../datasets/dataset.ts";
import type { Setup } from "../../setup.ts";
import { UserError } from "../../errors.ts";
import { readIfThere } from "../../system/files.ts";
import { flaw, z } from "../../schema.ts";
import type { JobKind, SlurmJob } from "./jobs.ts";

const word = z.string().min(1);
const lines = z.array(z.string().regex(/^[^\n]*$/, "a line has no line break"));

/** What a job may be told; a field that is not there is left to the estimates, or to the site. */
const RESOURCE_FIELDS = {
  partition: word.describe("Partition of the cluster; several with commas between").optional(),
  account: word.describe("Account that is charged").optional(),
  qos: word.describe("Quality of service").optional(),
  time: z.string().regex(
    /^(\d+(:\d\d){0,2}|\d+-\d\d?(:\d\d){0,2})$/,
    "a time limit is as in 90 (minutes), 12:00:00 or 2-00:00:00",
  ).describe("Time limit of a job, as sbatch --time takes it").optional(),
  memory: z.string().regex(/^\d+[KMGT]?$/, "memory is as in 4000M or 16G")
    .describe("Memory of a job, as sbatch --mem takes it").optional(),
  cpus: z.int().positive().describe("Processors of a job").optional(),
  gpus: z.union([
    z.int().nonnegative(),
    z.string().regex(/^[\w.-]+:\d+$/, "GPUs are a number, or a type and a number: a100:1"),
  ]).describe("GPUs of a job: a number, or a type and a number as in a100:1").optional(),
  constraint: word.describe("Features that a node must have").optional(),
  signal: z.int().positive()
    .describe("Seconds before the time limit at which a training writes a checkpoint and requeues")
    .optional(),
  lines: lines.describe("Further options of sbatch, as in --exclude=n7").optional(),
  prologue: lines.describe("Lines of shell before the work: modules, scratch folders").optional(),
};

const asked = z.strictObject(RESOURCE_FIELDS);
const SLURM = asked.extend({
  train: asked.describe("What trainings ask for").optional(),
  evaluate: asked.describe("What evaluations ask for").optional(),
  report: asked.describe("What the making of data and of reports asks for").optional(),
  data: word.describe("Folder of data sets on the nodes; the shell there fills in $VARIABLES")
    .optional(),
  cache: word.describe("VERYDEEP_CACHE on the nodes; the shell there fills in $VARIABLES")
    .optional(),
  maxJobs: z.int().min(2).describe(
    "Most jobs to have in the queue; the same command submits the rest later",
  )
    .optional(),
});

/** verydeep.json. */
export const CONFIG = z.strictObject({
  $schema: z.string().optional(),
  executors: z.strictObject({ slurm: SLURM.optional() }).optional(),
});

/** The section `executors.slurm`. */
export type SlurmConfig = z.infer<typeof SLURM>;
type ResourceFields = z.infer<typeof asked>;

/** The JSON schema of verydeep.json, for editors. */
export function configSchema(): object {
  return { title: "verydeep.json", ...z.toJSONSchema(CONFIG) };
}

/**
 * The section of a config file; an empty one where there is no file.
 *
 * @throws {UserError} It is no JSON, or has fields that there are not.
 */
export function readConfig(file: string): SlurmConfig {
  const text = readIfThere(file);
  if (text === undefined) return {};
  const refuse = (reason: string) => new UserError(`Cannot read "${file}": ${reason}`);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const wrong = flaw(value, CONFIG);
  if (wrong !== undefined) throw refuse(wrong);
  return (value as z.infer<typeof CONFIG>).executors?.slurm ?? {};
}

/** Fields that are numbers. */
const NUMBERS = /(^|\.)(cpus|gpus|signal|maxJobs)$/;

/**
 * A section with some fields changed, as a command line has them: `partition=gpu,train.gpus=1`.
 *
 * @throws {UserError} There is no such field, or it cannot hold the value.
 */
export function overridden(config: SlurmConfig, changes: string): SlurmConfig {
  const changed: Record<string, unknown> = structuredClone(config);
  for (const change of changes.split(",")) {
    const [path = "", ...rest] = change.split("=");
    const text = rest.join("=");
    const value = NUMBERS.test(path) && /^\d+$/.test(text) ? Number(text) : text;
    const [field = "", inner] = path.split(".");
    if (inner === undefined) changed[field] = value;
    else changed[field] = { ...changed[field] as object, [inner]: value };
  }
  const wrong = flaw(changed, SLURM);
  if (wrong === undefined) return changed as SlurmConfig;
  throw new UserError(`Cannot set --resources ${changes}: ${wrong}`);
}

/** The accounts that jobs are charged to; none where the site chooses. */
export function accountsIn(config: SlurmConfig): string[] {
  const kinds = ["train", "evaluate", "report"] as const;
  return [...new Set(kinds.flatMap((kind) => configFor(kind, config).account ?? []))];
}

/** What a job asks for, every estimate made. */
export interface JobResources
  extends Pick<ResourceFields, "partition" | "account" | "qos" | "constraint" | "gpus"> {
  readonly time: string;
  readonly memory: string;
  readonly cpus: number;
  readonly signal: number;
  readonly lines: readonly string[];
  readonly prologue: readonly string[];
}

/** What estimates are made from. */
export interface ResourceInputs {
  readonly config: SlurmConfig;
  readonly setup: Setup;
  readonly dataset: DatasetDescription;
  /** Time limits of partitions, seconds, and that of the default one under "". */
  readonly limits?: ReadonlyMap<string, number>;
}

/** A limit is so many times the estimate, which may be wrong, and leaves time to begin; seconds. */
const SLACK = 1.5;
const LEAST = 15 * 60;

/** Processors for a training that has them to itself: its towers' threads, or reading for a GPU. */
const CPUS = 8;

/** Before the time limit, seconds: a checkpoint of a large net takes some, and Slurm may be late. */
const SIGNAL = 120;

/** What a job asks for: what the config says, else what its most demanding run is expected to take. */
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
  const limit = Math.min(Math.max(LEAST, ...seconds), limits.get(first) ?? Infinity);
  return {
    ...given,
    time: given.time ?? slurmTime(limit),
    memory: given.memory ?? `${Math.ceil(Math.max(2 ** 31, ...bytes) / 2 ** 20)}M`,
    cpus,
    signal: given.signal ?? SIGNAL,
    lines: given.lines ?? [],
    prologue: given.prologue ?? [],
  };
}

/** What jobs of a kind run on. */
export function hardwareFor(
  kind: JobKind,
  { config, setup }: Pick<ResourceInputs, "config" | "setup">,
): Hardware & { readonly cpus: number } {
  const { cpus, gpus = 0 } = configFor(kind, config);
  const worker = kind === "train" || kind === "evaluate";
  const cores = cpus ?? (worker && setup.sideBySide !== "cores" ? CPUS : 1);
  return { cores, cpus: cores, gpus: worker ? Number(String(gpus).split(":").at(-1)) : 0 };
}

/** What the config says of a kind: its own fields before those of all. Lists add up. */
function configFor(
  kind: JobKind,
  { train, evaluate, report, data: _data, cache: _cache, maxJobs: _maxJobs, ...all }: SlurmConfig,
): ResourceFields {
  const own = { train, evaluate, report, prepare: report }[kind] ?? {};
  const isWork = kind === "train" || kind === "evaluate";
  const { gpus, ...rest } = all;
  return {
    ...rest,
    ...isWork && gpus !== undefined && { gpus },
    ...own,
    lines: [...all.lines ?? [], ...own.lines ?? []],
    prologue: [...all.prologue ?? [], ...own.prologue ?? []],
  };
}

/** Seconds as Slurm has them, whole minutes: `1-06:30:00`. */
export function slurmTime(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  const days = Math.floor(minutes / 1440);
  const clock = `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}:00`;
  return days > 0 ? `${days}-${clock}` : clock;
}

/** Seconds in a time of Slurm's, as `2-00:00:00`, `30:00` or `infinite`. */
export function secondsOf(time: string): number {
  const [, days = "0", clock = ""] = /^(?:(\d+)-)?([\d:]+)$/.exec(time) ?? [];
  if (clock === "") return Infinity;
  const parts = clock.split(":").map(Number);
  // 2-12 is days and hours, 12:30 minutes and seconds
  while (parts.length < 3) time.includes("-") ? parts.push(0) : parts.unshift(0);
  const [hours = 0, minutes = 0, rest = 0] = parts;
  return ((Number(days) * 24 + hours) * 60 + minutes) * 60 + rest;
}
