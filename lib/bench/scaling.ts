/**
 * Simulates the paper's plan on several machines, with measured rates. Prints the tables of
 * docs/explanation/scaling.md.
 *
 * usage: deno run -A lib/bench/scaling.ts [IMAGES], the images a second with which a machine trains D
 */
import { setups } from "../../experiments/mod.ts";
import { evaluationsOf, type PlannedRun, planOf } from "../plan.ts";
import { cost } from "../estimates/cost.ts";
import { displayName, isEvaluation } from "../experiment.ts";
import { markdownTable } from "../report/markdown.ts";
import { longestChain, simulateSchedule, urgentFirst } from "../estimates/critical_path.ts";
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

const MACHINES = [1, 2, 4, 8, 16];

/** Section 3.3: four GPUs that share each batch are 3.75 times as fast as one. */
const GROUP = { gpus: 4, speed: 3.75 };

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

/** Multiply-adds a second of each kind of work, on this machine. */
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
const total = runs.reduce((sum, run) => sum + seconds(run), 0);
const trainings = runs.filter(({ run }) => !isEvaluation(run));
const { chain, seconds: longest } = longestChain(runs, seconds);
const urgent = urgentFirst(runs, seconds);

/** End of the last run, seconds. */
function endOn(machines: number, order: readonly PlannedRun[]): number {
  return Math.max(...simulateSchedule(order, { machines, seconds }).map(({ end }) => end));
}

console.log(`D trains with ${images} images/s on a machine.\n`);
console.log(markdownTable(
  ["training", "days"],
  trainings.map((run) => {
    return [displayName(run.run), days(seconds(run))];
  }),
  ["left", "right"],
));
const inTests = total - trainings.reduce((sum, run) => sum + seconds(run), 0);
console.log(
  `\nAll ${runs.length} runs: ${days(total)} days on one machine, including ${days(inTests)} for ` +
    `evaluations. Longest chain: ${days(longest)} days: ${
      chain.map(({ run }) => displayName(run)).join(", ")
    }.\n`,
);
console.log(markdownTable(
  ["machines", "days", "speed-up", "utilisation", "days, in the tables' order", "days, by fours"],
  MACHINES.map((machines) => {
    const end = endOn(machines, urgent);
    return [
      String(machines),
      days(end),
      (total / end).toFixed(2),
      `${Math.round(100 * total / end / machines)} %`,
      days(endOn(machines, runs)),
      machines < GROUP.gpus ? "" : days(endOn(machines / GROUP.gpus, urgent) / GROUP.speed),
    ];
  }),
  ["right", "right", "right", "right", "right", "right"],
));
