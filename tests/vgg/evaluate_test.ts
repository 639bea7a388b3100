import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import type { Method } from "../../lib/experiment.ts";
import type { EvaluateSetup } from "../../lib/setup.ts";
import { elements, Session } from "../../lib/tensorflow/session.ts";
import { fillImageCache } from "../../lib/vgg/image_cache.ts";
import { groupAlike } from "../../lib/vgg/batches.ts";
import { type EvaluateOptions, posteriorsOf } from "../../lib/vgg/evaluate.ts";
import { rescale } from "../../lib/vgg/images.ts";
import { evaluationGraph, type Model, trainingGraph } from "../../lib/vgg/model.ts";
import { setTensors } from "../../lib/vgg/train.ts";
import { folderWith, png } from "../support/datasets.ts";
import { gap, noises, noisyBytes } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { context, noisyPng, setup } from "../support/tiny.ts";

Deno.test("images of one shape make batches; few that are left over go one by one", () => {
  const shapes = [
    ...Array<string>(9).fill("20x30"),
    "20x80",
    ...Array<string>(3).fill("30x20"),
    "20x30",
  ];
  // 20 by 30: a batch, and a quarter of one, filled up; 30 by 20: three eighths, filled up
  const batches = [
    ...[0, 1, 2, 3, 4, 5, 6, 7],
    ...[8, 13, 13, 13, 13, 13, 13, 13],
    ...[10, 11, 12, 12, 12, 12, 12, 12],
  ];
  assert.deepEqual(groupAlike(shapes, 8), [
    { batch: 8, images: batches },
    { batch: 1, images: [9] },
  ]);
  assert.deepEqual(groupAlike([], 8), []);
  // those without a shape go alone, also where a few would fill a small batch up
  assert.deepEqual(groupAlike([undefined, "a", undefined], 2), [
    { batch: 2, images: [1, 1] },
    { batch: 1, images: [0, 2] },
  ]);
  // as many as the largest split of ImageNet has, and alike
  assert.equal(groupAlike(Array(150_000).fill(""), 16)[0]!.images.length, 150_000);
});

type EvaluationCase = Partial<Omit<EvaluateOptions, "method">>;

const B = { config: "B", S: 256, init: "random" } as const;

/** A session of a graph with weights by the formula. */
function sessionOf(
  binding: Awaited<ReturnType<typeof tensorflow>>,
  { graph, weights }: Model,
): Session {
  const session = new Session(binding, graph);
  setTensors(
    session,
    new Map(weights.map(({ name, shape }, i) => {
      const inputs = elements(shape.slice(0, -1));
      const scale = name.endsWith(".kernel") ? Math.sqrt(6 / inputs) : 0.1;
      return [name, { shape, values: noises(elements(shape), { from: 10_000 * i, scale }) }];
    })),
  );
  return session;
}

