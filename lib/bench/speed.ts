/** Measures how fast this machine trains and tests a setup's net D, with the graphs of real runs. */
import { sharesOf } from "../executors/local/scheduler.ts";
import {
  chooseDevice,
  type Device,
  type DeviceName,
  deviceOf,
  gpuHasBfloat16,
  gpuNumbers,
  nameOfDevice,
} from "../system/device.ts";
import { UserError } from "../errors.ts";
import type { Setup } from "../setup.ts";
import { cores } from "../system/machine.ts";
import { busyCores, hasBfloat16 } from "../system/processor.ts";
import type { MeasuredSpeed } from "../estimates/speed.ts";
import { loadAddon } from "../tensorflow/addon.ts";
import { countMultiplyAdds, layersOf, netShapeOf } from "../vgg/configs.ts";
import { imagesAtOnce } from "../vgg/batches.ts";
import { pixels } from "../vgg/images.ts";
import type { EvaluationCase, TrainingCase } from "./cases.ts";
import { type Contestant, together } from "./contestant.ts";
import { startOurs } from "./mod.ts";
import { median, race, type RaceOptions } from "./race.ts";

/** Most multiply-adds in a step's forward pass: 8 crops of the paper's net D. */
const STEP = 8 * 15.5e9;
/** The paper's smallest test scale, and the aspect ratio of most photographs. */
const [Q, ASPECT] = [256, 4 / 3];

/** Conditions of the measurement. */
export interface SpeedOptions {
  readonly classes: number;
  /** Runs in parallel. */
  readonly runs: number;
  /** The device that the contestants compute on, which `chooseDevice` has made visible. */
  readonly device: Device;
  /** Length of the measurement of each kind of step. */
  readonly race: RaceOptions;
}

/**
 * Measures a setup's net D in its precision, with `runs` runs in parallel.
 *
 * @throws {UserError} There is no such device.
 */
export async function measureSpeed(setup: Setup, options: SpeedOptions): Promise<MeasuredSpeed> {
  const { classes, runs, device } = options;
  const { crop, width, fc, precision } = setup.train;
  const { towers, ...threads } = sharesOf(cores(), runs);
  const members: Contestant[] = [];
  const load = await busyCores();
  try {
    while (members.length < runs) members.push(await startOurs(threads));
    const team = together(members as [Contestant, ...Contestant[]]);
    const layers = layersOf("D", netShapeOf(setup.train, classes));
    const net = { config: "D", setup: setup.train, classes, layers } as const;

    const most = Math.floor(STEP / countMultiplyAdds(layers, crop));
    const batch = Math.max(1, Math.min(most, setup.train.batch));
    const training: TrainingCase = {
      ...{ ...net, kind: "training", name: "speed of training", batch, peers: [] },
      ...{ setup: { ...setup.train, batch }, crops: "fed" },
      // as in a worker: a GPU parallelises its own work
      towers: device.kind === "gpu" ? 1 : towers,
    };
    const side = pixels(Q, crop);
    const across = Math.round(ASPECT * side);
    const testing: EvaluationCase = {
      ...{ ...net, kind: "evaluation", name: "speed of testing", peers: [] },
      ...{ method: "dense", looks: 1, height: side, width: across },
      batch: imagesAtOnce({ method: "dense", side, crop }),
    };
    const images = {
      training: runs * batch / await stepOf(team, training, options.race),
      testing: runs * testing.batch / await stepOf(team, testing, options.race),
    };
    return {
      ...{
        host: Deno.hostname(),
        device: nameOfDevice(device),
        precision,
        crop,
        width,
        fc,
        images,
      },
      // forward and backward; upright and mirrored
      training: images.training * 3 * countMultiplyAdds(layers, crop),
      testing: images.testing * 2 * countMultiplyAdds(layers, side, across),
      ...{ load, measured: new Date().toISOString() },
      bfloat16: device.kind === "cpu" ? hasBfloat16() : !device.gpu || gpuHasBfloat16(device.gpu),
    };
  } finally {
    for (const member of members) await member.stop();
  }
}

/**
 * Makes one device visible to the contestants.
 *
 * @returns the device that TensorFlow finds
 * @throws {UserError} Several are named.
 */
export async function deviceFor(name: DeviceName | undefined): Promise<Device> {
  if (name !== undefined && gpuNumbers(name).length > 1) {
    throw new UserError(
      `Cannot measure "${name}": one device is measured at a time; name one, as in --device gpu:0`,
    );
  }
  chooseDevice(name);
  const binding = await loadAddon(name === undefined ? {} : { device: name });
  return deviceOf(binding.isUsingGpuDevice());
}

/** Seconds a step: the median over some turns. */
async function stepOf(
  team: Contestant,
  what: TrainingCase | EvaluationCase,
  options: RaceOptions,
): Promise<number> {
  await team.build(what);
  const [times = []] = await race([team], options);
  return median(times);
}
