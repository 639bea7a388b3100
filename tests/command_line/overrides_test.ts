import assert from "node:assert/strict";
import { override } from "../../lib/command_line/overrides.ts";
import { UsageError } from "../../lib/errors.ts";
import { medium, paper, small } from "../../experiments/setups.ts";
import type { Setup } from "../../lib/setup.ts";
import { departures } from "../../lib/results/protocol.ts";

Deno.test("--set changes the fields that it names and no others", () => {
  const changed = override(small, "kernels=glorot,biases.rate=1,schedules.finer.images=5");
  assert.equal(changed.train.kernels, "glorot");
  assert.deepEqual(changed.train.biases, { rate: 1, decay: 0 });
  assert.equal(changed.train.schedules.finer.images, 5);
  assert.deepEqual(changed.train.schedules.first, small.train.schedules.first);
  assert.equal(small.train.kernels, "he");
});

Deno.test("--set reaches how nets are evaluated, and the plateau rule", () => {
  const changed = override(paper, "scoreMap=softmax-then-average,schedules.first.drops.patience=3");
  assert.equal(changed.evaluate.scoreMap, "softmax-then-average");
  assert.deepEqual(changed.train.schedules.first.drops, {
    rule: "plateau",
    patience: 3,
    times: 3,
  });
});

Deno.test("--set changes the pictures that are made; a setup on others has no such field", () => {
  assert.deepEqual(override(small, "scenes.classes=50,scenes.val=5000").scenes, {
    classes: 50,
    train: 1000,
    val: 5000,
    seed: 0,
  });
  for (const seed of [0, 3]) {
    assert.equal(override(small, `scenes.seed=${seed}`).scenes?.seed, seed);
  }
  assert.throws(() => override(small, "scenes.seed=-1"), /"-1": it is a whole number, 0 or more$/);
  assert.throws(() => override(paper, "scenes.classes=50"), /Cannot set "scenes.classes"/);
});

Deno.test("--set limits the images that are used, also where the setup has no limit", () => {
  const { train } = override(paper, "trainingImages=1000,validationImages=500");
  assert.deepEqual(train, { ...paper.train, trainingImages: 1000, validationImages: 500 });
  assert.equal(override(small, "validationImages=7").train.validationImages, 7);
  assert.throws(
    () => override(paper, "trainingImages=0"),
    /Cannot set trainingImages to "0": it is a whole number above 0/,
  );
  assert.throws(() => override(paper, "trainingImages=many"), /it is a whole number above 0/);
});

Deno.test("--set changes each reading of the paper, and no other field", () => {
  const readings = {
    train: { resize: "lanczos3", oddSides: "down", momentumForm: "pytorch" },
    evaluate: { scoreMap: "sum-then-softmax", cropGrid: "cell-centres", centreCrop: "mirrored" },
  };
  const all = [...Object.entries(readings.train), ...Object.entries(readings.evaluate)];
  const changed = override(paper, all.map(([field, value]) => `${field}=${value}`).join());
  assert.deepEqual(changed.train, { ...paper.train, ...readings.train });
  assert.deepEqual(changed.evaluate, readings.evaluate);
  const found = departures(changed, paper).map(({ field, here }) => [field, here]);
  assert.deepEqual(found.toSorted(), all.toSorted());
});

Deno.test("--set changes what deeper nets take over, and makes the rate fall evenly", () => {
  const { train } = override(
    medium,
    "transfer=deepen,transferNoise=0.2,schedules.first.drops.rule=linear",
  );
  assert.equal(train.transfer, "deepen");
  assert.equal(train.transferNoise, 0.2);
  assert.deepEqual(train.schedules.first.drops, { rule: "linear" });
  assert.throws(() => override(small, "transfer=widen"), /it is paper or deepen/);
});

Deno.test("--set refuses a schedule whose warm-up leaves no images", () => {
  assert.throws(
    () => override(small, "schedules.finer.warmup=1"),
    /^UserError: Cannot train by schedules.finer: its warm-up takes a share of 1 of/,
  );
});

