import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../experiments/protocol.ts";
import { paper } from "../experiments/setups.ts";
import {
  ancestorOf,
  displayName,
  folderName,
  formatS,
  hasAncestor,
  inheritance,
  isEvaluation,
  type TrainRun,
} from "../lib/experiment.ts";

const A = net("A", 256);
const D = net("D", JITTERED);
const [atQ] = evaluations(D, [384], "dense");

Deno.test("a run needs its ancestor, an evaluation its net", () => {
  assert.equal(ancestorOf(A), undefined);
  assert.deepEqual(ancestorOf(D), net("D", 384));
  assert.deepEqual(ancestorOf(atQ!), D);
  assert.deepEqual([isEvaluation(D), isEvaluation(atQ!)], [false, true]);
});

Deno.test("the paper's chain: [256;512] from 384 from 256 from A's seven layers", () => {
  const chain = (run: TrainRun): string[] =>
    hasAncestor(run.init) ? [displayName(run), ...chain(run.init.from)] : [displayName(run)];
  assert.deepEqual(chain(net("E", JITTERED)), ["E [256;512]", "E 384", "E 256", "A 256"]);
  assert.deepEqual(chain(net("A-LRN", 256)), ["A-LRN 256"]);
  const { init } = net("C", 256);
  assert.ok(hasAncestor(init));
  assert.deepEqual(inheritance(init, paper.train).layers, [
    ...["conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8"],
  ]);
});

Deno.test("other scales than the paper's start as 384 or as its jittered S; the 5x5 net at random", () => {
  const from = (run: TrainRun) => hasAncestor(run.init) ? displayName(run.init.from) : run.init;
  assert.equal(from(net("D", 320)), "D 256");
  assert.equal(from(net("D", [256, 384])), "D 384");
  assert.equal(from(net("B-5x5", 256)), "random");
  assert.deepEqual(ancestorOf(net("A", 224)), A);
});

Deno.test("runs have names for people and for folders", () => {
  assert.deepEqual([formatS(256), formatS(JITTERED)], ["256", "[256;512]"]);
  const fc: TrainRun = { ...D, update: "fc" };
  assert.deepEqual([D, atQ!, fc].map(displayName), [
    ...["D [256;512]", "D [256;512] at Q = 384, dense", "D [256;512] (FC layers)"],
  ]);
  assert.deepEqual([A, D, atQ!, fc].map(folderName), [
    ...["A-256", "D-256-512", "D-256-512-Q384-dense", "D-256-512-fc"],
  ]);
});
