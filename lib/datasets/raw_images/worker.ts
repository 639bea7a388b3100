/** Saves images of an array as files; one of several Web Workers. */
import { join } from "node:path";
import { isThere } from "../../system/files.ts";
import { writeFiles } from "../generated.ts";
import { answerJobs } from "../../system/workers.ts";
import { encodeSmallPng } from "./png.ts";
import { pathOf, type RawDataset } from "./images.ts";

/** What a worker saves: images `from` to `to` of a split. */
export interface SaveJob {
  readonly split: "train" | "val";
  readonly from: number;
  readonly to: number;
}

/** What all jobs share. */
interface SaveSettings {
  readonly folder: string;
  readonly dataset: RawDataset;
}

answerJobs(async ({ split, from, to }: SaveJob, { folder, dataset }: SaveSettings) => {
  const { pixels, labels, ...shape } = dataset[split];
  const size = shape.width * shape.height * shape.channels;
  const files: [string, Uint8Array][] = [];
  for (let i = from; i < to; i++) {
    const file = join(folder, pathOf(split, dataset.classes[labels[i]!]!, i));
    if (isThere(file)) continue;
    const image = { ...shape, pixels: pixels.subarray(i * size, (i + 1) * size) };
    files.push([file, encodeSmallPng(image)]);
  }
  await writeFiles(files, folder);
  return to - from;
});
