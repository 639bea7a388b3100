/** A made-up report: every number follows from a formula, and no store is behind it. */
import table3 from "../../experiments/table3.ts";
import type { TableResult } from "../../lib/results/row_result.ts";
import type { LogEntry } from "../../lib/vgg/checkpoint.ts";
import type { Context, EvalRun } from "../../lib/experiment.ts";
import { key } from "../../lib/key.ts";
import { plan } from "../../lib/plan.ts";
import type { EnergyUse } from "../../lib/system/environment.ts";
import type {
  EvaluationDetails,
  RunDetails,
  TrainingDetails,
} from "../../lib/report/run_details.ts";
import type { Scores } from "../../lib/score.ts";
import { madeUp } from "./results.ts";

/** Names that would break a page that does not escape them. */
export const HOSTILE = ["<script>alert(1)</script>", 'a & "b"', "\\input{x}", "=cmd()"];

const IMAGES = 40;

/** Scores of `IMAGES` images of four classes: every fifth is predicted as the next class. */
export function madeUpScores(): Scores {
  const images = Array.from({ length: IMAGES }, (_, image) => image);
  const isWrong = (image: number) => image % 5 === 0;
  return {
    classes: 4,
    labels: Int32Array.from(images, (image) => image % 4),
    ranks: Int32Array.from(images, (image) => isWrong(image) ? 1 : 0),
    predicted: Int32Array.from(images, (image) => (image + (isWrong(image) ? 1 : 0)) % 4),
    confidence: Float32Array.from(images, (image) => 0.5 + image / 100),
  };
}

/** Results of Table 3 with intervals, scores, and the keys of the runs behind them. */
export function measured({ seeds = 1 } = {}): TableResult {
  const contexts = contextsOf(seeds);
  const result = madeUp({ seeds });
  return {
    ...result,
    rows: result.rows.map((row) => ({
      ...row,
      intervals: { top1: { low: 9, high: 22 }, top5: { low: 1, high: 5 } },
      scores: contexts.map(madeUpScores),
      runs: contexts.map((context) => key(row.row.evaluations[0]!, context)),
      comparison: { status: "protocol differs", reason: "Not the paper's: setup, data set." },
    })),
  };
}

/** The runs behind it. */
export function madeUpRunDetails(
  { seeds = 1, classes = HOSTILE, energy }: {
    readonly seeds?: number;
    readonly classes?: readonly string[];
    readonly energy?: EnergyUse;
  } = {},
): RunDetails {
  const contexts = contextsOf(seeds);
  const trainings: TrainingDetails[] = [], evaluations: EvaluationDetails[] = [];
  for (const { key, run, context } of plan([table3], contexts)) {
    const facts = {
      key,
      context,
      folder: `folder-of-${key}`,
      state: "done",
      table: "table3",
      ...energy && { energy },
    } as const;
    if ("net" in run) {
      evaluations.push({ ...facts, run, errors: { top1: topOf(run), top5: 2 } });
    } else trainings.push({ ...facts, run, log: madeUpLog() });
  }
  return {
    choice: "--setup small",
    seeds: contexts.map(({ seed }) => seed),
    classes,
    trainings,
    evaluations,
  };
}

const topOf = ({ Q }: EvalRun) => Q / 16;

/** Twenty lines; the loss halves every five, the rate falls at three quarters. */
function madeUpLog(): LogEntry[] {
  return Array.from({ length: 20 }, (_, i) => ({
    step: 100 * (i + 1),
    epoch: (i + 1) / 4,
    loss: 3 * 2 ** (-i / 5),
    learningRate: i < 15 ? 0.01 : 0.001,
    imagesPerSecond: 1000 + i,
    ...i % 5 === 4 && { validation: { top1: 80 - 3 * i, top5: 40 - 2 * i } },
  }));
}

function contextsOf(seeds: number): Context[] {
  const { setup } = madeUp();
  return Array.from({ length: seeds }, (_, seed) => (
    { train: setup.train, evaluate: setup.evaluate, seed, data: "made-up-data" }
  ));
}
