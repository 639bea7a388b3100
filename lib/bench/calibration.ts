/**
 * Measures, once and within ten seconds, how fast this machine trains and tests the small setup's
 * nets, so that plans need not guess.
 *
 * @module
 */
import { small } from "../../experiments/setups.ts";
import { UserError } from "../errors.ts";
import { BUSY, keepSpeed, type MeasuredSpeed, speedFor } from "../estimates/speed.ts";
import type { Precision, TrainSetup } from "../setup.ts";
import { type Device, expectedDevice } from "../system/device.ts";
import { runsAtOnce } from "../system/machine.ts";
import { busyCores, hasBfloat16 } from "../system/processor.ts";
import type { Bars } from "../system/progress.ts";
import { measureSpeed } from "./speed.ts";

/** What calibration needs of the rest; tests have their own. */
export interface CalibrationTools {
  readonly device: Device;
  readonly precisions: readonly Precision[];
  /** Cores that other programs keep busy now. */
  busyCores(): Promise<number>;
  measured(train: TrainSetup): MeasuredSpeed | undefined;
  measure(train: TrainSetup): Promise<MeasuredSpeed>;
  keep(speed: MeasuredSpeed): void;
}

/** Longest time of all measurements, s; one that begins within it is finished. */
const LIMIT = 6;

/**
 * Measures the precisions that were not measured yet, or only while other programs ran, if they do
 * no more. Each measurement is kept at once, so that an interruption loses one only.
 */
export async function calibrate(
  bars: Pick<Bars, "bar" | "log">,
  tools: CalibrationTools = toolsHere(),
): Promise<void> {
  const wanted = tools.precisions.flatMap((precision) => {
    const train = { ...small.train, precision };
    const found = tools.measured(train);
    return found === undefined || found.load > BUSY ? [{ train, found }] : [];
  });
  if (wanted.length === 0) return;
  const isBusy = await tools.busyCores() > BUSY;
  const open = wanted.filter(({ found }) => found === undefined || !isBusy);
  if (open.length === 0) return;
  const bar = bars.bar("measure this machine's speed", { unit: "precisions" });
  const begin = performance.now();
  let rough = false;
  try {
    for (const [i, { train }] of open.entries()) {
      if (performance.now() - begin > 1000 * LIMIT) break;
      bar.update(i, open.length, train.precision);
      const speed = await tools.measure(train);
      tools.keep(speed);
      rough ||= speed.load > BUSY;
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    bars.log(`This machine's speed was not measured, and plans guess it: ${error.message}`);
  } finally {
    bar.stop();
  }
  if (rough) {
    bars.log(
      "Other programs ran while this machine's speed was measured: plans are rough until a table " +
        "or deno task install finds it quiet and measures it again",
    );
  }
}

function toolsHere(): CalibrationTools {
  const device = expectedDevice(undefined);
  return {
    device,
    precisions: device.kind === "cpu" && !hasBfloat16() ? ["float32"] : ["float32", "bfloat16"],
    busyCores,
    measured: (train) => speedFor(train, { device }),
    measure: (train) =>
      measureSpeed({ ...small, train }, {
        ...{ classes: small.scenes!.classes, runs: runsAtOnce(small), device },
        race: { rounds: 3, turn: 0.25 },
      }),
    keep: keepSpeed,
  };
}
