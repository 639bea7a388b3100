import assert from "node:assert/strict";
import { median, race, ratioOf } from "../../lib/bench/race.ts";

Deno.test("the median is the middle value, or the mean of the two middle ones", () => {
  assert.equal(median([9, 1, 4]), 4);
  assert.equal(median([8, 2, 4, 100]), 6);
});

Deno.test("ratios are computed in each round, so that a round that is slow for both does not matter", () => {
  // 2/1, 30/10 (the machine was ten times as slow), 3/1: not 3/1 of the medians
  assert.deepEqual(ratioOf([1, 10, 1], [2, 30, 3]), { ratio: 3, min: 2, max: 3 });
  assert.deepEqual(ratioOf([2, 2], [1, 3]), { ratio: 1, min: 0.5, max: 1.5 });
});

/** Takes `step` seconds a step on a clock of its own, and notes its turns. */
function runner(name: string, { step, diary }: { step: number; diary: string[] }) {
  return {
    run(steps: number) {
      diary.push(`${name} ${steps}`);
      return Promise.resolve(steps * step);
    },
  };
}

Deno.test("contestants warm up, then take turns of equal time", async () => {
  const diary: string[] = [];
  const times = await race(
    [runner("a", { step: 0.125, diary }), runner("b", { step: 0.5, diary })],
    { rounds: 3, turn: 1 },
  );
  const turns = ["a 8", "b 2"];
  assert.deepEqual(diary, [
    ...["a 1", "a 1", "a 8", "b 1", "b 1", "b 2"],
    ...[...turns, ...turns, ...turns],
  ]);
  assert.deepEqual(times, [[0.125, 0.125, 0.125], [0.5, 0.5, 0.5]]);
});

Deno.test("long steps: one a turn, and fewer rounds, but at least three", async () => {
  const diary: string[] = [];
  const slow = [runner("a", { step: 8, diary }), runner("b", { step: 22, diary })];
  assert.equal((await race(slow, { rounds: 7, turn: 1 }))[0]!.length, 3);
  // 4 + 4 seconds a round: five fit into 40
  const [times] = await race(
    [runner("a", { step: 4, diary }), runner("b", { step: 4, diary })],
    { rounds: 7, turn: 1 },
  );
  assert.equal(times!.length, 5);
  assert.ok(diary.every((turn) => turn.endsWith(" 1")));
});
