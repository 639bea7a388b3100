import assert from "node:assert/strict";
import { drawSvg } from "../../../lib/datasets/pixels.ts";
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

Deno.test("every file is whole SVG that another program draws, with a title and a description", async () => {
  for (const figure of allOf(figures)) {
    const svg = fileOf(figure);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    assert.match(svg, new RegExp(`<title id="${figure.name}-title">[^<]+</title><desc`));
    // librsvg refuses XML that is not well formed, and draws ink here
    const pixels = await drawSvg(svg, 200);
    assert.ok(new Set(pixels).size > 20, figure.name);
  }
});

Deno.test("the published errors of Table 3 against depth, as a file", () => {
  const [, published] = figures.depth;
  assertSnapshot(fileOf(published!).trimEnd(), "depth-published.svg");
});

Deno.test("names of classes are letters in a plot, not markup", () => {
  const [classes] = figures.classes;
  assert.ok(!classes!.svg.includes("<script"));
  assert.ok(classes!.svg.includes("&lt;script&gt;alert(1)&lt;/sc"));
  assert.ok(classes!.description.includes(HOSTILE[0]!));
});

Deno.test("dots lie where their numbers are: 12 % is as far above 10 % as 14 % above 12 %", () => {
  const [plot] = figures.published;
  const dots = plot!.svg.match(/measured \d+\.\d %, published \d+\.\d %/g)!;
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
  assert.deepEqual(allOf(drawn).map(({ name }) => name), ["depth-published"]);
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
