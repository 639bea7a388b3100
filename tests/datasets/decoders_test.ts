import assert from "node:assert/strict";
import { openFolder } from "../../lib/datasets/folder/mod.ts";
import { encodeJpeg, probeImage } from "../../lib/datasets/pixels.ts";
import { loadAddon } from "../../lib/tensorflow/addon.ts";
import { Graph, stringPlaceholder } from "../../lib/tensorflow/graph.ts";
import { readFile } from "../../lib/tensorflow/files.ts";
import { decodeImage } from "../../lib/tensorflow/images.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { cast } from "../../lib/tensorflow/operations.ts";
import { Session } from "../../lib/tensorflow/session.ts";
import { cmykJpeg, damaged, png, smallestFolder, turned } from "../support/datasets.ts";

Deno.test("TensorFlow decodes every image as it was probed", async () => {
  await ensureInstalled();
  const smooth = new Uint8Array(64 * 48 * 3).map((_, i) => 128 + 100 * Math.sin(i / 2000));
  const jpeg = await encodeJpeg({ width: 64, height: 48, channels: 3, pixels: smooth });
  const { train } = await openFolder({
    folder: smallestFolder({
      "train/cat/2.jpg": jpeg,
      "train/cat/3.jpg": turned(jpeg, 6),
      "train/cat/4.jpg": cmykJpeg(),
      "train/cat/5.png": png({ width: 1, bits: 16, kind: 0, rows: [[0x80, 0xFF]] }),
      "train/cat/6.png": png({ width: 3, bits: 8, kind: 0, rows: [[1, 2, 3]] }),
      "train/cat/7.png": png({ width: 1, bits: 8, kind: 6, rows: [[9, 9, 9, 0]] }),
      "train/cat/8.png": png({ width: 8, bits: 1, kind: 0, rows: [[0xA5]] }),
      "train/cat/9.jpg": damaged(jpeg),
    }),
  });
  const graph = new Graph();
  const decoded = cast(decodeImage(readFile(stringPlaceholder(graph, "file", []))), "int32");
  const session = new Session(await loadAddon(), graph);
  for (const { file, width, height } of train) {
    const feed = { file: { dtype: "string", shape: [], values: [file] } } as const;
    const [image] = session.run(feed, [decoded]);
    assert.deepEqual(image!.shape, [height, width, 3], file);
    const { pixels, channels } = (await probeImage(file)).picture!;
    for (const [i, value] of image!.values.entries()) {
      // Decoders round a JPEG's cosines in their own ways.
      const seen = pixels[channels === 3 ? i : Math.floor(i / 3)]!;
      assert(
        Math.abs(value - seen) <= (file.endsWith(".png") ? 0 : 4),
        `${file}: ${value}, ${seen}`,
      );
    }
  }
  session.close();
});
