/**
 * How fast this machine trains and tests, on its processor and its GPUs: what `deno task doctor speed`
 * measured, kept in the user's cache for plans.
 *
 * @module
 */
import { join } from "node:path";
import { cacheFolder } from "../system/cache_folder.ts";
import { type Device, nameOfDevice } from "../system/device.ts";
import type { Precision, TrainSetup } from "../setup.ts";
import { readIfThere, writeAtomically } from "../system/files.ts";

/** Speeds of nets of one shape. */
export interface MeasuredSpeed {
  /** Name of the machine. */
  readonly host: string;
  /** What it computed on; see `nameOfDevice`. */
  readonly device: string;
  readonly precision: Precision;
  /** Fields of the setup that decide the nets' shape. */
  readonly crop: number;
  readonly width: number;
  readonly fc: number;
  /** Multiply-adds a second, of all runs side by side together. */
  readonly training: number;
  readonly testing: number;
  /** Images a second of net D in training, and whole ones in testing. */
  readonly images: { readonly training: number; readonly testing: number };
  /** Programs that wanted a processor in the minute before. */
  readonly load: number;
  /** ISO 8601, UTC. */
  readonly measured: string;
}

const fileOf = () => join(cacheFolder(), "speeds.json");

/** What was measured here of a setup's nets on a device, in the setup's precision or another one. */
export function speedFor(
  { crop, width, fc, precision }: Pick<TrainSetup, "crop" | "width" | "fc" | "precision">,
  { device, file = fileOf() }: { readonly device: Device; readonly file?: string },
): MeasuredSpeed | undefined {
  const here = {
    ...{ host: Deno.hostname(), device: nameOfDevice(device) },
    ...{ crop, width, fc, precision },
  };
  return speedsIn(file).findLast((speed) => isAlike(speed, here));
}

/** Keeps a speed in place of what was measured before of the same. */
export function keepSpeed(speed: MeasuredSpeed, file: string = fileOf()) {
  const others = speedsIn(file).filter((other) => !isAlike(other, speed));
  writeAtomically(file, `${JSON.stringify([...others, speed], null, 2)}\n`);
}

/** What tells speeds apart. */
const IDENTITY = ["host", "device", "crop", "width", "fc", "precision"] as const;

type SpeedIdentity = Pick<MeasuredSpeed, typeof IDENTITY[number]>;

function isAlike(one: SpeedIdentity, other: SpeedIdentity): boolean {
  return IDENTITY.every((field) => one[field] === other[field]);
}

/** None where the file is not there, or another hand broke it. */
function speedsIn(file: string): MeasuredSpeed[] {
  try {
    const speeds = JSON.parse(readIfThere(file) ?? "[]");
    return Array.isArray(speeds) ? speeds.filter(({ training }) => training > 0) : [];
  } catch {
    return [];
  }
}
