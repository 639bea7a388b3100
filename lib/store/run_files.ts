/**
 * What the files of a run say, wherever they lie: in a store's folder, or in a bundle. What is
 * damaged is not believed.
 *
 * @module
 */
import type { Divergence, LogEntry } from "../vgg/checkpoint.ts";
import type { Execution } from "../system/environment.ts";
import { UserError } from "../errors.ts";
import { type Context, folderName, isEvaluation, type Run } from "../experiment.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import type { Posteriors } from "../score.ts";
import { verifyChecksum, withChecksum } from "../system/checksums.ts";
import type { OpenSafetensors } from "../weights/safetensors.ts";

/** Where a run lies in a folder of results: `train/D-256-0123456789ab`. */
export function placeIn({ run, key }: PlannedRun): string {
  return `${isEvaluation(run) ? "eval" : "train"}/${folderName(run)}-${key}`;
}

/** What is in a run's recipe.json. */
export function recipeText({ run, context }: PlannedRun): string {
  return `${JSON.stringify({ run, ...context }, null, 2)}\n`;
}

/** The run of a folder with this recipe.json; nothing where that is not what the folder's name says. */
export function recipeIn(text: string, place: string): PlannedRun | undefined {
  try {
    const { run, ...context } = JSON.parse(text) as Context & { run: Run };
    const planned = plannedRun(run, context);
    return placeIn(planned) === place ? planned : undefined;
  } catch {
    return undefined;
  }
}

/** A line of a log. */
export function logLine(entry: LogEntry): string {
  return JSON.stringify(withChecksum(entry));
}

/** The lines of a log that are whole, step by step. */
export function logIn(text = ""): LogEntry[] {
  const lines = text.split("\n").slice(0, -1);
  const entries = lines.flatMap((line) => verifyChecksum<LogEntry>(parsed(line)) ?? []);
  // two processes may have done a step, where one was thought to be dead
  const steps = new Map(entries.map((entry) => [entry.step, entry]));
  return [...steps.values()].sort((one, other) => one.step - other.step);
}

/** What is in environment.json: the executions in which a run was carried out. */
export function executionsText(executions: readonly Execution[]): string {
  return `${JSON.stringify(executions.map(withChecksum), null, 2)}\n`;
}

/** The executions that an environment.json names, first to last; those that are damaged are left out. */
export function executionsIn(text = "[]"): Execution[] {
  const executions = parsed(text);
  if (!Array.isArray(executions)) return [];
  return executions.flatMap((execution) => verifyChecksum<Execution>(execution) ?? []);
}

/** What a diverged.json says; nothing where there is none, or it is damaged. */
export function divergenceIn(text?: string): Divergence | undefined {
  return verifyChecksum<Divergence>(parsed(text ?? ""));
}

/** A JSON value; nothing of what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The posteriors that an open file holds, which is closed with them.
 *
 * @throws {UserError} It holds none; it is closed then.
 */
export function posteriorsIn(open: OpenSafetensors, name: string): Posteriors & Disposable {
  const [images, classes] = open.shapes.get("posteriors") ?? [];
  const labels = open.shapes.has("labels") ? open.read("labels") : undefined;
  if (!(labels instanceof Int32Array) || classes === undefined || labels.length !== images) {
    open[Symbol.dispose]();
    throw new UserError(
      `Cannot read "${name}": it holds no posteriors; remove it, and they are made again`,
    );
  }
  return {
    name,
    classes,
    labels,
    rows(from, to, values = new Float32Array((to - from) * classes)) {
      open.readInto("posteriors", from * classes, values);
      return values;
    },
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}
