/**
 * sharp (libvips) as a contestant: image files to random crops, on all cores. Its cubic kernel has other
 * coefficients than ours, but the same cost.
 *
 * @module
 */
import { sharp } from "../../datasets/pixels.ts";
import { uniform } from "../../statistics/random.ts";
import { rescale } from "../../vgg/images.ts";
import type { Case } from "../cases.ts";
import { answerRequests, type Runner } from "../contestant.ts";

/** Images in progress at once. */
const AT_ONCE = 2 * navigator.hardwareConcurrency;
/** Sides of the files. */
const PHOTO = { height: 375, width: 500 };

function build(what: Case): Runner {
  if (what.kind !== "input") throw new Error(`it does not take part in "${what.name}"`);
  const { batch, files, scales, setup: { crop } } = what;
  const draw = uniform(0);
  const upTo = (count: number) => Math.floor(draw() * count);
  let next = 0;

  async function cropOne() {
    const { width, height } = rescale(PHOTO, scales[upTo(scales.length)]!);
    await sharp(files[next++ % files.length]!)
      .resize(width, height, { kernel: "cubic", fit: "fill" })
      .extract({
        ...{ left: upTo(width - crop + 1), top: upTo(height - crop + 1) },
        ...{ width: crop, height: crop },
      })
      .raw()
      .toBuffer();
  }

  return {
    async step() {
      let left = batch;
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await cropOne();
      }));
    },
    close() {},
  };
}

await answerRequests(`${sharp.versions.sharp}, libvips ${sharp.versions.vips}`, build);
