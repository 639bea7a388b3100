/** A store whose posteriors follow from a formula, and tables of its evaluations. */
import { evaluations, JITTERED, net, oneScale } from "../../experiments/protocol.ts";
import { paper, smoke } from "../../experiments/setups.ts";
import type { DatasetDescription } from "../../lib/datasets/dataset.ts";
import type { BundleInput } from "../../lib/bundle/write.ts";
import { isEvaluation, type Row, type Table } from "../../lib/experiment.ts";
import { contextsOf, plan, plannedRun } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { noise } from "./formula.ts";
import { logOf } from "./logs.ts";

export const IMAGES = 40;
export const CLASSES = 7;

export const dataset: DatasetDescription = {
  name: "made up",
  classes: Array.from({ length: CLASSES }, (_, label) => `class ${label}`),
  train: { length: 80 },
  val: Array(IMAGES).fill({ width: 40, height: 40 }),
  fingerprint: "made-up",
};

const D = net("D", JITTERED);
const row = (...evaluations: readonly Row["evaluations"][]): Row => ({
  evaluations: evaluations.flat(),
  published: { top1: 25.6, top5: 8.1 },
});
const alone = row(evaluations(net("A", 256), oneScale(256), "dense"));
const fused = row(
  evaluations(D, [256, 384, 512], "dense"),
  evaluations(net("A", 256), oneScale(256), "dense"),
);

/** Two tables: single evaluations and a mean; the mean again, and somebody else's row. */
export const tables: readonly Table[] = [
  { name: "first", caption: "made up", headings: ["config", "Q"], rows: [alone, fused] },
  {
    name: "second",
    caption: "made up, too",
    headings: ["title"],
    rows: [{ ...fused, title: "ours" }, {
      title: "theirs, \u00e0 la carte",
      evaluations: [],
      published: { top5: 6.7, testTop5: "merged" },
    }],
  },
];

/** Soft-max posteriors of an evaluation; the true class is somewhat more likely. */
function posteriors(number: number, labels: Int32Array): Float32Array {
  return Float32Array.from([...labels].flatMap((label, image) => {
    const scores = Array.from({ length: CLASSES }, (_, other) => {
      const score = 2 * noise((number * IMAGES + image) * CLASSES + other);
      return Math.exp(other === label ? score + 1 : score);
    });
    const sum = scores.reduce((sum, score) => sum + score, 0);
    return scores.map((score) => score / sum);
  }));
}

/** Makes a store of all evaluations, but for those that `isLeftOut` names by their number. */
function fill(folder: string, isLeftOut: (number: number) => boolean): BundleInput {
  const store = makeStore(folder);
  const contexts = contextsOf({ setup: smoke, seeds: [0, 1] }, dataset);
  const labels = Int32Array.from({ length: IMAGES }, (_, image) => image % CLASSES);
  for (const [number, run] of plan(tables, contexts).entries()) {
    store.begin(run);
    if (!isEvaluation(run.run)) {
      for (const line of logOf(run.run, smoke.train)) {
        store.appendLog(run, { ...line, loss: line.loss / (number + 1) });
      }
    } else if (!isLeftOut(number)) {
      store.writePosteriors(run, { classes: CLASSES, values: posteriors(number, labels), labels });
    }
  }
  return { tables, setup: smoke, paper, dataset, contexts, store };
}

/** Stores values that are not posteriors, with a good checksum, for A at Q = 256 under seed 0. */
export function keepInvalid({ tables, contexts, store }: BundleInput) {
  const [context] = contexts;
  const run = plannedRun(tables[0]!.rows[0]!.evaluations[0]!, context!);
  const values = new Float32Array(IMAGES * CLASSES).fill(0.3);
  const labels = Int32Array.from({ length: IMAGES }, (_, image) => image % CLASSES);
  store.writePosteriors(run, { classes: CLASSES, values, labels });
}

/** The store that has all; tests read it only. */
let complete: BundleInput | undefined;

/** Does `work` with a store and an empty folder. With `isLeftOut` the store is not complete. */
export async function withStore(
  work: (input: BundleInput, folder: string) => Promise<void>,
  isLeftOut?: (number: number) => boolean,
) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const input = isLeftOut
      ? fill(`${folder}/store`, isLeftOut)
      : complete ??= fill(Deno.makeTempDirSync({ prefix: "verydeep-test-" }), () => false);
    await work(input, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

globalThis.addEventListener("unload", () => {
  if (complete) Deno.removeSync(complete.store.folder, { recursive: true });
});
