import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../experiments/protocol.ts";
import { paper, small } from "../experiments/setups.ts";
import { departures, differences, namesOf, PAPER_GROUND, protocolOf } from "../lib/protocol.ts";

const ground = { ...PAPER_GROUND, setup: "small", dataset: "scenes", images: 2000, classes: 20 };
const dense = evaluations(net("D", JITTERED), [256, 384, 512], "dense");

Deno.test("a row's protocol holds each scale and method once", () => {
  const both = evaluations(net("E", JITTERED), [256, 384, 512], "multi-crop", "dense");
  assert.deepEqual(protocolOf([...dense, ...both], PAPER_GROUND), {
    ...{ setup: "paper", dataset: "ilsvrc2012", split: "val", images: 50_000, classes: 1000 },
    ...{ S: [[256, 512]], Q: [256, 384, 512], methods: ["dense", "multi-crop"], flips: true },
  });
  const centre = protocolOf(evaluations(net("B", 256), [256], "centre-crop"), PAPER_GROUND);
  assert.deepEqual([centre.methods, centre.flips], [["centre-crop"], false]);
});

Deno.test("numbers are comparable where every field is alike, whichever net they are of", () => {
  const paperD = protocolOf(dense, PAPER_GROUND);
  const paperE = protocolOf(
    evaluations(net("E", JITTERED), [256, 384, 512], "dense"),
    PAPER_GROUND,
  );
  assert.deepEqual(differences(paperD, paperE), []);
  const small = protocolOf(dense, ground);
  assert.equal(
    namesOf(differences(small, paperD)),
    "setup, data set, number of images, number of classes",
  );
  const crops = protocolOf(evaluations(net("D", 384), [384], "centre-crop"), PAPER_GROUND);
  assert.deepEqual(differences(crops, paperD), ["S", "Q", "methods", "flips"]);
});

Deno.test("the paper's setup departs from itself in nothing", () => {
  assert.deepEqual(departures(paper, paper), []);
  assert.deepEqual(departures({ ...paper, name: "mine", note: "other words" }, paper), []);
});

Deno.test("every changed field is a departure, with both values", () => {
  const train = { ...paper.train, crop: 112, precision: "bfloat16" } as const;
  const changed = { ...paper, dataset: "folder", train: { ...train, validationImages: 5000 } };
  assert.deepEqual(departures(changed, paper), [
    { field: "dataset", paper: "ilsvrc2012", here: "folder" },
    { field: "crop", paper: "224", here: "112" },
    { field: "precision", paper: "float32", here: "bfloat16" },
    { field: "validationImages", paper: "none", here: "5,000" },
  ]);
});

Deno.test("the small setup's departures: a field that all schedules share is named once", () => {
  const found = departures(small, paper);
  const named = (field: string) => found.find((each) => each.field === field);
  assert.deepEqual(named("width"), { field: "width", paper: "1", here: "1/8" });
  assert.deepEqual(named("schedules.drops"), {
    field: "schedules.drops",
    paper: "plateau patience 5 times 3",
    here: "steps at 0.7 0.9",
  });
  assert.equal(named("schedules.finer.images")?.paper, "94,806,358");
  assert.equal(named("momentum"), undefined);
});
