/** Details of each training: origin, learning curves, errors of its evaluations. */
import {
  displayName,
  formatS,
  hasAncestor,
  inheritance,
  lineageOf,
  scheduleOf,
  type TrainRun,
} from "../../experiment.ts";
import { key as keyOf } from "../../key.ts";
import { riseAtDrop } from "../../results/losses.ts";
import { INTERPRETATIONS, type TrainSetup } from "../../setup.ts";
import { convsOf, countParameters, layersOf, netShapeOf } from "../../vgg/configs.ts";
import type { LogEntry } from "../../vgg/checkpoint.ts";
import type { EvaluationDetails, RunDetails, TrainingDetails } from "../run_details.ts";
import type { Figure } from "../plots/mod.ts";
import { commandOf, pageCommandOf } from "./commands.ts";
import { h, type HtmlContent, type Markup } from "../markup.ts";
import { kilowattHours } from "../../system/environment.ts";
import { MISSING } from "../words.ts";
import { code, definitions, details, link, plainTable, plots } from "./parts.ts";
import { runId } from "./rows.ts";
import { formatNumber } from "../../numbers.ts";

/** Every training, ancestors first. */
export function trainingCards(
  runDetails: RunDetails,
  learning: ReadonlyMap<string, readonly Figure[]>,
): Markup[] {
  const tests = Map.groupBy(runDetails.evaluations, ({ run, context }) => keyOf(run.net, context));
  return runDetails.trainings.map((training) => {
    const { key, run, context, log } = training;
    const net = displayName(run);
    return h(
      "article",
      { class: "net", id: runId(key) },
      h("h3", {}, net, runDetails.seeds.length > 1 && h("small", {}, ` seed ${context.seed}`)),
      h("p", { class: "lineage" }, lineage(training)),
      plots(learning.get(key) ?? [], { captions: false }),
      rise(training),
      details(
        summaryOf(training),
        definitions(factsOf(training, runDetails)),
        testTable(tests.get(key) ?? [], net),
        log.length > 0 && details("Log", logTable(log, net)),
        details("Recipe", h("pre", {}, JSON.stringify({ run, ...context }, null, 2))),
      ),
    );
  });
}

/** Why the loss rose where the learning rate was divided, if it did. */
function rise({ log, context: { train } }: TrainingDetails): HtmlContent {
  const found = riseAtDrop(log);
  if (found === undefined) return undefined;
  const { before, after } = found;
  const form = train.momentumForm ?? INTERPRETATIONS.train.momentumForm;
  return h(
    "p",
    { class: "words" },
    `Where the rate was divided (dotted line), the loss rose from ${before.toFixed(2)} to ` +
      `${after.toFixed(2)}. `,
    form === "caffe"
      ? [
        `In the paper's form of momentum, v ← ${train.momentum} v − rate · gradient, the velocity keeps ` +
        "steps of the old rate, and the gradients that would correct them count less from then on: " +
        "the weights run too far. That needs about " +
        `${
          Math.round(1 / (1 - train.momentum))
        } updates to fade, and at the lower rate many more to ` +
        "repair. With ",
        code("--set momentumForm=pytorch"),
        " it does not happen (Goyal et al. 2017, Section 3, on momentum correction).",
      ]
      : undefined,
  );
}

/** `random weights → A 256 → D 256 → D 384`, with links to the ancestors. */
function lineage({ run, context }: TrainingDetails): HtmlContent {
  const nets = lineageOf(run);
  return [
    nets[0]!.init === "random" ? "random weights" : "imported weights",
    ...nets.map((net) => [
      " → ",
      net === run
        ? h("b", {}, displayName(net))
        : link(runId(keyOf(net, context)), displayName(net)),
    ]),
  ];
}

function summaryOf({ state, log }: TrainingDetails): string {
  const last = log.at(-1);
  if (last === undefined) return `Details (${state})`;
  const validation = log.findLast((entry) => entry.validation)?.validation;
  return [
    `Loss ${last.loss.toPrecision(3)} after ${last.epoch.toPrecision(3)} epochs`,
    ...validation ? [`validation top-1 ${validation.top1.toFixed(1)} %`] : [],
    ...state === "done" ? [] : [state],
  ].join(", ");
}

