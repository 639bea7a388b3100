import assert from "node:assert/strict";
import { join } from "node:path";
import { int32, Session } from "../../lib/tensorflow/session.ts";
import { groupByShape, posteriorsOf } from "../../lib/vgg/evaluate.ts";
import { trainingGraph } from "../../lib/vgg/model.ts";
import { folderWith, png } from "../datasets/fixtures.ts";
import { gap, noisyBytes } from "../formula.ts";
import { tensorflow } from "../tensorflow/run_graph.ts";
import { context, noisyPng, setup } from "./tiny.ts";

const image = (height: number, width: number) => ({ file: "", height, width });

Deno.test("images of one shape make batches; few that are left over go one by one", () => {
  const images = [
    ...Array.from({ length: 9 }, () => image(40, 60)), // 20 by 30
    image(20, 80),
    ...Array.from({ length: 3 }, () => image(60, 40)),
    image(80, 120), // 20 by 30 too: ten of them
  ];
  // 20 by 30: a batch, and a quarter of one, filled up; 30 by 20: three eighths, filled up
  const batches = [
    ...[0, 1, 2, 3, 4, 5, 6, 7],
    ...[8, 13, 13, 13, 13, 13, 13, 13],
    ...[10, 11, 12, 12, 12, 12, 12, 12],
  ];
  assert.deepEqual(groupByShape(images, { side: 20, largest: 8 }), [
    { batch: 8, images: batches },
    { batch: 1, images: [9] },
  ]);
  assert.deepEqual(groupByShape([], { side: 20, largest: 8 }), []);
});

/** A session of a net with random weights, and image files. */
async function prepared(files: Record<string, Uint8Array>) {
  const run = { config: "B", S: 256, init: "random" } as const;
  const { graph } = trainingGraph(run, {
    ...{ setup, evaluate: context.evaluate, classes: 5, microBatch: 4, source: "bank" },
  });
  const session = new Session(await tensorflow(), graph);
  session.run({ "seed/weights": int32([3, 0]) }, ["initialise:0"]);
  const folder = folderWith(files);
  return {
    session,
    file: (name: string) => join(folder, name),
    [Symbol.dispose]() {
      session.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

const options = { side: 32, classes: 5, mean: [128, 128, 128], flips: true };

Deno.test("each image gets its own posteriors, however the images are grouped", async () => {
  const sides = [[32, 40], [40, 32], [32, 40], [33, 50], [32, 40], [40, 32], [64, 80]] as const;
  const name = (i: number) => `${i}.png`;
  using run = await prepared(Object.fromEntries(
    sides.map(([height, width], i) => [name(i), noisyPng(height, width, 5000 * i)]),
  ));
  const images = sides.map(([height, width], i) => ({ file: run.file(name(i)), height, width }));
  const progress: number[] = [];
  const all = posteriorsOf(run.session, images, {
    ...{ ...options, largest: 2, onProgress: (done: number) => progress.push(done) },
  });
  assert.equal(progress.at(-1), 7);
  for (const [i, each] of images.entries()) {
    const own = posteriorsOf(run.session, [each], options);
    assert.ok(Math.abs(own.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
    assert.ok(gap(all.slice(5 * i, 5 * i + 5), own) < 1e-5);
  }
  const rows = images.map((_, i) => String(all.slice(5 * i, 5 * i + 5)));
  assert.equal(new Set(rows).size, 7);
});

Deno.test("an image and its mirror image have the same posteriors, half of each", async () => {
  const [height, width] = [32, 45];
  const bytes = noisyBytes(height * width * 3);
  const rows = (mirrored: boolean) =>
    Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => {
        const at = 3 * (y * width + (mirrored ? width - 1 - x : x));
        return [...bytes.subarray(at, at + 3)];
      }).flat());
  using run = await prepared({
    "upright.png": png({ width, bits: 8, kind: 2, rows: rows(false) }),
    "mirrored.png": png({ width, bits: 8, kind: 2, rows: rows(true) }),
  });
  const of = (name: string, flips: boolean) =>
    posteriorsOf(run.session, [{ file: run.file(name), height, width }], { ...options, flips });
  const [one, other] = [of("upright.png", false), of("mirrored.png", false)];
  assert.ok(gap(other, one) > 1e-3);
  const mean = one.map((value, i) => (value + other[i]!) / 2);
  assert.ok(gap(of("upright.png", true), mean) < 1e-5);
  assert.ok(gap(of("mirrored.png", true), mean) < 1e-5);
});
