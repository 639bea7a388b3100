import assert from "node:assert/strict";
import table3 from "../../experiments/table3.ts";
import { paper, small } from "../../experiments/setups.ts";
import {
  diskOf,
  doneInWords,
  memoryOf,
  originOfTimes,
  otherPrecision,
} from "../../lib/command_line/plan_notes.ts";
import type { DatasetInfo } from "../../lib/datasets/dataset.ts";
import { isEvaluation } from "../../lib/experiment.ts";
import { plan } from "../../lib/plan.ts";

const CPU = { kind: "cpu" } as const;
const { train, evaluate } = paper;
const runs = plan([table3], [{ train, evaluate, seed: 0, data: "" }]);
const dataset = {
  classes: Array(1000).fill("a class"),
  val: Array(50_000).fill({ height: 375, width: 500 }),
} as Pick<DatasetInfo, "classes" | "val">;

Deno.test("disk: twelve nets of Table 2, twelve times 50,000 posteriors, three checkpoints of E", () => {
  // A, A-LRN, B; three each of C, D, E; 4 bytes a weight, and 1001 x 50,000 of 4 bytes for each test
  const weights = 2 * 132_863_336 + 133_047_848 + 3 * (133_638_952 + 138_357_544 + 143_667_240);
  const [nets, tests, states] = [4 * weights, 12 * 4 * 1001 * 50_000, 3 * 2 * 4 * 143_667_240];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  assert.equal(
    diskOf(runs, dataset),
    `Disk: ${gigabytes(nets)} of weights, ${gigabytes(tests)} of posteriors, and ` +
      `${gigabytes(states)} of checkpoints while a net is trained.`,
  );
  const evaluations = runs.filter(({ run }) => isEvaluation(run));
  assert.equal(diskOf(evaluations, dataset), `Disk: ${gigabytes(tests)} of posteriors.`);
});

Deno.test("memory: of the largest net, with the micro-batch that was asked for, and that of others", () => {
  const given = { setup: paper, device: "cpu", microBatch: 16 } as const;
  const [sentence] = memoryOf(runs, given, dataset);
  // 6 x 4 x 143,667,240 and 16 images of E's maps, which are 9 % larger than D's 114 MB
  assert.match(sentence!, /^Memory: E 256 takes 3\.4 GB, and 12\d MB for each image at once\./);
  assert.match(sentence!, / 16 at once of a batch of 256: 5\.4 GB\. /);
  const half = { ...paper, train: { ...train, precision: "bfloat16" } } as const;
  assert.match(memoryOf(runs, { ...given, setup: half }, dataset)[0]!, /and 6\d\.\d MB for each/);
  // small nets have whole batches, a training on each core
  const narrow = memoryOf(runs, { setup: small, device: "cpu", workers: 2 }, dataset)[0]!;
  assert.match(narrow, / The batch of 16: \d+(\.\d)? MB, and 2 such trainings run side by side\. /);
  assert.deepEqual(memoryOf([], given, dataset), []);
});

Deno.test("a guess is called one; what was measured has its date, device and precision", () => {
  const asked = { choice: "--setup paper" };
  const none = { speed: undefined, on: CPU };
  assert.match(
    originOfTimes(asked, none),
    /measured here on CPU: times are guessed .*; deno task doctor speed --setup paper measures it/,
  );
  assert.match(
    originOfTimes({ ...asked, device: "gpu:1" }, { ...none, on: { kind: "gpu" } }),
    /here on a GPU: times are a guess .* was not measured; .* --setup paper --device gpu:1 measures it/,
  );
  const speed = {
    ...{
      host: "here",
      device: "CPU",
      precision: "float32" as const,
      crop: 224,
      width: 1,
      fc: 4096,
    },
    ...{ training: 97e9, testing: 99e9, images: { training: 2.1, testing: 1.9 } },
    ...{ bfloat16: true, load: 0, measured: "2026-01-31T12:00:00.000Z" },
  };
  const { training, testing } = speed;
  const own = { training, testing, measured: speed, isOwn: true };
  const sentence = originOfTimes(asked, { speed: own, on: CPU });
  assert.match(
    sentence,
    /measured here on 2026-01-31 .* trains 2\.10 and tests 1\.90 images a second/,
  );
  assert.match(sentence, /on CPU in float32\.$/);
  const scaled = { training: 60e9, testing: 61e9, measured: { ...speed, load: 1.5 }, isOwn: false };
  assert.match(
    originOfTimes(asked, { speed: scaled, on: CPU }),
    /^Times are scaled from .*: net D with all channels at 224 pixels trains 2\.10 .* in float32, while other programs kept 1\.5 cores busy; deno task doctor speed --setup paper measures/,
  );
  assert.match(
    otherPrecision(paper, none),
    /^What --precision bfloat16 does to times was not measured; it halves the memory of images\.$/,
  );
  assert.match(
    originOfTimes(asked, { ...none, on: { kind: "gpu", count: 4 } }),
    /here on 4 x GPU: .* the same for every GPU, as if one of them computed alone, and was not /,
  );
});

Deno.test("what is done is a sentence for one run, too", () => {
  assert.deepEqual([doneInWords(5, 3), doneInWords(5, 0), doneInWords(1, 1), doneInWords(1, 0)], [
    ...["2 of these 5 runs are done", "all of these 5 runs are done"],
    ...["this run is not done", "this run is done"],
  ]);
});
