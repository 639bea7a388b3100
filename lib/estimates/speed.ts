/**
 * Measured speeds of this machine's processor and GPUs. The installation measures them, and
 * `deno task doctor speed`; they are kept in the user's cache, and `deno task plan` reads them.
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
  /** Cores that other programs kept busy when the measurement began. */
  readonly load: number;
  /** Whether the device has instructions for bfloat16. */
  readonly bfloat16: boolean;
  /** ISO 8601, UTC. */
  readonly measured: string;
}

/**
 * Multiply-adds per second and core in float32, measured on cores with AVX-512 (Zen 4): 33e9 for the
 * nets of the small setup and 50e9 for the paper's, where net D trained on 2.1 crops per second on
 * two cores. Other processors may be several times slower or faster.
 */
const SPEED = { narrow: 33e9, full: 50e9 };

/** What a core does of nets with so large a share of the paper's channels. */
export function speedAt(width: number): number {
  return SPEED.narrow + (SPEED.full - SPEED.narrow) * width;
}

/** How many times as long bfloat16 takes on a processor without instructions for it: 7 to 18. */
const BFLOAT16_SLOWNESS = 12;

/** Cores that other programs kept busy, above which a measurement is rough. */
export const BUSY = 0.5;

const fileOf = () => join(cacheFolder(), "speeds.json");

/** What is expected of a setup's nets on a device, by what was measured there. */
export interface SpeedEstimate extends Pick<MeasuredSpeed, "training" | "testing"> {
  readonly measured: MeasuredSpeed;
  /** Whether these nets were measured, in this precision, rather than others. */
  readonly isOwn: boolean;
}

/**
 * What was measured on a device of this machine of a setup's nets; else what follows for them from a
 * measurement of other ones. Undefined where nothing was measured there.
 */
export function estimateSpeed(
  train: MeasuredFields,
  { device, file = fileOf() }: { readonly device: Device; readonly file?: string },
): SpeedEstimate | undefined {
  const speeds = speedsIn(file);
  const here = identityOf(train, device);
  const own = speeds.findLast((speed) => isAlike(speed, here));
  if (own !== undefined) {
    return { training: own.training, testing: own.testing, measured: own, isOwn: true };
  }
  const [nearest] = speeds
    .filter(({ host, device }) => host === here.host && device === here.device)
    .sort((one, other) => distance(one, train) - distance(other, train));
  if (nearest === undefined) return undefined;
  const isSlow = train.precision === "bfloat16" && nearest.precision === "float32" &&
    !nearest.bfloat16;
  const factor = speedAt(train.width) / speedAt(nearest.width) /
    (isSlow ? BFLOAT16_SLOWNESS : 1);
  return {
    training: factor * nearest.training,
    testing: factor * nearest.testing,
    measured: nearest,
    isOwn: false,
  };
}

/** How unlike the measured nets are to others: in precision first, then in width. */
function distance(
  one: Pick<MeasuredSpeed, "width" | "precision">,
  other: Pick<TrainSetup, "width" | "precision">,
): number {
  return (one.precision === other.precision ? 0 : 100) +
    Math.abs(Math.log(one.width / other.width));
}

/** The measured speed of a setup's nets on a device of this machine; undefined if not measured. */
export function speedFor(
  train: MeasuredFields,
  { device, file = fileOf() }: { readonly device: Device; readonly file?: string },
): MeasuredSpeed | undefined {
  const here = identityOf(train, device);
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

/** Fields of a setup that its nets' speed is measured by. */
type MeasuredFields = Pick<TrainSetup, "crop" | "width" | "fc" | "precision">;

/** What identifies the speed of a setup's nets on a device of this machine. */
function identityOf(
  { crop, width, fc, precision }: MeasuredFields,
  device: Device,
): SpeedIdentity {
  return {
    ...{ host: Deno.hostname(), device: nameOfDevice(device) },
    ...{ crop, width, fc, precision },
  };
}

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
