/**
 * Measured speeds of this machine's processor and GPUs. `deno task doctor speed` measures them and
 * stores them in the user's cache; `deno task plan` reads them.
 *
 * @module
 */
import { join } from "node:path";
import { cacheFolder } from "../system/cache_folder.ts";
import { type Device, nameOfDevice } from "../system/device.ts";
import type { Precision, TrainSetup } from "../setup.ts";
import { readIfThere, writeAtomically } from "../system/files.ts";

/** Speed of training and testing nets of one shape on one device. */
export interface MeasuredSpeed {
  /** Name of the machine. */
  readonly host: string;
  /** Name of the device, from `nameOfDevice`. */
  readonly device: string;
  readonly precision: Precision;
  /** Fields of the setup that determine the nets' shape. */
  readonly crop: number;
  readonly width: number;
  readonly fc: number;
  /** Multiply-adds per second, summed over parallel runs. */
  readonly training: number;
  readonly testing: number;
  /** Images per second of net D: crops in training, whole images in testing. */
  readonly images: { readonly training: number; readonly testing: number };
  /** Load average over the minute before the measurement. */
  readonly load: number;
  /** ISO 8601, UTC. */
  readonly measured: string;
}

const fileOf = () => join(cacheFolder(), "speeds.json");

/** The measured speed of a setup's nets on a device of this machine; undefined if not measured. */
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

/** Stores a speed, in place of an earlier measurement of the same nets and device. */
export function keepSpeed(speed: MeasuredSpeed, file: string = fileOf()) {
  const others = speedsIn(file).filter((other) => !isAlike(other, speed));
  writeAtomically(file, `${JSON.stringify([...others, speed], null, 2)}\n`);
}

/** Fields that identify a speed. */
const IDENTITY = ["host", "device", "crop", "width", "fc", "precision"] as const;

type SpeedIdentity = Pick<MeasuredSpeed, typeof IDENTITY[number]>;

function isAlike(one: SpeedIdentity, other: SpeedIdentity): boolean {
  return IDENTITY.every((field) => one[field] === other[field]);
}

/** Stored speeds; empty where the file does not exist or cannot be parsed. */
function speedsIn(file: string): MeasuredSpeed[] {
  try {
    const speeds = JSON.parse(readIfThere(file) ?? "[]");
    return Array.isArray(speeds) ? speeds.filter(({ training }) => training > 0) : [];
  } catch {
    return [];
  }
}
