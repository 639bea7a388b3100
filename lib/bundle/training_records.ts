/** Checks the records of runs in a bundle: recipes, lineage, and logs of trainings. */
import { RETRY, type TrainSetup } from "../setup.ts";
import { isEvaluation, isImported, scheduleOf, type TrainRun } from "../experiment.ts";
import type { PlannedRun } from "../plan.ts";
import type { LogEntry } from "../vgg/checkpoint.ts";
import { logIn, logText, placeIn, recipeText } from "../store/run_files.ts";
import { INITIAL_PLATEAU, learningRate, loweredRate, stepsOf } from "../vgg/schedule.ts";
import type { OpenArchive } from "./archive.ts";
import { type BundlePlan, ENVIRONMENT, LINEAGE, lineageText, PLAN, runsIn } from "./contents.ts";
import type { Problem } from "./problems.ts";

/** Name of the log of a training. */
function logName(run: PlannedRun): string {
  return `${placeIn(run)}/log.jsonl`;
}

/**
 * Checks recipes, lineage and logs. Every run needs its recipe. Every training that an evaluation
 * depends on needs a log that follows its schedule, unless its weights are imported.
 *
 * @param isDone whether the bundle has the posteriors of an evaluation
 */
export function checkRecords(
  archive: OpenArchive,
  plan: BundlePlan,
  isDone: (evaluation: PlannedRun) => boolean,
): Problem[] {
  const problem = (file: string, reason: string): Problem => ({ kind: "file", file, reason });
  const runs = runsIn(plan);
  const expected = [
    [LINEAGE, lineageText(plan)] as const,
    ...runs.map((run) => [`${placeIn(run)}/recipe.json`, recipeText(run)] as const),
  ];
  const records = expected.flatMap(([file, text]) => {
    if (!archive.entries.has(file)) return [problem(file, "is missing")];
    return archive.text(file) === text ? [] : [problem(file, `does not follow from ${PLAN}`)];
  });
  const logs = trainingsOf(runs, isDone).flatMap((run) => {
    const file = logName(run);
    if (!archive.entries.has(file)) return [problem(file, "is missing")];
    const fault = logFault(run, archive.text(file));
    return fault === undefined ? [] : [problem(file, fault)];
  });
  const environment = archive.entries.has(ENVIRONMENT) ? [] : [problem(ENVIRONMENT, "is missing")];
  return [...records, ...environment, ...logs];
}

/** The trainings that done evaluations depend on, without imported weights. */
export function trainingsOf(
  runs: readonly PlannedRun[],
  isDone: (evaluation: PlannedRun) => boolean,
): PlannedRun[] {
  const needed = new Map<string, PlannedRun>();
  for (const run of runs.filter((run) => isEvaluation(run.run) && isDone(run))) {
    for (let at = run.ancestor; at !== undefined; at = at.ancestor) needed.set(at.key, at);
  }
  return [...needed.values()].filter(({ run }) => !isImported((run as TrainRun).init));
}

/** Relative error of a learning rate that was written as a decimal. */
const ROUNDING = 1e-9;

/**
 * Why a log is not that of a finished training; undefined if it may be. Its last step must be that of
 * the schedule, unless a plateau ends the training, and every learning rate must be the schedule's.
 */
export function logFault(planned: PlannedRun, text: string): string | undefined {
  const run = planned.run as TrainRun;
  const { train } = planned.context;
  const entries = logIn(text);
  const last = entries.at(-1);
  if (last === undefined) return "has no line";
  if (text !== logText(entries)) return "has more than the lines of a training";
  const isNumbered = ({ loss, step }: LogEntry) =>
    Number.isFinite(loss) && loss >= 0 && Number.isSafeInteger(step) && step > 0;
  if (!entries.every(isNumbered)) {
    return "has a loss or a step that is not a number";
  }
  const steps = stepsOf(run, train);
  const endsEarly = scheduleOf(run, train).drops.rule === "plateau";
  if (last.step > steps || last.step < steps && !endsEarly) {
    return `ends at step ${last.step} of ${steps}`;
  }
  const odd = entries.find(({ step, learningRate }) =>
    !ratesAt(step, run, train).some((rate) => Math.abs(rate - learningRate) <= ROUNDING * rate)
  );
  if (odd === undefined) return undefined;
  return `has the learning rate ${odd.learningRate} at step ${odd.step}, which is not the schedule's`;
}

/** Learning rates that a line of a log may have: before or after its step, also after a restart. */
function ratesAt(step: number, run: TrainRun, train: TrainSetup): number[] {
  const schedule = scheduleOf(run, train);
  const { drops } = schedule;
  const plateaus = Array.from(
    { length: drops.rule === "plateau" ? drops.times + 1 : 1 },
    (_, drops) => ({ ...INITIAL_PLATEAU, drops }),
  );
  return [step - 1, step].flatMap((step) =>
    plateaus.flatMap((plateau) => {
      const seen = step * train.batch;
      const rate = learningRate(schedule, plateau, seen);
      return [rate, loweredRate(rate, seen / schedule.images, train.retry ?? RETRY)];
    })
  );
}
