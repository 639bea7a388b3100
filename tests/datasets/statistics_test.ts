import assert from "node:assert/strict";
import { openFolder } from "../../lib/datasets/folder/mod.ts";
import { probeImage } from "../../lib/datasets/pixels.ts";
import { statisticsOf, writeSheet } from "../../lib/datasets/statistics.ts";
import { folderWith, smallestFolder, solidPng } from "../support/datasets.ts";

Deno.test("counts, sizes and colours are those of the images", async () => {
  const folder = smallestFolder({ "train/dog/2.png": solidPng(0, 100, 50, 30, 60) });
  const dataset = await openFolder({ folder });
  const { classes, width, height, portrait, deviation } = statisticsOf(dataset);
  assert.deepEqual(classes, [
    { class: "cat", label: 0, train: 1, val: 1 },
    { class: "dog", label: 1, train: 2, val: 1 },
  ]);
  assert.deepEqual([width, height, portrait], [[2, 30], [2, 60], 1 / 5]);
  // 4 pixels of red 200 among 1808: 200 sqrt(p (1 - p)).
  const p = 4 / 1808;
  assert(Math.abs(deviation[0]! - 200 * Math.sqrt(p * (1 - p))) < 1e-9);
});

Deno.test("the contact sheet has a row for each class", async () => {
  const folder = smallestFolder({ "train/dog/2.png": solidPng(0, 0, 255) });
  const sheet = await writeSheet(await openFolder({ folder }), folder);
  const { width, height, pixels } = (await probeImage(sheet)).picture!;
  const columns = (y: number) => {
    const seen = new Set<string>();
    for (let x = 0; x < width; x++) {
      seen.add(pixels.subarray((y * width + x) * 3).slice(0, 3).join());
    }
    return seen;
  };
  assert(columns(Math.round(height / 4)).has("200,0,0"));
  const second = columns(Math.round(3 * height / 4));
  assert(second.has("0,100,50") && second.has("0,0,255"));
});

Deno.test("classes with control characters, quotes and markup in their names are drawn as text", async () => {
  const names = ["bell\x07x", "cat\r", 'it\'s "quoted" & <b>', "line\nbreak"];
  const image = solidPng(200, 0, 0);
  const folder = folderWith(Object.fromEntries(
    names.flatMap((name) => ["train", "val"].map((split) => [`${split}/${name}/1.png`, image])),
  ));
  const dataset = await openFolder({ folder });
  assert.deepEqual(
    dataset.classes,
    ["bell\\u0007x", "cat\\r", 'it\'s "quoted" & <b>', "line\\nbreak"],
  );
  const { height } = (await probeImage(await writeSheet(dataset, folder))).picture!;
  assert(height > 4 * 100);
});
