/**
 * Measures how long opening ILSVRC-2012's index takes, with its checksum: a made-up index of the same
 * size in a temporary folder, opened several times.
 *
 * usage: deno run -A lib/bench/index_of_imagenet.ts [IMAGES]
 */
import { createHash } from "node:crypto";
import { indexOf, readIndex, writeIndex } from "../datasets/ilsvrc2012/index_file.ts";
import { formatNumber } from "../numbers.ts";
import { median } from "./race.ts";

/** Training images. */
const images = Number(Deno.args[0] ?? 1_281_167);
const CLASSES = 1000;
const ROUNDS = 7;

const shelves = Array.from({ length: CLASSES }, (_, label) => {
  const count = Math.floor((label + 1) * images / CLASSES) - Math.floor(label * images / CLASSES);
  const wnid = `n${String(1_440_764 + label).padStart(8, "0")}`;
  return [wnid, {
    names: Array.from({ length: count }, (_, i) => `${wnid}_${i}.JPEG`),
    at: Float64Array.from({ length: count }, (_, i) => 512 * (label * 2000 + i)),
    bytes: new Uint32Array(count).fill(110_000),
    sides: new Uint16Array(2 * count).fill(400),
    digests: new Uint32Array(2 * count).fill(400),
    faults: {},
  }] as const;
});

/** The median of several durations, ms. */
function durationOf(work: () => void): number {
  return median(Array.from({ length: ROUNDS }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  }));
}

const folder = Deno.makeTempDirSync({ prefix: "verydeep-bench-" });
try {
  writeIndex(folder, "train", "stamp", indexOf(shelves));
  const bytes = Deno.readFileSync(`${folder}/ilsvrc2012-train.index`);
  const opening = durationOf(() => void readIndex(folder, "train", "stamp")!);
  const names = durationOf(() => void readIndex(folder, "train", "stamp")!.names());
  const checksum = durationOf(() => void createHash("sha256").update(bytes).digest());
  const ms = (time: number) => `${Math.round(time)} ms`;
  console.log(
    `${formatNumber(images)} images, ${Math.round(bytes.length / 1e6)} MB: ` +
      `opened in ${ms(opening)}, ${ms(checksum)} of them for the checksum; ` +
      `with all names in ${ms(names)}`,
  );
} finally {
  Deno.removeSync(folder, { recursive: true });
}
