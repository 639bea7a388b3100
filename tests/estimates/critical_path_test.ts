/** Chains, order and times of a plan on several machines, computed by hand. */
import assert from "node:assert/strict";
import {
  longestChain,
  makespan,
  secondsToEnd,
  simulateSchedule,
  urgentFirst,
} from "../../lib/estimates/critical_path.ts";

/** `b` and `c` start from `a`, and `d` from `b`; `a` and `e` start from no other run. */
const PLAN = [
  { key: "e", seconds: 3 },
  { key: "a", seconds: 2 },
  { key: "c", ancestor: { key: "a" }, seconds: 1 },
  { key: "b", ancestor: { key: "a" }, seconds: 4 },
  { key: "d", ancestor: { key: "b" }, seconds: 1 },
];
const seconds = (run: typeof PLAN[number]) => run.seconds;

Deno.test("the longest chain is the least time of a plan", () => {
  const { chain, seconds: length } = longestChain(PLAN, seconds);
  assert.deepEqual(chain.map(({ key }) => key), ["a", "b", "d"]);
  assert.equal(length, 2 + 4 + 1);
  assert.deepEqual(Object.fromEntries(secondsToEnd(PLAN, seconds)), {
    a: 7,
    b: 5,
    c: 1,
    d: 1,
    e: 3,
  });
  assert.deepEqual(longestChain([], seconds), { chain: [], seconds: 0 });
});

Deno.test("urgent runs come first, but each after the run that it starts from", () => {
  const order = urgentFirst(PLAN, seconds).map(({ key }) => key);
  assert.deepEqual(order, ["a", "b", "e", "c", "d"]);
  // runs that are done take no time and keep their order
  const plan = [PLAN[1]!, PLAN[3]!];
  assert.deepEqual(urgentFirst(plan, () => 0), plan);
});

Deno.test("one machine executes all runs, two share them, and more than two bring nothing", () => {
  const plan = urgentFirst(PLAN, seconds);
  const end = (machines: number) => makespan(plan, { machines, seconds });
  assert.equal(end(1), 3 + 2 + 1 + 4 + 1);
  // a 0-2, e 0-3; b 2-6, c 3-4; d 6-7
  assert.equal(end(2), 7);
  assert.equal(end(8), 7);
  // no run begins before the one that it starts from has ended, however many machines are idle
  const begins = simulateSchedule(plan, { machines: 8, seconds });
  assert.deepEqual(begins.map(({ run, start }) => [run.key, start]), [
    ["a", 0],
    ["e", 0],
    ["b", 2],
    ["c", 2],
    ["d", 6],
  ]);
  const slots = simulateSchedule(plan, { machines: 2, seconds });
  assert.deepEqual(slots.map(({ run, machine, start }) => [run.key, machine, start]), [
    ["a", 0, 0],
    ["e", 1, 0],
    ["b", 0, 2],
    ["c", 1, 3],
    ["d", 0, 6],
  ]);
});
