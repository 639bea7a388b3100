import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import type { Schedule } from "../../lib/setup.ts";
import { scheduleOf } from "../../lib/experiment.ts";
import {
  afterValidation,
  INITIAL_PLATEAU,
  learningRate,
  mustOutlastWarmup,
  type Plateau,
} from "../../lib/vgg/schedule.ts";

const plateau: Schedule = {
  learningRate: 0.01,
  images: 1000,
  drops: { rule: "plateau", patience: 2, times: 3 },
};

/** States after each of some validation accuracies. */
function after(accuracies: readonly number[], schedule = plateau): Plateau[] {
  let state = INITIAL_PLATEAU;
  return accuracies.map((accuracy) => state = afterValidation(schedule, state, accuracy));
}

Deno.test("the rate falls by ten when accuracy has stood still for the patience, three times", () => {
  const accuracies = [0.1, 0.3, 0.3, 0.2, 0.4, 0.4, 0.4, 0.5, 0.1, 0.2, 0.5, 0.4];
  const states = after(accuracies);
  // 0.3 stands still twice; then 0.4; then 0.5, and after the third drop it is over
  assert.deepEqual(states.map(({ drops }) => drops), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
  assert.deepEqual(states.map(({ over }) => over), [...Array(11).fill(false), true]);
  const rates = states.map((state) => learningRate(plateau, state, 500));
  const expected = [1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-4, 1e-5, 1e-5, 1e-5];
  rates.forEach((rate, i) => assert.ok(Math.abs(rate / expected[i]! - 1) < 1e-12));
});

Deno.test("an accuracy that rises resets the patience; one that only equals the best does not", () => {
  assert.equal(after([0.1, 0.05, 0.2, 0.1, 0.3, 0.2, 0.4]).at(-1)!.drops, 0);
  assert.equal(after([0.1, 0.1, 0.1]).at(-1)!.drops, 1);
  assert.deepEqual(after([0]).at(-1), { drops: 0, best: 0, waited: 0, over: false });
});

Deno.test("with fixed steps accuracy changes nothing", () => {
  const schedule: Schedule = { ...plateau, drops: { rule: "steps", at: [0.7, 0.9] } };
  assert.deepEqual(after([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], schedule).at(-1), INITIAL_PLATEAU);
});

Deno.test("fixed steps: divided by ten at their shares of the images, the bounds included", () => {
  const schedule: Schedule = { ...plateau, drops: { rule: "steps", at: [0.7, 0.9] } };
  const rate = (seen: number) => learningRate(schedule, INITIAL_PLATEAU, seen);
  assert.deepEqual([0, 699, 700, 899, 900, 999].map(rate), [
    ...[0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001],
  ]);
});

Deno.test("linear: from the end of the warm-up the rate falls evenly, to 0 after the last image", () => {
  const schedule: Schedule = { ...plateau, warmup: 0.2, drops: { rule: "linear" } };
  const rate = (seen: number) => learningRate(schedule, INITIAL_PLATEAU, seen);
  // by hand: 0.01 * (1000 - seen) / 800 from image 200 on
  const expected = [[0, 0], [100, 0.005], [200, 0.01], [400, 0.0075], [600, 0.005], [999, 1.25e-5]];
  for (const [seen, value] of expected) {
    assert.ok(Math.abs(rate(seen!) - value!) < 1e-15, `${seen}`);
  }
  assert.equal(rate(1000), 0);
  const { warmup: _, ...atOnce } = schedule;
  assert.equal(learningRate(atOnce, INITIAL_PLATEAU, 250), 0.0075);
  assert.deepEqual(after([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], schedule).at(-1), INITIAL_PLATEAU);
});

Deno.test("a warm-up that leaves no image after it is refused, with the way out", () => {
  const refuse = (part: Partial<Schedule>) =>
    mustOutlastWarmup("schedules.first", { ...plateau, ...part });
  refuse({ warmup: 0.999 });
  refuse({});
  assert.throws(() => refuse({ warmup: 1 }), {
    message:
      "Cannot train by schedules.first: its warm-up takes a share of 1 of 1000 images, which " +
      "leaves none after it; lower schedules.first.warmup or raise schedules.first.images",
  });
  assert.throws(() => refuse({ warmup: 0.9995 }), /Cannot train by schedules.first/);
});

Deno.test("warm-up: the rate rises evenly from 0", () => {
  const schedule: Schedule = { ...plateau, warmup: 0.1 };
  const rate = (seen: number) => learningRate(schedule, INITIAL_PLATEAU, seen);
  assert.deepEqual([0, 25, 50, 100, 101].map(rate), [0, 0.0025, 0.005, 0.01, 0.01]);
});

Deno.test("the paper: 1e-2, then 1e-3 from trained weights; 74 epochs; three drops", () => {
  const rates = ([256, 384, [256, 512]] as const)
    .map((S) => scheduleOf(net("D", S), paper.train).learningRate);
  assert.deepEqual(rates, [1e-2, 1e-3, 1e-3]);
  const { images, drops } = scheduleOf(net("D", 256), paper.train);
  // 370,000 iterations of 256 images, as the paper rounds them
  assert.equal(Math.round(images / 256 / 1e3), 370);
  assert.ok(drops.rule === "plateau" && drops.times === 3);
  assert.equal(scheduleOf(net("E", 384), small.train), small.train.schedules.finer);
});
