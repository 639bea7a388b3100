import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import { UserError } from "../../lib/errors.ts";
import type { EvaluateSetup, Setup, TrainSetup } from "../../lib/setup.ts";
import {
  departures,
  differences,
  mustBePapers,
  namesOf,
  nameWithChanges,
  PAPER_DATA,
  PAPER_PROTOCOL,
  protocolOf,
} from "../../lib/results/protocol.ts";

const shared = { ...PAPER_PROTOCOL, setup: "small", dataset: "scenes", images: 2000, classes: 20 };
const dense = evaluations(net("D", JITTERED), [256, 384, 512], "dense");

Deno.test("a row's protocol holds each scale and method once", () => {
  const both = evaluations(net("E", JITTERED), [256, 384, 512], "multi-crop", "dense");
  assert.deepEqual(protocolOf([...dense, ...both], PAPER_PROTOCOL), {
    ...{ setup: "paper", dataset: "ilsvrc2012", split: "val", images: 50_000, classes: 1000 },
    ...{ S: [[256, 512]], Q: [256, 384, 512], methods: ["dense", "multi-crop"], flips: true },
  });
  const centre = protocolOf(evaluations(net("B", 256), [256], "centre-crop"), PAPER_PROTOCOL);
  assert.deepEqual([centre.methods, centre.flips], [["centre-crop"], false]);
});

Deno.test("numbers are comparable where every field is alike, whichever net they are of", () => {
  const paperD = protocolOf(dense, PAPER_PROTOCOL);
  const paperE = protocolOf(
    evaluations(net("E", JITTERED), [256, 384, 512], "dense"),
    PAPER_PROTOCOL,
  );
  assert.deepEqual(differences(paperD, paperE), []);
  const small = protocolOf(dense, shared);
  assert.equal(
    namesOf(differences(small, paperD)),
    "setup, data set, number of images, number of classes",
  );
  const crops = protocolOf(evaluations(net("D", 384), [384], "centre-crop"), PAPER_PROTOCOL);
  assert.deepEqual(differences(crops, paperD), ["S", "Q", "methods", "flips"]);
});

Deno.test("numbers under a changed setup are of another protocol, those of mirrored crops too", () => {
  const rows = evaluations(net("B", 256), [256], "centre-crop");
  const changed = { name: "paper", changes: "centreCrop=mirrored" };
  const setup = nameWithChanges(changed);
  assert.equal(setup, "paper with centreCrop=mirrored");
  assert.equal(nameWithChanges(paper), "paper");
  const evaluate = { centreCrop: "mirrored" } as const;
  const mirrored = protocolOf(rows, { ...PAPER_PROTOCOL, setup, evaluate });
  assert.deepEqual(differences(mirrored, protocolOf(rows, PAPER_PROTOCOL)), ["setup", "flips"]);
  assert.equal("evaluate" in mirrored, false);
});

Deno.test("a reading that a setup leaves open is the usual one, and no departure", () => {
  const { resize: _, oddSides: __, momentumForm: ___, retry: ____, ...train } = paper.train;
  const { scoreMap } = paper.evaluate;
  assert.deepEqual(departures({ ...paper, train, evaluate: { scoreMap } }, paper), []);
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
  assert.deepEqual(named("width"), { field: "width", paper: "1", here: "0.25" });
  assert.deepEqual(named("schedules.drops"), {
    field: "schedules.drops",
    paper: "plateau patience 5 times 3",
    here: "linear",
  });
  assert.equal(named("schedules.finer.images")?.paper, "94,806,358");
  assert.equal(named("momentum"), undefined);
});

Deno.test("classes and images that are not ILSVRC-2012's are departures, whatever the data's name", () => {
  assert.deepEqual(departures(paper, paper, PAPER_DATA), []);
  assert.deepEqual(departures(paper, paper, { classes: 1000, train: 1_281_167, val: 49_999 }), [
    { field: "data.val", paper: "50,000", here: "49,999" },
  ]);
  const few = { classes: 100, train: 128_000, val: 50_000 };
  assert.deepEqual(departures(paper, paper, few).map(({ field, here }) => [field, here]), [
    ["data.classes", "100"],
    ["data.train", "128,000"],
  ]);
});

Deno.test("no field of a setup that decides numbers can change without a departure of its name", () => {
  let changed = 0;
  /** Changes each field below `path` in turn. */
  function visit(path: readonly string[], value: unknown, setup: (other: unknown) => Setup) {
    const isRule = path.at(-1) === "drops"; // one value, however it is put
    if (typeof value === "object" && value !== null && !Array.isArray(value) && !isRule) {
      for (const [name, part] of Object.entries(value)) {
        visit([...path, name], part, (other) => setup({ ...value, [name]: other }));
      }
      return;
    }
    const other = isRule ? { rule: "steps", at: [0.5] } : typeof value === "number" ? 7 : "other";
    const fields = departures(setup(other), paper).map(({ field }) => field);
    assert.deepEqual(fields, [path.join(".")]);
    changed++;
  }
  visit([], paper.train, (train) => ({ ...paper, train: train as TrainSetup }));
  visit([], paper.evaluate, (evaluate) => ({ ...paper, evaluate: evaluate as EvaluateSetup }));
  visit(["dataset"], paper.dataset, (dataset) => ({ ...paper, dataset: dataset as string }));
  // crop, width, fc, batch, momentum, weight decay, dropout, kernels, two of biases, input scale,
  // two of the RGB shift, jitter step, three of each schedule, validations, two of the retry,
  // resize, odd sides, momentum's form, two of the transfer, precision; score map, crop grid, centre crop; data
  assert.equal(changed, 10 + 1 + 2 + 1 + 9 + 2 + 2 + 3 + 2 + 3 + 1);
});

Deno.test("--strict refuses doubtful data", () => {
  assert.throws(
    () => mustBePapers([], ["3 of 10 validation images are training images."]),
    /\(--strict\): 3 of 10 validation images are training images; choose/,
  );
});

Deno.test("--strict names every departure, and the way out", () => {
  mustBePapers(departures(paper, paper));
  const train = { ...paper.train, batch: 128, precision: "bfloat16" } as const;
  assert.throws(
    () => mustBePapers(departures({ ...paper, train }, paper)),
    (error) =>
      error instanceof UserError &&
      /\(--strict\): batch is 128, not 256; precision is bfloat16, not float32; choose --setup/
        .test(error.message),
  );
});
