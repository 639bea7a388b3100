/** Which fields of setups tell the runs of a list apart, where they are under several, as in a study. */
import { isEvaluation } from "../experiment.ts";
import { evaluateFieldsOf } from "../key.ts";
import type { PlannedRun } from "../plan.ts";
import { fieldsOf } from "../results/protocol.ts";

/**
 * Names the fields in which the setups of runs differ.
 *
 * @returns these fields of a run, as in `dropout 0.5, weightDecay 0.001`; nothing if all runs are under the
 *   same setup
 */
export function variedFields(
  runs: readonly PlannedRun[],
): ((run: PlannedRun) => string) | undefined {
  const trains = variedParts(runs.map(({ context }) => context.train));
  const evaluates = variedParts(runs.map(({ context }) => context.evaluate));
  if (trains.length + evaluates.length === 0) return undefined;
  return ({ run, context: { train, evaluate } }) => {
    const own = isEvaluation(run) ? evaluateFieldsOf(run.method, evaluate) : {};
    return [...namedFields(train, trains), ...namedFields(own, evaluates)]
      .map(([name, value]) => `${name} ${value}`).join(", ");
  };
}

/** Paths of the fields in which objects differ. */
function variedParts(parts: readonly object[]): readonly string[] {
  const all = [...new Set(parts)] as readonly Readonly<Record<string, unknown>>[];
  const fields = new Set(all.flatMap((part) => Object.keys(part)));
  return [...fields].flatMap((field) => {
    // a thousand setups of a study share what they have in common, which is so not written out
    const values = [...new Set(all.map((part) => part[field]))];
    if (values.length === 1) return [];
    const written = values.map((value) => fieldsOf({ [field]: value }));
    const names = new Set(written.flatMap((each) => [...each.keys()]));
    return [...names].filter((name) => new Set(written.map((each) => each.get(name))).size > 1);
  });
}

/** The fields of an object that have these paths, in words. */
function namedFields(part: object, names: readonly string[]): [name: string, value: string][] {
  const heads = new Set(names.map((name) => name.split(".")[0]!));
  const some = Object.entries(part).filter(([field]) => heads.has(field));
  return [...fieldsOf(Object.fromEntries(some))].filter(([name]) => names.includes(name));
}
