/**
 * Formats and parses the files of a run, in a store's folder or in a bundle. Damaged content is
 * ignored.
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

/** Path of a run in a folder of results: `train/D-256-0123456789ab`. */
export function placeIn({ run, key }: PlannedRun): string {
  return `${isEvaluation(run) ? "eval" : "train"}/${folderName(run)}-${key}`;
}

/** The content of a run's recipe.json. */
export function recipeText({ run, context }: PlannedRun): string {
  return `${JSON.stringify({ run, ...context }, null, 2)}\n`;
}

/** The run of a folder with this recipe.json; undefined if it does not match the folder's name. */
export function recipeIn(text: string, place: string): PlannedRun | undefined {
  try {
    const { run, ...context } = JSON.parse(text) as Context & { run: Run };
    const planned = plannedRun(run, context);
    return placeIn(planned) === place ? planned : undefined;
  } catch {
    return undefined;
  }
}

/** A line of a log. @param again whether it is of the restart after a divergence */
export function logLine(entry: LogEntry, again = false): string {
  return JSON.stringify(withChecksum({ ...entry, ...again && { again } }));
}

/** The line of a log that says after which step a training has ended. */
export function lastLogLine(end: number): string {
  return JSON.stringify(withChecksum({ end }));
}

/**
 * The undamaged lines of a log in the order of the file. Lines are only ever added, also by two processes
 * at once. What is not valid any more is left out: a training before its restart, and steps that an earlier
 * execution did beyond the training's end.
 */
export function logLinesIn(text = ""): LogEntry[] {
  const lines = text.split("\n").slice(0, -1).flatMap((line) =>
    verifyChecksum<LogEntry & { again?: true } | { end: number }>(parsed(line)) ?? []
  );
  const entries = lines.flatMap((line) => "end" in line ? [] : line);
  const end = lines.flatMap((line) => "end" in line ? line.end : []).at(-1) ?? Infinity;
  const isRestarted = entries.some(({ again }) => again);
  return entries.filter(({ step, again }) => !(step > end) && (again || !isRestarted))
    .map(({ again: _again, ...entry }) => entry);
}

/** The undamaged lines of a log, sorted by steps; of a step that was repeated, the last one. */
export function logIn(text = ""): LogEntry[] {
  const steps = new Map(logLinesIn(text).map((entry) => [entry.step, entry]));
  return [...steps.values()].sort((one, other) => one.step - other.step);
}

/** The text of a log without anything but its undamaged lines. */
export function logText(entries: readonly LogEntry[]): string {
  return entries.map((entry) => `${logLine(entry)}\n`).join("");
}

/** The content of environment.json: the executions of a run. */
export function executionsText(executions: readonly Execution[]): string {
  return `${JSON.stringify(executions.map(withChecksum), null, 2)}\n`;
}

/** The undamaged executions in an environment.json, first to last. */
export function executionsIn(text = "[]"): Execution[] {
  const executions = parsed(text);
  if (!Array.isArray(executions)) return [];
  return executions.flatMap((execution) => verifyChecksum<Execution>(execution) ?? []);
}

/** The divergence in a diverged.json; undefined if the file is missing or damaged. */
export function divergenceIn(text?: string): Divergence | undefined {
  return verifyChecksum<Divergence>(parsed(text ?? ""));
}

/** Parses JSON; undefined if the text is malformed. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The posteriors in an open file. Disposing of them closes the file.
 *
 * @throws {UserError} The file contains no posteriors; it is then closed.
 */
export function posteriorsIn(open: OpenSafetensors, name: string): Posteriors & Disposable {
  const [images, classes] = open.shapes.get("posteriors") ?? [];
  const labels = open.shapes.has("labels") ? open.read("labels") : undefined;
  const alsoRight = open.shapes.has("also_right") ? open.read("also_right") : undefined;
  if (
    !(labels instanceof Int32Array) || classes === undefined || labels.length !== images ||
    (alsoRight !== undefined &&
      (!(alsoRight instanceof Int32Array) || alsoRight.length % images !== 0))
  ) {
    open[Symbol.dispose]();
    throw new UserError(
      `Cannot read "${name}": it contains no posteriors; remove it to compute them again`,
    );
  }
  return {
    name,
    classes,
    labels,
    ...alsoRight && { alsoRight },
    rows(from, to, values = new Float32Array((to - from) * classes)) {
      open.readInto("posteriors", from * classes, values);
      return values;
    },
    [Symbol.dispose]: () => open[Symbol.dispose](),
  };
}
