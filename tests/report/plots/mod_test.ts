import assert from "node:assert/strict";
import { trainedAgain } from "../../../experiments/initialisation.ts";
import { drawSvg } from "../../../lib/datasets/pixels.ts";
import type { TrainRun } from "../../../lib/experiment.ts";
import { key } from "../../../lib/key.ts";
import { allOf, figuresOf, fileOf } from "../../../lib/report/plots/mod.ts";
import { HOSTILE, madeUpRunDetails, measured } from "../../support/pages.ts";
import { madeUp } from "../../support/results.ts";
import { assertSnapshot } from "../../support/snapshot.ts";

const figures = figuresOf([measured()], madeUpRunDetails());

Deno.test("a full report has a plot for everything that it can show, each under its own name", () => {
  const names = allOf(figures).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (
    const name of [
      "measured-published",
      "depth-measured",
      "depth-published",
      "cost-measured",
      "cost-published",
      "losses-S256",
      "losses-S384",
      "losses-S256-512",
      "classes",
      "confusions",
    ]
  ) assert.ok(names.includes(name), name);
  // twelve trainings, each with its loss and its validation errors
  assert.equal(figures.learning.size, 12);
  assert.equal(names.filter((name) => name.startsWith("loss-")).length, 12);
  assert.equal(names.filter((name) => name.startsWith("validation-")).length, 12);
});

Deno.test("error against test scale needs a net at two scales at least", () => {
  assert.deepEqual(figures.scales, []);
  const runDetails = madeUpRunDetails();
  const more = runDetails.evaluations.map((each) => ({ ...each, run: { ...each.run, Q: 512 } }));
  const drawn = figuresOf([], { ...runDetails, evaluations: [...runDetails.evaluations, ...more] });
  assert.deepEqual(drawn.scales.map(({ name }) => name), [
    "scale-S256",
    "scale-S384",
    "scale-S256-512",
  ]);
});

/** The made-up report, with net D of random weights besides: at Q = 256 and 512, as are all others. */
function withTwoNetsD({ seeds = 1 } = {}) {
  const made = madeUpRunDetails({ seeds });
  const atTwoScales = made.evaluations.flatMap((test) =>
    [256, 512].map((Q) => ({ ...test, run: { ...test.run, Q }, errors: { top1: Q / 16 } }))
  );
  const isD = ({ config, S }: TrainRun) => config === "D" && S === 256;
  const evaluations = atTwoScales.flatMap((test) =>
    isD(test.run.net)
      ? [test, {
        ...test,
        run: { ...test.run, net: { ...test.run.net, init: "random" } as const },
        errors: { top1: test.run.Q / 8 },
      }]
      : [test]
  );
  const trainings = made.trainings.flatMap((training) => {
    if (!isD(training.run)) return [training];
    const run = { ...training.run, init: "random" } as const;
    const log = training.log.map((line) => ({ ...line, loss: 2 * line.loss }));
    return [training, { ...training, run, log, key: key(run, training.context) }];
  });
  return { ...made, evaluations, trainings };
}

Deno.test("two nets D are two lines, not one through the means of both", () => {
  const runDetails = withTwoNetsD({ seeds: 2 });
  const { scales: [scale], losses: [loss] } = figuresOf([], runDetails);
  const [D, other] = scale!.chart!.series.filter(({ name }) => name!.startsWith("D"));
  assert.deepEqual([D!.name, D!.line, D!.points], [
    ...["D", "solid"],
    [{ x: 256, y: 16 }, { x: 512, y: 32 }],
  ]);
  assert.deepEqual([other!.name, other!.line, other!.points], [
    ...["D (2)", "dashed"],
    [{ x: 256, y: 32 }, { x: 512, y: 64 }],
  ]);
  const losses = loss!.chart!.series.filter(({ name }) => name!.startsWith("D"));
  assert.deepEqual(losses.map(({ name, points }) => [name, points.length]), [["D", 20], [
    "D (2)",
    20,
  ]]);
  assert.equal(losses[1]!.points[0]!.y, 2 * losses[0]!.points[0]!.y);
  // the page and `why` know it by this key
  const random = runDetails.trainings.find(({ run }) =>
    run.config === "D" && run.init === "random"
  )!;
  for (const { description, svg } of [scale!, loss!]) {
    assert.ok(description.endsWith(` D (2) is the training ${random.key}.`), description);
    assert.match(svg, />D \(2\)</);
  }
});

