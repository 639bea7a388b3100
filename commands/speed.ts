/** `doctor speed`: measures how fast full steps are here, which plans then reckon with. */
import { deviceInWords, gpus } from "../lib/device.ts";
import type { Precision } from "../lib/experiment.ts";
import { runsAtOnce } from "../lib/machine.ts";
import { progressBars } from "../lib/progress.ts";
import { listing } from "../lib/report/listing.ts";
import { keepSpeed, type Speed } from "../lib/speed.ts";
import type { Options } from "./options.ts";

const PRECISIONS: readonly Precision[] = ["float32", "bfloat16"];

/** Classes of the nets that are measured; they hardly count for the time. */
const CLASSES = 1000;

/** Measures the setup's nets in both precisions, or in the one that is named, and keeps that. */
export async function speed({ setup, workers, given, format }: Options): Promise<number> {
  // What these import takes longer to load than a help text may take.
  const { measureSpeed } = await import("../bench/speed.ts");
  const { ensureInstalled, here, variantOf } = await import("../lib/tensorflow/install.ts");
  const bars = progressBars();
  try {
    const set = bars.bar("set up TensorFlow");
    await ensureInstalled((step, share) => set.update(Math.round(100 * share), 100, step));
    set.stop();
    const [gpu] = variantOf(here()) === "gpu" ? gpus() : [];
    const device = deviceInWords(gpu ? { kind: "gpu", gpu } : { kind: "cpu" });
    const runs = runsAtOnce(setup, workers);
    const precisions = given.precision ? [setup.train.precision] : PRECISIONS;
    const bar = bars.bar("measure net D", { unit: "precisions" });
    const found: Speed[] = [];
    for (const [i, precision] of precisions.entries()) {
      bar.update(i, precisions.length, precision);
      const train = { ...setup.train, precision };
      const speed = await measureSpeed({ ...setup, train }, { classes: CLASSES, runs, device });
      keepSpeed(speed);
      found.push(speed);
    }
    bar.stop();
    console.log(listing({
      title: `How fast net D is, under the setup "${setup.name}"`,
      records: found.map(({ precision, images, training, testing }) => ({
        precision,
        ...{ training_images: images.training, testing_images: images.testing },
        ...{ training_multiply_adds: training, testing_multiply_adds: testing },
      })),
      columns: [
        { field: "precision" },
        { field: "training_images", heading: "training, images/s", show: three },
        { field: "testing_images", heading: "testing, images/s", show: three },
      ],
      notes: [
        `On ${device}, ${runs} run${runs === 1 ? "" : "s"} side by side. Kept for deno task plan.`,
      ],
    }, format));
    return 0;
  } finally {
    bars.stop();
  }
}

const three = (value: unknown) => Number(value).toPrecision(3);