/** Net B with weights by the formula, and image files. */
async function prepared(files: Record<string, Uint8Array>) {
  const binding = await tensorflow();
  const folder = folderWith(files);
  const sessions = new Map<Method, Session>();

  const evaluating = (method: Method) =>
    sessionOf(
      binding,
      evaluationGraph({ net: B, method }, { setup, evaluate: context.evaluate, classes: 5 }),
    );

  return {
    binding,
    /** An image of the folder. */
    image: (name: string, [height, width]: readonly [number, number]) => {
      return { file: join(folder, name), height, width };
    },
    /** Posteriors at scale 32, where not asked otherwise. */
    posteriors(
      method: Method,
      images: Parameters<typeof posteriorsOf>[1],
      asked: EvaluationCase = {},
    ) {
      const session = sessions.get(method) ?? evaluating(method);
      sessions.set(method, session);
      const common = { side: 32, crop: setup.crop, classes: 5, mean: [128, 127, 126] };
      return [...posteriorsOf(session, images, { ...common, ...asked, method })];
    },
    [Symbol.dispose]() {
      for (const session of sessions.values()) session.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

const METHODS: readonly Method[] = ["dense", "multi-crop", "centre-crop"];

Deno.test("each image gets its own posteriors, however the images are grouped", async (t) => {
  const sides = [[32, 40], [40, 32], [32, 40], [33, 50], [32, 40], [40, 32], [64, 80]] as const;
  const name = (i: number) => `${i}.png`;
  using run = await prepared(Object.fromEntries(
    sides.map(([height, width], i) => [name(i), noisyPng(height, width, 5000 * i)]),
  ));
  const images = sides.map((size, i) => run.image(name(i), size));
  for (const method of METHODS) {
    await t.step(method, () => {
      for (const largest of [2, 4, 5]) {
        const progress: number[] = [];
        const onProgress = (done: number) => progress.push(done);
        const all = run.posteriors(method, images, { largest, onProgress });
        assert.equal(progress.at(-1), 7);
        for (const [i, each] of images.entries()) {
          const own = run.posteriors(method, [each]);
          assert.ok(Math.abs(own.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
          assert.ok(gap(all.slice(5 * i, 5 * i + 5), own) < 1e-5);
        }
        const rows = images.map((_, i) => String(all.slice(5 * i, 5 * i + 5)));
        assert.equal(new Set(rows).size, 7);
      }
    });
  }
});

Deno.test("a training is validated by the soft-max of averaged scores", async () => {
  using run = await prepared({ "a.png": noisyPng(64, 80) });
  const images = [run.image("a.png", [64, 80])];
  const seen = { side: 64, crop: setup.crop, classes: 5, mean: [128, 127, 126], flips: false };
  const found = (model: Model) => {
    const session = sessionOf(run.binding, model);
    try {
      return [...posteriorsOf(session, images, { ...seen, method: "dense" })];
    } finally {
      session.close();
    }
  };
  const tested = (scoreMap: EvaluateSetup["scoreMap"]) =>
    found(
      evaluationGraph({ net: B, method: "dense" }, { setup, evaluate: { scoreMap }, classes: 5 }),
    );
  const validated = found(trainingGraph(B, { setup, classes: 5, microBatch: 4, source: "cache" }));
  assert.ok(gap(validated, tested("average-then-softmax")) < 1e-6);
  // its score map has several places, so that the others differ
  for (const scoreMap of ["softmax-then-average", "sum-then-softmax"] as const) {
    assert.ok(gap(validated, tested(scoreMap)) > 1e-3, scoreMap);
  }
});

Deno.test("an evaluation that was stopped after any batch goes on with the rest, to the same bits", async (t) => {
  const sides = [[32, 40], [40, 32], [32, 40], [33, 50], [32, 40], [40, 32], [64, 80]] as const;
  using run = await prepared(Object.fromEntries(
    sides.map(([height, width], i) => [`${i}.png`, noisyPng(height, width, 5000 * i)]),
  ));
  const images = sides.map((size, i) => run.image(`${i}.png`, size));
  for (const method of METHODS) {
    await t.step(method, () => {
      const whole = run.posteriors(method, images, { largest: 2 });
      const batches: number[] = [];
      run.posteriors(method, images, { largest: 2, onProgress: (done) => batches.push(done) });
      for (const end of batches) {
        const posteriors = new Float32Array(5 * images.length).fill(NaN);
        const stopAt = (done: number) => {
          if (done === end) throw new Error("stopped");
        };
        const options = { largest: 2, posteriors };
        assert.throws(() => run.posteriors(method, images, { ...options, onProgress: stopAt }));
        const later: number[] = [];
        const onProgress = (done: number) => later.push(done);
        assert.deepEqual(run.posteriors(method, images, { ...options, onProgress }), whole);
        assert.deepEqual(later, batches.filter((done) => done > end));
      }
    });
  }
});

/** Pixels of an image, `[height, width, 3]`. */
interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** A part of an image, mirrored where asked, as PNG. */
function part(
  { bytes, width }: Pixels,
  { top = 0, left = 0, sides: [rows, columns], mirrored = false }: {
    readonly top?: number;
    readonly left?: number;
    readonly sides: readonly [number, number];
    readonly mirrored?: boolean;
  },
): Uint8Array {
  const lines = Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (_, x) => {
      const column = left + (mirrored ? columns - 1 - x : x);
      const at = 3 * ((top + y) * width + column);
      return [...bytes.subarray(at, at + 3)];
    }).flat());
  return png({ width: columns, bits: 8, kind: 2, rows: lines });
}

Deno.test("an image and its mirror image have the same posteriors, half of each", async (t) => {
  // 40 - 28 and 44 - 28 are multiples of four: the grid is its own mirror image
  const sides = [40, 44] as const;
  const pixels = { height: 40, width: 44, bytes: noisyBytes(40 * 44 * 3) };
  using run = await prepared({
    "upright.png": part(pixels, { sides }),
    "mirrored.png": part(pixels, { sides, mirrored: true }),
  });
  for (const method of METHODS) {
    await t.step(method, () => {
      const of = (name: string, flips: boolean) =>
        run.posteriors(method, [run.image(name, sides)], { side: 40, flips });
      const [one, other] = [of("upright.png", false), of("mirrored.png", false)];
      assert.ok(gap(other, one) > 1e-3);
      const mean = one.map((value, i) => (value + other[i]!) / 2);
      assert.ok(gap(of("upright.png", true), mean) < 1e-5);
      assert.ok(gap(of("mirrored.png", true), mean) < 1e-5);
    });
  }
});

/** Crops by hand: 28 pixels out of 32 by 41, 33 by 32 and 28 by 36. */
const GRIDS = [
  // 4 downwards; 13 across in steps of 3.25
  { sides: [32, 41], side: 32, tops: [0, 1, 2, 3, 4], lefts: [0, 3, 7, 10, 13], middle: [2, 7] },
  // rescaled: 5 downwards in steps of 1.25; 4 across
  { sides: [66, 64], side: 32, tops: [0, 1, 3, 4, 5], lefts: [0, 1, 2, 3, 4], middle: [3, 2] },
  // as narrow as a crop: one row of windows, five times
  { sides: [28, 36], side: 28, tops: [0, 0, 0, 0, 0], lefts: [0, 2, 4, 6, 8], middle: [0, 4] },
] as const;

for (const { sides: [height, width], side, tops, lefts, middle } of GRIDS) {
  Deno.test(`${height} by ${width}: crops that are cut by hand and seen one by one give the same`, async () => {
    using run = await prepared({ "whole.png": noisyPng(height, width) });
    const whole = run.image("whole.png", [height, width]);
    const { bytes } = fillImageCache(run.binding, [whole], { scales: [side] });
    const pixels = { ...rescale(whole, side), bytes };
    const corners = [
      ...tops.flatMap((top) => lefts.map((left) => ({ top, left }))),
      { top: middle[0], left: middle[1] },
    ];
    const crop = [setup.crop, setup.crop] as const;
    const cuts = corners.flatMap((corner) =>
      [false, true].map((mirrored) => part(pixels, { ...corner, sides: crop, mirrored }))
    );
    using seen = await prepared(Object.fromEntries(cuts.map((bytes, i) => [`${i}.png`, bytes])));
    // a dense look at a crop is a look at that crop
    const rows = cuts.map((_, i) =>
      seen.posteriors("dense", [seen.image(`${i}.png`, crop)], { side: crop[0], flips: false })
    );
    const mean = (rows: number[][]) =>
      rows[0]!.map((_, k) => rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length);
    const grid = rows.slice(0, 50);
    assert.ok(gap(run.posteriors("multi-crop", [whole], { side }), mean(grid)) < 1e-5);
    assert.ok(gap(run.posteriors("centre-crop", [whole], { side }), rows[50]!) < 1e-5);
    // and each crop says something else
    assert.ok(gap(grid[24]!, grid[0]!) > 1e-3);
    assert.ok(gap(mean(grid), rows[50]!) > 1e-3);
  });
}

Deno.test("a centre crop is mirrored, and crops are off the edges, where a setup says so", async () => {
  using run = await prepared({ "image.png": noisyPng(40, 50) });
  const images = [run.image("image.png", [40, 50])];
  const of = (method: Method, asked: EvaluationCase = {}) =>
    run.posteriors(method, images, { side: 40, ...asked });
  const mirrored = of("centre-crop", { evaluate: { centreCrop: "mirrored" } });
  assert.deepEqual(mirrored, of("centre-crop", { flips: true }));
  assert.ok(gap(mirrored, of("centre-crop")) > 1e-4);
  const usual = of("multi-crop");
  assert.deepEqual(of("multi-crop", { evaluate: { cropGrid: "edge-to-edge" } }), usual);
  for (const cropGrid of ["central-square", "cell-centres"] as const) {
    assert.ok(gap(of("multi-crop", { evaluate: { cropGrid } }), usual) > 1e-4, cropGrid);
  }
});

Deno.test("an image that is smaller than the net's input is refused", async () => {
  using run = await prepared({ "small.png": noisyPng(24, 30) });
  const small = run.image("small.png", [24, 30]);
  for (const method of ["multi-crop", "centre-crop"] as const) {
    assert.throws(
      () => run.posteriors(method, [small], { side: 27 }),
      (error: Error) =>
        error instanceof UserError &&
        error.message.startsWith(`Cannot evaluate (${method}) at a smallest side of 27 pixels`),
    );
  }
  // where odd sides are rounded down, of 63 pixels no more than one is left
  const options = { side: 63, crop: 64, oddSides: "down" } as const;
  assert.throws(() => run.posteriors("dense", [small], options), /side of 63 pixels/);
  // of 28 pixels five poolings leave 1, of 24 too
  assert.equal(run.posteriors("dense", [small], { side: 24 }).length, 5);
});