Deno.test("a mean over seeds is over all of them: a scale that one seed lacks has no point", () => {
  const made = withTwoNetsD({ seeds: 2 });
  const evaluations = made.evaluations.filter(({ run: { net, Q }, context: { seed } }) =>
    !(net.config === "B" && Q === 512 && seed === 1)
  );
  const [scale] = figuresOf([], { ...made, evaluations }).scales;
  const B = scale!.chart!.series.find(({ name }) => name === "B")!;
  assert.deepEqual(B.points, [{ x: 256, y: 16 }]);
});

Deno.test("a line joins one net of each configuration: others of a table of one's own are hollow", () => {
  const table = measured();
  const D = table.rows.find(({ row: { evaluations: [test] } }) =>
    test!.net.config === "D" && test!.net.S === 256
  )!;
  const own = { ...D, row: { ...D.row, title: "from random weights" }, measured: { top1: 40 } };
  const [plot] = figuresOf([{ ...table, rows: [...table.rows, own] }], madeUpRunDetails()).depth;
  const [line, hollow] = plot!.chart!.series.slice(0, 2);
  assert.deepEqual(line!.points.map(({ y }) => y), [10, 12, 16, 19]);
  assert.deepEqual(hollow!.points.map(({ y }) => y), [11, 13, 40]);
  assert.match(plot!.svg, /<title>from random weights, S = 256: 40.0 %/);
  assert.match(plot!.description, /hollow symbols are other nets/);
});

Deno.test("every file is whole SVG that another program draws, with a title and a description", async () => {
  for (const figure of allOf(figures)) {
    const svg = fileOf(figure);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    assert.match(svg, new RegExp(`<title id="${figure.name}-title">[^<]+</title><desc`));
    // axes are named in words, not by fields of records
    assert.doesNotMatch(svg, />↑ (top[15]|y|error)</, figure.name);
    // librsvg refuses XML that is not well formed, and draws ink here
    const pixels = await drawSvg(svg, 200);
    assert.ok(new Set(pixels).size > 20, figure.name);
  }
});

Deno.test("the published errors of Table 3 against depth, as the file in the README", () => {
  const [, published] = figures.depth;
  assertSnapshot(fileOf(published!).trimEnd(), "../../../docs/depth-published.svg");
});

/** The x and y of the symbol whose title begins with these words. */
function placeOf(svg: string, words: string): { x: number; y: number } {
  const element = new RegExp(`<(?:circle|path)([^>]*)><title>${RegExp.escape(words)}`).exec(
    svg,
  )![1]!;
  const [, x, y] = /translate\(([\d.]+),([\d.]+)\)/.exec(element) ??
    [0, /cx="([\d.]+)"/.exec(element)![1], /cy="([\d.]+)"/.exec(element)![1]];
  return { x: Number(x), y: Number(y) };
}

Deno.test("net A that was trained again is drawn beside A, below it if it is better, with a legend", () => {
  const [row] = measured().rows;
  const control = {
    ...{ ...row!, row: trainedAgain, measured: { top1: 8 } },
    intervals: { top1: { low: 7.5, high: 8.5 } },
  };
  const svg = figuresOf([measured()], madeUpRunDetails(), [control]).depth[0]!.svg;
  const [A, again] = [placeOf(svg, "A, S = 256: 10.0 %"), placeOf(svg, "A again, S = 256: 8.0 %")];
  assert.ok(again.x > A.x + 8 && again.y > A.y, JSON.stringify({ A, again }));
  assert.match(svg, />A again \(control\)</);
  // its interval has half the length in points of that from A to it
  const [, y1, y2] = new RegExp(`<line y2="([\\d.]+)" y1="([\\d.]+)" x2="${again.x}"`).exec(svg)!;
  assert.ok(Math.abs(Math.abs(Number(y1) - Number(y2)) * 2 - (again.y - A.y)) < 0.05);
  const { measured: _, ...undone } = control;
  for (const controls of [[], [undone]]) {
    const [drawn] = figuresOf([measured()], madeUpRunDetails(), controls).depth;
    assert.ok(!drawn!.svg.includes("A again"));
  }
});

