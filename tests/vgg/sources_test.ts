import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { Dataset, LabelledImage } from "../../lib/datasets/dataset.ts";
import { Graph } from "../../lib/tensorflow/graph.ts";
import { int32, Session } from "../../lib/tensorflow/session.ts";
import { fillImageCache } from "../../lib/vgg/image_cache.ts";
import { openCrops } from "../../lib/vgg/crops.ts";
import { cropsFromFiles, cropsOfImages, wholeImages } from "../../lib/vgg/pipeline.ts";
import { archiveOf, feedOf } from "../../lib/vgg/sources.ts";
import { tensorflow } from "../support/run_graph.ts";
import { noisyPng, setup, tinyDataset } from "../support/tiny.ts";

/** The same images one behind the other in a file, each at a multiple of 512 bytes, far from its start. */
function archived<Images extends Pick<Dataset, "train" | "val">>(dataset: Images, start: number) {
  const file = Deno.makeTempFileSync({ prefix: "verydeep-test-", suffix: ".tar" });
  using archive = Deno.openSync(file, { write: true });
  let at = start;
  const put = (image: LabelledImage): LabelledImage => {
    const content = Deno.readFileSync(image.file);
    archive.seekSync(at, Deno.SeekMode.Start);
    archive.writeSync(content);
    const put = { ...image, file, at, bytes: content.length };
    at += Math.ceil(content.length / 512) * 512;
    return put;
  };
  return { ...dataset, train: dataset.train.map(put), val: dataset.val.map(put), file };
}

/** Batches of training crops, straight from where the images lie. */
async function crops(dataset: Pick<Dataset, "train" | "colours">) {
  const graph = new Graph();
  const { images, labels } = cropsFromFiles(graph, {
    ...{ batch: 4, crop: setup.crop, inputScale: 1, archive: archiveOf(dataset.train) },
  });
  const session = new Session(await tensorflow(), graph);
  const crops = openCrops(session, {
    run: { config: "A", S: [256, 512], init: "random" },
    ...{ setup, seed: 5, dataset, microBatch: 4 },
  });
  try {
    return [0, 12].flatMap((from) => {
      crops.start(from, from + 12);
      return Array.from(
        { length: 3 },
        () => session.run({}, [images, labels]).map(({ values }) => [...values]),
      );
    });
  } finally {
    session.close();
  }
}

/** Test images whole, or a crop of each, as an evaluation is shown them. */
async function looks(images: readonly LabelledImage[], method: "whole" | "crops") {
  const graph = new Graph();
  const source = { inputScale: 1, archive: archiveOf(images) };
  const { whole: shown } = method === "whole"
    ? wholeImages(graph, source)
    : cropsOfImages(graph, { ...source, crop: 20, crops: 1 });
  const session = new Session(await tensorflow(), graph);
  try {
    session.run({
      ...feedOf(images, "images"),
      "images/sides": int32(images.flatMap(() => [24, 24]), [images.length, 2]),
      "images/batch": int32([images.length], []),
      ...method === "crops" && {
        "images/strides": int32(images.flatMap(() => [30, 24, 1]), [images.length, 1, 3]),
      },
    }, ["images/start:0"]);
    const mean = { dtype: "float32", shape: [3], values: new Float32Array(3) } as const;
    return [...session.run({ "images/mean": mean }, [shown])[0]!.values];
  } finally {
    session.close();
  }
}

Deno.test("images in an archive give the same pixels as files, wherever in it they lie", async () => {
  using dataset = tinyDataset();
  const [fromFiles, whole, cut] = [
    await crops(dataset),
    await looks(dataset.val, "whole"),
    await looks(dataset.val, "crops"),
  ];
  const scales = { scales: [32, 48] };
  const imageCache = fillImageCache(await tensorflow(), dataset.train, scales);
  // behind a hole of 5 GB, which takes no room on the disk: numbers of 32 bits end before
  for (const start of [0, 512 * 10_000_000]) {
    const { train, val, colours, file } = archived(dataset, start);
    assert.deepEqual(await crops({ train, colours }), fromFiles);
    assert.deepEqual(await looks(val, "whole"), whole);
    assert.deepEqual(await looks(val, "crops"), cut);
    assert.deepEqual(fillImageCache(await tensorflow(), train, scales).bytes, imageCache.bytes);
    Deno.removeSync(file);
  }
  assert.ok(new Set(whole).size > 200);
});

Deno.test("an archive is used as far as its images go, and is one", () => {
  const image = (file: string, at: number) => (
    { file, at, bytes: 100, width: 1, height: 1, label: 0 }
  );
  assert.deepEqual(archiveOf([image("a.tar", 2048), image("a.tar", 512)]), {
    file: "a.tar",
    bytes: 2148,
  });
  assert.equal(archiveOf([{ file: "1.png", width: 1, height: 1 }]), undefined);
  assert.equal(archiveOf([]), undefined);
  assert.throws(() => archiveOf([image("a.tar", 0), image("b.tar", 0)]), TypeError);
  assert.deepEqual(feedOf([image("a.tar", 2 ** 37)], "crops"), {
    "crops/parts": int32([2 ** 28, 100], [1, 2]),
  });
});

Deno.test("a file that was replaced after its sides were read is refused, and not squashed", async () => {
  using dataset = tinyDataset();
  const listed = dataset.val.map((image) => ({ ...image, bytes: Deno.statSync(image.file).size }));
  const [first] = listed;
  await looks(listed, "whole");
  Deno.writeFileSync(first!.file, noisyPng(50, 30));
  const now = Deno.statSync(first!.file).size;
  const reason = `"${first!.file}": it has ${now} bytes, and had ${
    first!.bytes
  } when it was listed`;
  for (const method of ["whole", "crops"] as const) {
    await assert.rejects(
      looks(listed, method),
      (error) => error instanceof UserError && error.message.includes(reason),
    );
  }
  const train = dataset.train.map((image) => ({ ...image, bytes: 7 }));
  await assert.rejects(crops({ ...dataset, train }), /and had 7 when it was listed/);
  const binding = await tensorflow();
  assert.throws(
    () => fillImageCache(binding, listed, { scales: [32] }),
    /remove the folder \.verydeep of its data set, and start again/,
  );
});
