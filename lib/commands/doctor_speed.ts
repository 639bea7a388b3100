/** `doctor speed`: measures the speed of training and testing, for plans. */
import { count } from "../numbers.ts";
import { PRECISIONS } from "../setup.ts";
import { runsAtOnce } from "../system/machine.ts";
import { progressBars } from "../system/progress.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { listing } from "../report/listing.ts";
import { keepSpeed, type MeasuredSpeed } from "../estimates/speed.ts";
import { threeDigits } from "../command_line/plan_notes.ts";
import type { Options } from "../command_line/options.ts";

/** Classes of the nets that are measured; their number hardly affects the time. */
const CLASSES = 1000;

/** Measures the setup's nets in both precisions, or in the named one, and keeps the results. */
export async function speed(options: Options): Promise<number> {
  const { setup, workers, device, given, format } = options;
  // What these import takes longer to load than a help text may take.
  const { deviceFor, measureSpeed } = await import("../bench/speed.ts");
  const { ensureInstalled } = await import("../tensorflow/install/mod.ts");
  const bars = progressBars();
  try {
    await ensureInstalled(bars);
    const runs = runsAtOnce(setup, workers);
    const on = await deviceFor(device);
    const precisions = given.precision ? [setup.train.precision] : PRECISIONS;
    const bar = bars.bar("measure net D", { unit: "precisions" });
    const found: MeasuredSpeed[] = [];
    for (const [i, precision] of precisions.entries()) {
      bar.update(i, precisions.length, precision);
      const train = { ...setup.train, precision };
      const speed = await measureSpeed({ ...setup, train }, {
        ...{ classes: CLASSES, runs, device: on },
        race: { rounds: 5, turn: 1 },
      });
      keepSpeed(speed);
      found.push(speed);
    }
    bar.stop();
    console.log(listing({
      title: `Speed of net D under the setup "${nameWithChanges(setup)}"`,
      records: found.map(({ device, precision, images, training, testing }) => ({
        ...{ device, precision },
        ...{ training_images: images.training, testing_images: images.testing },
        ...{ training_multiply_adds: training, testing_multiply_adds: testing },
      })),
      columns: [
        { field: "precision" },
        { field: "training_images", heading: "training, images/s", show: shown },
        { field: "testing_images", heading: "testing, images/s", show: shown },
      ],
      notes: [
        `On ${found[0]!.device}, ${count(runs, "run")} in parallel. Kept for deno ` +
        "task plan on this device.",
      ],
    }, format));
    return 0;
  } finally {
    bars.stop();
  }
}

const shown = (value: unknown) => threeDigits(Number(value));