Deno.test("--set gives a schedule the other rule for its drops: three of them, and where", () => {
  const dropsOf = (setup: Setup, changes: string) =>
    override(setup, changes).train.schedules.finer.drops;
  const rule = "schedules.finer.drops.rule";
  assert.deepEqual(dropsOf(paper, `${rule}=steps`), { rule: "steps", at: [0.25, 0.5, 0.75] });
  assert.deepEqual(dropsOf(paper, `${rule}=steps,schedules.finer.drops.at=0.5:0.8`), {
    rule: "steps",
    at: [0.5, 0.8],
  });
  assert.deepEqual(dropsOf(medium, `${rule}=steps`), medium.train.schedules.finer.drops);
  assert.deepEqual(dropsOf(medium, `${rule}=linear`), { rule: "linear" });
  assert.deepEqual(dropsOf(medium, `${rule}=plateau,schedules.finer.drops.patience=2`), {
    ...{ rule: "plateau", patience: 2, times: 3 },
  });
  const [found] = departures(override(paper, `${rule}=steps`), paper);
  assert.deepEqual(found, {
    field: "schedules.finer.drops",
    paper: "plateau patience 5 times 3",
    here: "steps at 0.25 0.5 0.75",
  });
});

Deno.test("--set says what a field may be", () => {
  const cases: [changes: string, message: RegExp][] = [
    ["kernel=he", /Did you mean "kernels"\?/],
    ["kernels=hee", /Did you mean "he"\?/],
    ["kernels", /--set kernels=VALUE/],
    ["dropout=0.3=0.5", /Cannot set dropout to "0.3=0.5": it is a number/],
    ["batch=1.5", /a whole number from 1 to 65536/],
    ["batch=1e9", /a whole number from 1 to 65536/],
    ["crop=1e6", /a whole number from 1 to 2048/],
    ["validations=0", /a whole number above 0/],
    ["width=0", /a number of 64ths from 1\/64 to 16/],
    ["width=0.3", /so that layers have whole channels/],
    ["width=1e-9", /so that layers have whole channels/],
    ["dropout=1", /not negative, and below 1/],
    ["dropout=1.5", /not negative, and below 1/],
    ["momentum=1", /not negative, and below 1/],
    ["inputScale=0", /a number above 0/],
    ["schedules.first.learningRate=0", /a number above 0/],
    ["retry.share=2", /from 0 to 1/],
    ["weightDecay= ", /not negative/],
    ["weightDecay=0x10", /not negative/],
    ["weightDecay=Infinity", /not negative/],
    ["scenes.train=1.5", /a whole number above 0/],
    ["dropout=-1", /not negative/],
    ["dropout=much", /not negative/],
    [
      "resize=cubic",
      /bicubic or bilinear or lanczos3 or aliased-bilinear\. Did you mean "bicubic"\?/,
    ],
    ["oddSides=downn", /up or down\. Did you mean "down"\?/],
    ["momentumForm=torch", /caffe or pytorch/],
    ["scoreMap=sum", /"sum": it is .* or sum-then-softmax/],
    ["cropGrid=square", /central-square or cell-centres/],
    ["centreCrop=flipped", /upright or mirrored/],
    ["momentum.form=caffe", /Did you mean "momentumForm"\?/],
    ["schedules.first.drops.rule=step", /plateau or steps or linear\. Did you mean "steps"\?/],
    ["schedules.first.drops.at=0.9:0.7", /shares of the training, rising, .* as in 0.25:0.5:0.75/],
    ["schedules.first.drops.at=0.7 0.9", /shares of the training/],
    ["schedules.first.drops.patience=3", /Cannot set "schedules.first.drops.patience"/],
    ["crop=31,oddSides=down", /shrink a crop of 31 pixels to nothing; also set crop to 32 or/],
  ];
  assert.throws(
    () => override(paper, "schedules.first.drops.patience=1.5"),
    /whole number above 0/,
  );
  assert.throws(() => override(paper, "schedules.first.drops.times=1.5"), /from 0 to 100/);
  assert.equal(override(paper, "width=0.015625,fc=65536,dropout=0").train.width, 1 / 64);
  for (const [changes, message] of cases) {
    assert.throws(() => override(medium, changes), (error) => {
      return error instanceof UsageError && message.test(error.message);
    }, changes);
  }
});
