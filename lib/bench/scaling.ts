/**
 * Simulates the paper's plan on several GPUs, at a stated rate. Prints the tables of
 * docs/explanation/scaling.md.
 *
 * usage: deno run -A lib/bench/scaling.ts [IMAGES], the images a second with which one GPU trains D
 */
import { setups } from "../../experiments/mod.ts";
import { evaluationsOf, type PlannedRun, planOf } from "../plan.ts";
import { cost } from "../estimates/cost.ts";
import { displayName, isEvaluation } from "../experiment.ts";
import { formatNumber } from "../numbers.ts";
import { markdownTable } from "../report/markdown.ts";
import { longestChain, makespan, urgentFirst } from "../estimates/critical_path.ts";
import { PAPER_TABLES } from "../command_line/tables.ts";

/** Images a second of D in float32 at 224 pixels, on 2 cores: docs/explanation/benchmarks.md. */
const MEASURED = {
  /** 8 images of 224 by 224 pixels, forward, backward and update. */
  train: 2.10,
  /** 2 whole images of 256 by 341 pixels and their mirror images. */
  dense: 1.93,
  /** 50 crops, 25 of an image and 25 of its mirror image. */
  "multi-crop": 0.15,
  "centre-crop": 1.93,
};

const GPUS = [1, 2, 4, 8, 16];
/** GPUs that share each batch of a training. */
const GROUPS = [1, 2, 4, 8];

/** Section 3.3: four GPUs that share each batch are 3.75 times as fast as one. */
const PUBLISHED = { gpus: 4, speed: 3.75 };

/**
 * The share of one GPU's step that each further GPU adds, such that four are as fast as published: the
 * first GPU sends weights to each and adds its gradients.
 */
const OVERHEAD = (1 / PUBLISHED.speed - 1 / PUBLISHED.gpus) / (PUBLISHED.gpus - 1);

/** How many times as fast as one GPU several are that share a batch. */
const speedOf = (gpus: number) => 1 / (1 / gpus + OVERHEAD * (gpus - 1));

/** Bytes a second in one direction, by the makers' numbers. */
const LINKS = { "PCIe 4.0 x16": 32e9, "NVLink (H100)": 450e9 };
/** Net D has 138,357,544 weights (Table 2), of four bytes each as gradients in float32. */
const GRADIENTS = 138_357_544 * 4;

/** ILSVRC-2012: most of its validation images have 500 by 375 pixels. */
const DATA = {
  classes: Array.from({ length: 1000 }, (_, i) => String(i)),
  val: Array.from({ length: 50_000 }, () => ({ height: 375, width: 500 })),
};

const { train, evaluate } = setups.paper;
const runs = planOf(evaluationsOf(PAPER_TABLES), [
  { train, evaluate, seed: 0, data: "ilsvrc2012" },
]);
const images = Number(Deno.args[0] ?? MEASURED.train);
const faster = images / MEASURED.train;

/** Multiply-adds a second of each kind of work, on one GPU. */
const rates = new Map(
  Object.entries(MEASURED).map(([kind, rate]) => {
    return [kind, faster * rate * addsOfOne(kind)];
  }),
);

/** Multiply-adds of D for one image, as measured. */
function addsOfOne(kind: string): number {
  const D = runs.find(({ run }) => displayName(run) === "D 256")!;
  if (kind === "train") return cost(D, DATA).multiplyAdds / train.schedules.first.images;
  const method = kind as "dense" | "multi-crop" | "centre-crop";
  const run = { net: D.run as never, Q: 256, method };
  // the measured multi-crop test has 50 of 100 crops
  const looks = kind === "multi-crop" ? 1 / 2 : 1;
  return looks * cost({ ...D, run }, DATA).multiplyAdds / DATA.val.length;
}

function seconds(planned: PlannedRun): number {
  const kind = isEvaluation(planned.run) ? planned.run.method : "train";
  return cost(planned, DATA).multiplyAdds / rates.get(kind)!;
}

const days = (seconds: number) => (seconds / 86_400).toPrecision(3);
const milliseconds = (seconds: number) => (1000 * seconds).toFixed(0);
const total = runs.reduce((sum, run) => sum + seconds(run), 0);
const trainings = runs.filter(({ run }) => !isEvaluation(run));
const { chain, seconds: longest } = longestChain(runs, seconds);
const urgent = urgentFirst(runs, seconds);

/** End of the last run, seconds, on GPUs in groups of equal size. */
function endOn(gpus: number, group: number, order: readonly PlannedRun[]): number {
  const shared = (run: PlannedRun) => seconds(run) / speedOf(group);
  return makespan(order, { machines: gpus / group, seconds: shared });
}

console.log(`One GPU trains D with ${formatNumber(images)} images/s: assumed, not measured.\n`);
console.log(markdownTable(
  ["training", "days on one GPU"],
  trainings.map((run) => {
    return [displayName(run.run), days(seconds(run))];
  }),
  ["left", "right"],
));
const inTests = total - trainings.reduce((sum, run) => sum + seconds(run), 0);
console.log(
  `\nAll ${runs.length} runs: ${days(total)} days on one GPU, including ${days(inTests)} for ` +
    `evaluations. Longest chain: ${days(longest)} days: ${
      chain.map(({ run }) => displayName(run)).join(", ")
    }.\n`,
);
console.log(markdownTable(
  ["GPUs", ...GROUPS.map((group) => `days, ${group} a training`), "days, 1, in the tables' order"],
  GPUS.map((gpus) => [
    String(gpus),
    ...GROUPS.map((group) => group > gpus ? "" : days(endOn(gpus, group, urgent))),
    days(endOn(gpus, 1, runs)),
  ]),
  ["right", ...GROUPS.map(() => "right" as const), "right"],
));
console.log(
  `\nA batch of D takes ${
    milliseconds(train.batch / images)
  } ms on one GPU. On several, with the ` +
    `bytes of a step sent after each other and nothing at the same time, at the makers' rates of ` +
    "the links:\n",
);
console.log(markdownTable(
  [
    "GPUs a training",
    "speed-up assumed above",
    ...Object.keys(LINKS).flatMap((link) => [`ms over ${link}`, "speed-up"]),
  ],
  GROUPS.map((group) => [
    String(group),
    speedOf(group).toFixed(2),
    ...Object.values(LINKS).flatMap((bandwidth) => {
      const step = train.batch / images / group;
      // weights to each further GPU, gradients back
      const sent = (group - 1) * 2 * GRADIENTS / bandwidth;
      return [milliseconds(step + sent), (train.batch / images / (step + sent)).toFixed(2)];
    }),
  ]),
  ["right", "right", "right", "right", "right", "right"],
));
