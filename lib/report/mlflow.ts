/**
 * Runs as MLflow's file store keeps them: a folder for each experiment and in it one for each run, with a
 * file for each parameter, metric and tag. `mlflow ui --backend-store-uri FOLDER` opens it; MLflow
 * 3.17 only with `MLFLOW_ALLOW_FILE_STORE=true`, since new stores are databases, and
 * `mlflow migrate-filestore` makes such a database of it.
 *
 * ```
 * <experiment>/meta.yaml
 * <experiment>/<run>/meta.yaml
 *                    params/<name>    its value
 *                    metrics/<name>   a line for each value: milliseconds since 1970, value, step
 *                    tags/<name>      its value
 *                    artifacts/
 * ```
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.ts";
import { actionLabel, type Errors, isEvaluation } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import { recipeFields } from "../results/lineage.ts";
import { errorsOfRuns } from "../results/run_errors.ts";
import type { RunStatus, Store } from "../store/mod.ts";
import { recipeText } from "../store/run_files.ts";
import { type Execution, machineInWords } from "../system/environment.ts";
import { warn } from "./warn.ts";

/** A run in a store. */
export interface LoggedRun extends PlannedRun {
  readonly status: RunStatus;
}

/** Files of an experiment, by their paths in MLflow's folder. */
export type MlflowFiles = ReadonlyMap<string, string>;

/** How MLflow numbers what became of a run. */
const STATUS: Readonly<Partial<Record<RunStatus["state"], number>>> = {
  running: 1,
  done: 3,
  failed: 4,
  damaged: 4,
  unreadable: 4,
  partial: 5, // "killed"
};

/** A run of this machine's user, which MLflow calls LOCAL. */
const LOCAL = 4;

/** Longest value of a parameter or a tag, characters. */
const LONGEST = 5000;

/** A value of a metric. */
interface Point {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly value: number;
  readonly step: number;
}

/** A file of an experiment. */
type NamedText = readonly [path: string, text: string];

/**
 * The files of all runs of a store that were begun, in MLflow's layout. The same store gives the same
 * files for the same folder; a run keeps its name in every store.
 *
 * @param folder MLflow's folder, absolute: it writes the places of artifacts into its files
 */
export function mlflowFiles(
  runs: readonly LoggedRun[],
  store: Store,
  folder: string,
): MlflowFiles {
  const name = `verydeep ${basename(store.folder)}`;
  const experiment = experimentId(name);
  const begun = runs.filter(({ status }) => status.state in STATUS);
  const logged = begun.map((run) => loggedRun(run, { store, experiment, folder }));
  const times = logged.flatMap(({ start, end }) => [start, end ?? start]).filter((time) =>
    time > 0
  );
  const meta = yaml({
    artifact_location: uriOf(`${folder}/${experiment}`),
    creation_time: times.length === 0 ? 0 : Math.min(...times),
    experiment_id: experiment,
    last_update_time: Math.max(0, ...times),
    lifecycle_stage: "active",
    name,
  });
  return new Map([...logged.flatMap(({ files }) => files), [`${experiment}/meta.yaml`, meta]]);
}

/** The experiment of a folder of results, as MLflow numbers it: up to 18 digits. */
function experimentId(name: string): string {
  const digits = createHash("sha256").update(name).digest("hex").slice(0, 15);
  return String(BigInt(`0x${digits}`) % 10n ** 18n);
}

/** The name of a run in MLflow: 32 hexadecimal digits that follow from its key. */
export function mlflowRunId(key: string): string {
  return createHash("sha256").update(`verydeep ${key}`).digest("hex").slice(0, 32);
}

function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

/** Fields of a meta.yaml; JSON's strings and numbers are YAML, too. */
function yaml(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
}