function factsOf(
  training: TrainingDetails,
  runDetails: RunDetails,
): (readonly [string, HtmlContent])[] {
  const { key, run, context: { train, data, seed }, folder, log } = training;
  const layers = layersOf(run, netShapeOf(train, runDetails.classes.length));
  const { images, learningRate } = scheduleOf(run, train);
  return [
    ["Key", code(key)],
    ["Folder", code(folder)],
    ["Command", code(commandOf(training, runDetails))],
    ["See it at work", code(pageCommandOf(training, runDetails))],
    [
      "Net",
      `${run.config}: ${convsOf(layers).length} weight layers, ` +
      `${formatNumber(countParameters(layers))} parameters`,
    ],
    ["Training scale S", formatS(run.S)],
    ["Initialisation", initialisation(run, train)],
    ...run.update === "fc" ? [["Trained layers", "fully-connected layers only"] as const] : [],
    [
      "Schedule",
      `${formatNumber(images)} images at most, in batches of ${train.batch}; first learning rate ` +
      learningRate,
    ],
    ["Seed and data", [`${seed}, `, code(data)]],
    ...log.length > 0
      ? [["Speed", `${formatNumber(Math.round(usualSpeed(log)))} images/s`] as const]
      : [],
    ...training.energy
      ? [["Energy", `${kilowattHours(training.energy)} kWh, of all that its GPUs did`] as const]
      : [],
  ];
}

/** Which layers are copied from which net, and which are random. */
function initialisation({ init }: TrainRun, train: TrainSetup): string {
  if (init === "random") return "random weights";
  if (!hasAncestor(init)) return `imported weights, SHA-256 ${init.weights}`;
  const { from, layers, noise } = inheritance(init, train);
  const all = `all layers of ${displayName(from)}`;
  if (layers === "all") return all;
  if (layers === "deepen") {
    return `${all}, with identities in between, their noise ${noise} of He's`;
  }
  if (layers === "perturb") return `${all}, with noise of ${noise} of He's on convolutions`;
  return `${layers.join(", ")} of ${displayName(from)}, the others random`;
}

function testTable(tests: readonly EvaluationDetails[], net: string): HtmlContent {
  if (tests.length === 0) return undefined;
  const isKnown = tests.some(({ energy }) => energy);
  const rows = tests.map(({ key, run: { Q, method }, errors, state, folder, energy }) => [
    Q,
    method,
    errors?.top1.toFixed(1) ?? state,
    errors?.top5?.toFixed(1) ?? (errors && MISSING),
    ...isKnown ? [energy ? kilowattHours(energy) : MISSING] : [],
    code(key),
    code(folder),
  ]);
  return plainTable(rows, {
    label: `Evaluations of ${net}`,
    caption: "Its evaluations",
    ids: tests.map(({ key }) => runId(key)),
    columns: {
      "Q": "right",
      "method": "left",
      "top-1, %": "right",
      "top-5, %": "right",
      ...isKnown && { "kWh": "right" },
      "key": "left",
      "folder": "left",
    },
  });
}

function logTable(log: readonly LogEntry[], net: string): Markup {
  const rows = log.map(({ step, epoch, loss, learningRate, imagesPerSecond, validation }) => [
    formatNumber(step),
    epoch.toFixed(2),
    loss.toPrecision(4),
    Number(learningRate.toPrecision(3)),
    Math.round(imagesPerSecond),
    validation?.top1.toFixed(1),
    validation?.top5?.toFixed(1) ?? (validation && MISSING),
  ]);
  const titles = ["step", "epoch", "loss", "rate", "images/s", "top-1, %", "top-5, %"];
  return plainTable(rows, {
    label: `Log of ${net}`,
    columns: Object.fromEntries(titles.map((title) => [title, "right"])),
  });
}

/** The median speed of a log. */
function usualSpeed(log: readonly LogEntry[]): number {
  const speeds = log.map(({ imagesPerSecond }) => imagesPerSecond).sort((a, b) => a - b);
  return speeds[speeds.length >> 1]!;
}
