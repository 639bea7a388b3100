/** ImageNet's odd files, as TensorFlow shows them to a net. */
import assert from "node:assert/strict";
import { encodeJpeg } from "../../../lib/datasets/pixels.ts";
import { Graph } from "../../../lib/tensorflow/graph.ts";
import { int32, Session } from "../../../lib/tensorflow/session.ts";
import { wholeImages } from "../../../lib/vgg/pipeline.ts";
import { feedOf } from "../../../lib/vgg/sources.ts";
import { noisyBytes } from "../../support/formula.ts";
import { tensorflow } from "../../support/run_graph.ts";
import { cmykJpeg, folderWith, png, turned } from "../../support/datasets.ts";

/** Pixels [8, 8, 3] of files that are 8 by 8 pixels, as an evaluation sees them. */
async function shown(files: readonly Uint8Array[]): Promise<number[][]> {
  const names = files.map((_, i) => `${i}.JPEG`);
  const folder = folderWith(Object.fromEntries(names.map((name, i) => [name, files[i]!])));
  const images = names.map((name) => ({ file: `${folder}/${name}`, width: 8, height: 8 }));
  const graph = new Graph();
  const { whole: pixels } = wholeImages(graph, { inputScale: 1 });
  const session = new Session(await tensorflow(), graph);
  try {
    session.run({
      ...feedOf(images, "images"),
      "images/sides": int32(images.flatMap(() => [8, 8]), [images.length, 2]),
      "images/batch": int32([1], []),
    }, ["images/start:0"]);
    const mean = { dtype: "float32", shape: [3], values: new Float32Array(3) } as const;
    return images.map(() => [...session.run({ "images/mean": mean }, [pixels])[0]!.values]);
  } finally {
    session.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

const bytes = noisyBytes(8 * 8 * 3);
const rows = (channels: number) =>
  Array.from(
    { length: 8 },
    (_, y) => [...bytes.subarray(y * 8 * channels, (y + 1) * 8 * channels)],
  );

Deno.test("EXIF's orientation is ignored: a picture is decoded as it is stored", async () => {
  const picture = { width: 8, height: 8, channels: 3, pixels: bytes } as const;
  const jpeg = await encodeJpeg(picture);
  const [upright, ...others] = await shown([jpeg, ...[3, 6, 8].map((way) => turned(jpeg, way))]);
  for (const other of others) assert.deepEqual(other, upright);
});

Deno.test("four inks become three colours: ink times black, as OpenCV has it", async () => {
  // each ink is stored inverted, at 128 of 255: 128 * 128 / 255 = 64.3
  const [image] = await shown([cmykJpeg()]);
  assert.deepEqual(new Set(image), new Set([64]));
});

Deno.test("a PNG under the name of a JPEG, and grey images, have their own colours", async () => {
  const grey = rows(1).flat();
  const picture = { width: 8, height: 8, channels: 1, pixels: Uint8Array.from(grey) } as const;
  const [colour, png1, jpeg1] = await shown([
    png({ width: 8, bits: 8, kind: 2, rows: rows(3) }),
    png({ width: 8, bits: 8, kind: 0, rows: rows(1) }),
    await encodeJpeg({ ...picture, pixels: new Uint8Array(64).fill(77) }),
  ]);
  assert.deepEqual(colour, [...bytes]);
  assert.deepEqual(png1, grey.flatMap((value) => [value, value, value]));
  assert.deepEqual(new Set(jpeg1), new Set([77]));
});