function loggedRun(
  planned: LoggedRun,
  { store, experiment, folder }: {
    readonly store: Store;
    readonly experiment: string;
    readonly folder: string;
  },
) {
  const { key, status: { state } } = planned;
  const executions = store.readExecutions(planned);
  const start = timeOf(executions[0]?.started) ?? 0;
  const end = ["running", "partial"].includes(state)
    ? undefined
    : timeOf(executions.at(-1)?.finished) ?? start;
  const id = mlflowRunId(key);
  const place = `${experiment}/${id}`;
  const name = actionLabel(planned.run);
  const meta = yaml({
    artifact_uri: uriOf(`${folder}/${place}/artifacts`),
    end_time: end ?? null,
    entry_point_name: "",
    experiment_id: experiment,
    lifecycle_stage: "active",
    run_id: id,
    run_name: name,
    run_uuid: id,
    source_name: "",
    source_type: LOCAL,
    source_version: "",
    start_time: start,
    status: STATUS[state],
    tags: [],
    user_id: "verydeep",
  });
  const metrics = isEvaluation(planned.run)
    ? testMetrics(planned, store, end ?? start)
    : trainingMetrics(planned, store, start);
  const lines = (points: readonly Point[]) =>
    points.map(({ time, value, step }) => `${Math.round(time)} ${value} ${step}\n`).join("");
  const files: NamedText[] = [
    [`${place}/artifacts/recipe.json`, recipeText(planned)],
    ...distinctNames(recipeFields(planned)).map(([name, value]): NamedText => [
      `${place}/params/${name}`,
      oneLine(value),
    ]),
    ...Object.entries(metrics).flatMap(([name, points]): NamedText[] =>
      points.length === 0 ? [] : [[`${place}/metrics/${name}`, lines(points)]]
    ),
    ...Object.entries(tagsOf(planned, executions.at(-1), name)).map(([name, value]): NamedText => [
      `${place}/tags/${name}`,
      oneLine(value),
    ]),
    [`${place}/meta.yaml`, meta],
  ];
  return { start, end, files };
}

function timeOf(date: string | undefined): number | undefined {
  const time = Date.parse(date ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** MLflow reads a value as the only line of its file. */
function oneLine(value: string): string {
  return value.replace(/[\r\n]+/g, " ").slice(0, LONGEST);
}

/** Fields under names of letters, digits, dots, dashes and spaces, each another one. */
function distinctNames(fields: ReadonlyMap<string, string>): [string, string][] {
  const names = new Map<string, string>();
  for (const [field, value] of fields) {
    let name = field.replace(/[^\w.\- ]/g, "_");
    while (names.has(name)) name += "_";
    names.set(name, value);
  }
  return [...names];
}

/**
 * A training's log, by metric. Its lines have no times: they follow from the start and the speed, and do
 * not count interruptions.
 */
function trainingMetrics(
  planned: PlannedRun,
  store: Store,
  start: number,
): Readonly<Record<string, readonly Point[]>> {
  const { batch } = planned.context.train;
  let [time, last] = [start, 0];
  const entries = store.readLog(planned).map((entry) => {
    const seconds = (entry.step - last) * batch / entry.imagesPerSecond;
    time += Number.isFinite(seconds) ? 1000 * seconds : 0;
    last = entry.step;
    return { ...entry, time };
  });
  const points = (of: (entry: typeof entries[number]) => number | undefined) =>
    entries.flatMap((entry) => {
      const value = of(entry);
      return value === undefined ? [] : [{ time: entry.time, value, step: entry.step }];
    });
  return {
    epoch: points(({ epoch }) => epoch),
    images_per_second: points(({ imagesPerSecond }) => imagesPerSecond),
    learning_rate: points(({ learningRate }) => learningRate),
    loss: points(({ loss }) => loss),
    validation_top1_error: points(({ validation }) => validation?.top1),
    validation_top5_error: points(({ validation }) => validation?.top5),
  };
}

/** The errors of a finished evaluation, in per cent; none, and a warning, if its posteriors are damaged. */
function testMetrics(
  planned: LoggedRun,
  store: Store,
  time: number,
): Readonly<Record<string, readonly Point[]>> {
  if (planned.status.state !== "done") return {};
  let errors: Errors;
  try {
    errors = errorsOfRuns([planned], store.scoresOf([planned]));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    warn(`${actionLabel(planned.run)} has no errors in MLflow. ${error.message}`);
    return {};
  }
  const { top1, top5 } = errors;
  const point = (value: number) => [{ time, value, step: 0 }];
  return { top1_error: point(top1), ...top5 !== undefined && { top5_error: point(top5) } };
}

/** Tags that MLflow knows, and those of this program; evaluations are nested under their trainings. */
function tagsOf(
  { run, key, context, ancestor }: PlannedRun,
  execution: Execution | undefined,
  name: string,
): Readonly<Record<string, string>> {
  return {
    "mlflow.runName": name,
    "mlflow.source.name": "verydeep",
    "mlflow.source.type": "LOCAL",
    "mlflow.user": "verydeep",
    ...isEvaluation(run) && ancestor && { "mlflow.parentRunId": mlflowRunId(ancestor.key) },
    ...execution?.git && { "mlflow.source.git.commit": execution.git.commit },
    "verydeep.kind": isEvaluation(run) ? "evaluation" : "training",
    "verydeep.key": key,
    "verydeep.seed": String(context.seed),
    ...execution && {
      "verydeep.machine": machineInWords(execution.machine),
      "verydeep.device": execution.device,
      "verydeep.tensorflow": execution.tensorflow ?? "unknown",
    },
  };
}
