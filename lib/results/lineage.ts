/** Ancestors of a run, rows that depend on it, and differences between runs. */
import { INTERPRETATIONS, type TrainSetup } from "../setup.ts";
import {
  ancestorOf,
  type Context,
  displayName,
  formatS,
  hasAncestor,
  inheritance,
  type Init,
  isEvaluation,
  isImported,
  type Run,
  scheduleName,
  type Table,
  type TrainRun,
} from "../experiment.ts";
import { evaluateFieldsOf } from "../key.ts";
import { type PlannedRun, runsOfRow } from "../plan.ts";
import { layersFields } from "../vgg/configs.ts";
import { type FieldDifference, fieldDifferences, fieldsOf } from "./protocol.ts";

/** A run and its ancestors, nearest first. */
export function withAncestors(planned: PlannedRun): PlannedRun[] {
  return [planned, ...planned.ancestor ? withAncestors(planned.ancestor) : []];
}

/**
 * The initialisation of a run: `all layers of D 256`, `conv1_1 fc6 of A 256`, `random weights`, or
 * `all layers of A 256, deepened with noise 0.1`.
 */
export function originOf(run: Run, train: TrainSetup): string {
  if (isEvaluation(run)) return displayName(run.net);
  const { init } = run;
  if (init === "random") return "random weights";
  if (!hasAncestor(init)) return importInWords(init);
  const { from, layers, noise } = inheritance(init, train);
  if (typeof layers !== "string") return `${layers.join(" ")} of ${displayName(from)}`;
  const how = layers === "all" ? "" : `, ${layers}ed with noise ${noise}`;
  return `all layers of ${displayName(from)}${how}`;
}

/** The origin of imported weights, and the mean colour that is subtracted from their input. */
export function importInWords(
  { weights, layout, input, mean, classes }: Extract<Init, { weights: string }>,
): string {
  return [
    `a file of weights${layout === undefined ? "" : ` in ${layout}'s layout`}`,
    `SHA-256 ${weights}`,
    ...input === undefined ? [] : [`${input}'s input`],
    ...mean === undefined ? [] : [`mean colour ${mean.join(" ")}`],
    ...classes === undefined ? [] : [`without fc8, which has ${classes} classes`],
  ].join(", ");
}

/** A shorter form of an origin: `7 layers of A 256`. */
export function shortened(origin: string): string {
  return origin.replace(
    /^(\S+(?: \S+){2,})(?= of )/,
    (layers) => `${layers.split(" ").length} layers`,
  );
}

/** A row of a table, counted from 1. */
export interface RowPlace {
  readonly table: Table;
  readonly row: number;
}

/** The rows that depend on a run: on its posteriors, or on a net trained from it. */
export function rowsOn({ key, context }: PlannedRun, tables: readonly Table[]): RowPlace[] {
  return rowsByRun(tables, [context]).get(key) ?? [];
}

/** The rows that depend on each run of tables, by the run's key; see `rowsOn`. */
export function rowsByRun(
  tables: readonly Table[],
  contexts: readonly Context[],
): ReadonlyMap<string, RowPlace[]> {
  const places = new Map<string, RowPlace[]>();
  for (const table of tables) {
    for (const [index, row] of table.rows.entries()) {
      const needed = runsOfRow(row, contexts).flat().flatMap(withAncestors);
      for (const key of new Set(needed.map(({ key }) => key))) {
        const known = places.get(key) ?? [];
        known.push({ table, row: index + 1 });
        places.set(key, known);
      }
    }
  }
  return places;
}

/** Every field that decides a run's numbers, with its value in words. */
export function recipeFields({ run, context }: PlannedRun): Map<string, string> {
  const { train, evaluate, seed, data } = context;
  return fieldsOf({
    ...isEvaluation(run)
      ? {
        run: "evaluation",
        Q: run.Q,
        method: run.method,
        ...netFields(run.net, train),
        ...evaluateFieldsOf(run.method, { ...INTERPRETATIONS.evaluate, ...evaluate }),
      }
      : { run: "training", ...netFields(run, train) },
    ...INTERPRETATIONS.train,
    ...trainFieldsOf(run, train),
    seed,
    data,
  });
}

/** The fields of a setup that a run and its ancestors use: of the schedules, theirs. */
function trainFieldsOf(run: Run, { schedules, jitterStep, ...train }: TrainSetup): object {
  const names = new Set<keyof TrainSetup["schedules"]>();
  let net: TrainRun | undefined = isEvaluation(run) ? run.net : run;
  for (; net !== undefined; net = ancestorOf(net)) {
    if (!isImported(net.init)) names.add(scheduleName(net));
  }
  const used = (["first", "finer", "jittered"] as const).filter((name) => names.has(name));
  return {
    ...train,
    ...names.has("jittered") && { jitterStep },
    schedules: Object.fromEntries(used.map((name) => [name, schedules[name]])),
  };
}

function netFields(net: TrainRun, train: TrainSetup): Record<string, string> {
  const { S, update = "all" } = net;
  const { config, ...own } = layersFields(net);
  const written = Object.entries(own).map(([field, value]) => [field, JSON.stringify(value)]);
  return {
    config,
    ...Object.fromEntries(written),
    ...{ S: formatS(S), update, ...originFields(net, train) },
  };
}

/** The initialisation of a net, of its ancestor, and so on. */
function originFields(net: TrainRun, train: TrainSetup): Record<string, string> {
  const fields: Record<string, string> = {};
  let [name, at] = ["init", net];
  for (;;) {
    fields[name] = originOf(at, train);
    if (!hasAncestor(at.init)) return fields;
    at = at.init.from;
    name = `init of ${displayName(at)}`;
    while (name in fields) name += " (again)"; // a net may be trained from one with the same name
  }
}

/** Every field in which two runs differ: of the runs, their ancestors, setups, seeds and data. */
export function differencesBetween(one: PlannedRun, other: PlannedRun): FieldDifference[] {
  return fieldDifferences(recipeFields(one), recipeFields(other));
}

/** A run with its differences from another run. */
export interface NearestRun {
  readonly planned: PlannedRun;
  readonly differences: readonly FieldDifference[];
}

/** The other run of the same kind that differs in the fewest fields; the first of several. */
export function nearestRun(
  planned: PlannedRun,
  runs: readonly PlannedRun[],
): NearestRun | undefined {
  const alike = runs.filter(({ key, run }) =>
    key !== planned.key && isEvaluation(run) === isEvaluation(planned.run)
  );
  return alike
    .map((other) => ({ planned: other, differences: differencesBetween(planned, other) }))
    .sort((a, b) => a.differences.length - b.differences.length)[0];
}
