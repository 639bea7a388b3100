/**
 * The key of a run: its name, a digest of everything that its numbers depend on.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Context,
  hasAncestor,
  inheritance,
  isEvaluation,
  isImported,
  lineageOf,
  type Method,
  type Run,
  scheduleOf,
  type TrainRun,
} from "./experiment.ts";
import { type EvaluateSetup, INTERPRETATIONS, type TrainSetup } from "./setup.ts";

/**
 * Names a run by its content: 12 hexadecimal digits of SHA-256 over canonical JSON, so that equal
 * runs are done once and their results are found again. What decides a run's numbers counts, and
 * nothing else: of the schedules, those that the net and its ancestors use; dropout, where one of them
 * drops outputs by the setup's; of the ways to test, those of the method. Fields that are absent do not
 * count, so a new optional field changes no old key.
 *
 * ```ts
 * import { key } from "./key.ts";
 * import { small } from "../experiments/setups.ts";
 *
 * const context = { train: small.train, evaluate: small.evaluate, seed: 0, data: "" };
 * const a = { config: "A", S: 256, init: "random" } as const;
 * if (key(a, context) !== key({ ...a, update: "all" }, context)) throw new Error("equal runs");
 * if (key(a, context) === key(a, { ...context, seed: 1 })) throw new Error("the seed counts");
 * ```
 */
export function key(run: Run, { evaluate, train, ...context }: Context): string {
  const { net, ...test } = isEvaluation(run) ? run : { net: run };
  const own: Readonly<Record<string, string>> = "method" in test
    ? {
      run: joined({ ...texts(test), net: netText(net, train) }),
      evaluate: JSON.stringify(evaluateFieldsOf(test.method, evaluate), canonical),
    }
    : { run: netText(net, train) };
  const text = joined({ ...own, ...texts(context), train: sharedText(net, train) });
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** The fields of an object, each as the canonical JSON of its value. */
function texts(value: object): Record<string, string> {
  const fields = Object.entries(value).filter(([field, value]) =>
    canonical(field, value) !== undefined
  );
  return Object.fromEntries(
    fields.map(([field, value]) => [field, JSON.stringify(value, canonical)]),
  );
}

/** Canonical JSON of an object whose values are JSON already. */
function joined(fields: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${sorted.map(([field, text]) => `${JSON.stringify(field)}:${text}`).join(",")}}`;
}

/** What was written for each setup: its shared part, and its nets. A plan of a thousand rows has few. */
const written = new WeakMap<TrainSetup, WrittenSetup>();

interface WrittenSetup {
  readonly shared: string;
  readonly withoutDropout: string;
  readonly nets: WeakMap<TrainRun, string>;
}

function writtenFor(train: TrainSetup): WrittenSetup {
  const known = written.get(train);
  if (known !== undefined) return known;
  // each net's own schedule, scale step and start are written into the nets
  const { transfer: _, transferNoise: __, schedules: ___, jitterStep: ____, ...shared } = train;
  const { dropout: _____, ...withoutDropout } = shared;
  const made = {
    shared: JSON.stringify(shared, canonical),
    withoutDropout: JSON.stringify(withoutDropout, canonical),
    nets: new WeakMap<TrainRun, string>(),
  };
  written.set(train, made);
  return made;
}

/** Canonical JSON of the part of a setup that counts for a run of a net besides the net's own. */
function sharedText(run: TrainRun, train: TrainSetup): string {
  const { shared, withoutDropout } = writtenFor(train);
  return lineageOf(run).some(dropsBySetup) ? shared : withoutDropout;
}

/** Whether the setup's dropout counts: not for a net with its own, or without hidden layers to drop from. */
function dropsBySetup({ dropout, average, fc = average && [], init }: TrainRun): boolean {
  if (isImported(init)) return true; // the keys of imported nets are older than this rule
  return dropout === undefined && fc?.length !== 0;
}

/** Canonical JSON of a net and its ancestors under a setup. */
function netText(run: TrainRun, train: TrainSetup): string {
  const { nets } = writtenFor(train);
  const text = nets.get(run) ?? JSON.stringify(settled(run, train), canonical);
  nets.set(run, text);
  return text;
}

/** A training and its ancestors, each with the fields of the setup that it alone uses. */
function settled(run: TrainRun, train: TrainSetup): object {
  const { config, ...others } = run;
  const net = run.blocks === undefined ? { config, ...others } : others; // blocks say it all
  if (isImported(run.init)) return net; // nothing of it is trained
  return {
    ...net,
    schedule: scheduleOf(run, train),
    ...typeof run.S !== "number" && { jitterStep: train.jitterStep },
    ...hasAncestor(run.init) && {
      init: { ...inheritance(run.init, train), from: settled(run.init.from, train) },
    },
  };
}

/** The fields of a setup that a method uses. A crop's score map has one place, so there is nothing to average. */
export function evaluateFieldsOf(method: Method, evaluate: EvaluateSetup): Partial<EvaluateSetup> {
  const { scoreMap, cropGrid, centreCrop } = evaluate;
  switch (method) {
    case "dense":
      return { scoreMap };
    case "multi-crop":
      return { ...cropGrid && { cropGrid } };
    case "centre-crop":
      return { ...centreCrop && { centreCrop } };
  }
}

/** JSON replacer: fields in alphabetical order, without those at their default. */
function canonical(field: string, value: unknown): unknown {
  if (Object.hasOwn(DEFAULTS, field) && isDeepStrictEqual(value, DEFAULTS[field])) return undefined;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Default values; a field that has its default is left out of keys. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  update: "all",
  ...INTERPRETATIONS.train,
  ...INTERPRETATIONS.evaluate,
};