Deno.test("nets of one depth are beside each other, in the order of their names below", () => {
  for (const { svg } of figures.depth.slice(0, 2)) {
    const error = svg.includes("measured top-1")
      ? ["11.0", "13.0", "16.0"]
      : ["29.7", "28.1", "27.0"];
    const places = ["A-LRN", "C", "D"].map((net, i) =>
      placeOf(svg, `${net}, S = 256: ${error[i]} %`).x
    );
    const A = placeOf(svg, "A, S = 256").x;
    assert.ok(A - places[0]! > 8 && places[2]! - places[1]! > 8, places.join());
    const labels = [...svg.matchAll(/dy="1em" x="0">([^<]+)</g)].map(([, text]) => text);
    assert.deepEqual(labels, ["A-LRN, A", "B", "C, D", "E"]);
  }
});

Deno.test("a net's cost is where its multiply-adds are: D costs 15.5 and E 19.6 billion a crop", () => {
  const [, , , { svg }] = figures.depth as [unknown, unknown, unknown, { svg: string }];
  const [A, D, E] = ["A", "D", "E"].map((net) => placeOf(svg, `${net}, S = 256`).x);
  // counted from Table 1 by hand: 7.61, 15.47 and 19.63
  assert.ok(Math.abs((E! - A!) / (D! - A!) - (19.63 - 7.61) / (15.47 - 7.61)) < 0.005);
  assert.match(svg, /multiply-adds of a crop, billions/);
  assert.match(figures.depth[2]!.svg, /multiply-adds of a crop, millions/);
});

Deno.test("names of classes are letters in a plot, not markup", () => {
  const [classes] = figures.classes;
  assert.ok(!classes!.svg.includes("<script"));
  assert.ok(classes!.svg.includes("&lt;script&gt;alert(1)&lt;/sc"));
  assert.ok(classes!.description.includes(HOSTILE[0]!));
});

Deno.test("dots lie where their numbers are: 12 % is as far above 10 % as 14 % above 12 %", () => {
  const [plot] = figures.published;
  const dots = plot!.svg.match(/measured \d+\.\d % \[[\d.]+;[\d.]+\], published \d+\.\d %/g)!;
  assert.equal(dots.length, 12);
  const y = (value: string) =>
    Number(new RegExp(`cy="([\\d.]+)"[^>]*><title>[^<]*measured ${value} %`).exec(plot!.svg)![1]);
  assert.ok(y("10.0") > y("12.0"));
  assert.ok(Math.abs((y("10.0") - y("12.0")) - (y("12.0") - y("14.0"))) < 0.05);
});

Deno.test("nothing measured, nothing logged: only what is published is drawn", () => {
  const runDetails = madeUpRunDetails();
  const drawn = figuresOf([madeUp({ missing: 12 })], {
    ...runDetails,
    trainings: runDetails.trainings.map((training) => ({ ...training, log: [] })),
    evaluations: [],
  });
  assert.deepEqual(allOf(drawn).map(({ name }) => name), [
    "depth-published",
    "cost-published",
  ]);
  assert.deepEqual(allOf(figuresOf([], { ...runDetails, trainings: [], evaluations: [] })), []);
});

Deno.test("many classes have no matrix, and bars for the worst of them only", () => {
  const classes = Array.from({ length: 200 }, (_, i) => `class ${i}`);
  const result = measured();
  const rows = result.rows.map((row) => ({
    ...row,
    scores: [{
      classes: 200,
      labels: Int32Array.from(classes.keys()),
      predicted: Int32Array.from(classes.keys(), (i) => i % 2 === 0 ? i : 0),
      ranks: Int32Array.from(classes.keys(), (i) => i % 2),
      confidence: new Float32Array(200).fill(0.5),
    }],
  }));
  const drawn = figuresOf([{ ...result, rows }], madeUpRunDetails({ classes }));
  assert.deepEqual(drawn.confusions, []);
  assert.match(drawn.classes[0]!.description, /^40 of 200 classes, from the worst, class 1 \(100/);
});
