/** Which fields of setups tell the runs of a list apart, where they are under several, as in a study. */
import { evaluateFieldsOf, isEvaluation } from "../experiment.ts";
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
  const known = new Map<object, ReadonlyMap<string, string>>();
  const partOf = (part: object) => {
    const fields = known.get(part) ?? fieldsOf(part);
    known.set(part, fields);
    return fields;
  };
  // runs of one setup share its parts, so there are few
  const trains = [...new Set(runs.map(({ context }) => context.train))].map(partOf);
  const evaluates = [...new Set(runs.map(({ context }) => context.evaluate))].map(partOf);
  const varied = [trains, evaluates].flatMap((parts) => {
    const names = new Set(parts.flatMap((fields) => [...fields.keys()]));
    return [...names].filter((name) => new Set(parts.map((fields) => fields.get(name))).size > 1);
  });
  if (varied.length === 0) return undefined;
  return ({ run, context: { train, evaluate } }) => {
    const own = isEvaluation(run) ? fieldsOf(evaluateFieldsOf(run.method, evaluate)) : undefined;
    const ofTrain = partOf(train);
    return varied.flatMap((name) => {
      const value = ofTrain.get(name) ?? own?.get(name);
      return value === undefined ? [] : [`${name} ${value}`];
    }).join(", ");
  };
}
