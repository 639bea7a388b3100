/**
 * Measures once, within ten seconds, how fast this machine trains and tests the small setup's nets, so
 * that plans use measured speeds.
 *
 * @module
 */
import { small } from "../../experiments/setups.ts";
import { UserError } from "../errors.ts";
import { BUSY, keepSpeed, type MeasuredSpeed, speedFor } from "../estimates/speed.ts";
import { type Precision, PRECISIONS, type TrainSetup } from "../setup.ts";
import { type Device, expectedDevice } from "../system/device.ts";
import { runsAtOnce } from "../system/machine.ts";
import { busyCores, hasBfloat16 } from "../system/processor.ts";
import { type Bars, progressBars } from "../system/progress.ts";
import { measureSpeed } from "./speed.ts";

/** The functions that calibration uses; tests replace them. */
export interface CalibrationTools {
  readonly device: Device;
  readonly precisions: readonly Precision[];
  /** Cores that other programs keep busy now. */
  busyCores(): Promise<number>;
  measured(train: TrainSetup): MeasuredSpeed | undefined;
  measure(train: TrainSetup): Promise<MeasuredSpeed>;
  keep(speed: MeasuredSpeed): void;
}

/** Time limit of all measurements, s; a measurement that starts within it is finished. */
const LIMIT = 6;

/** Calibrates this machine, with a bar of its own; see `calibrate`. */
export async function calibrateMachine(): Promise<void> {
  const bars = progressBars();
  try {
    await calibrate(bars, toolsHere());
  } finally {
    bars.stop();
  }
}

/**
 * Measures the precisions that have no measurement yet, or, on an idle machine, only one taken while
 * other programs ran. Each measurement is stored at once, so that an interruption loses only one.
 */
export async function calibrate(
  bars: Pick<Bars, "bar" | "log">,
  tools: CalibrationTools,
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
    bars.log(`Cannot measure this machine's speed, so plans estimate it: ${error.message}`);
  } finally {
    bar.stop();
  }
  if (rough) {
    bars.log(
      "Other programs ran while this machine's speed was measured: plans are approximate until a " +
        "table or deno task install measures it again on an idle machine",
    );
  }
}

function toolsHere(): CalibrationTools {
  const device = expectedDevice(undefined);
  return {
    device,
    precisions: device.kind === "cpu" && !hasBfloat16() ? ["float32"] : PRECISIONS,
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
