/** How fast this machine trains and tests a setup's net D, by the graphs of real runs. */
import { sharesOf } from "../executors/local/scheduler.ts";
import {
  chooseDevice,
  type Device,
  type DeviceName,
  deviceOf,
  nameOfDevice,
} from "../system/device.ts";
import type { Setup } from "../setup.ts";
import { cores } from "../system/machine.ts";
import type { MeasuredSpeed } from "../estimates/speed.ts";
import { loadAddon } from "../tensorflow/addon.ts";
import { countMultiplyAdds, layersOf, netShapeOf } from "../vgg/configs.ts";
import { imagesAtOnce } from "../vgg/batches.ts";
import { pixels } from "../vgg/images.ts";
import type { EvaluationCase, TrainingCase } from "./cases.ts";
import { type Contestant, together } from "./contestant.ts";
import { startOurs } from "./mod.ts";
import { median, race } from "./race.ts";

/** Images of a step at most: so many that a step takes seconds even of full nets on few cores. */
const IMAGES = 8;
/** The paper's smallest test scale, and the aspect of most photographs. */
const [Q, ASPECT] = [256, 4 / 3];

/** What is measured beside its numbers. */
export interface SpeedOptions {
  readonly classes: number;
  /** Runs side by side. */
  readonly runs: number;
  /** What to compute on; a GPU where there is one if absent. */
  readonly device?: DeviceName;
}

/**
 * Measures a setup's net D in its precision, as many runs side by side as the setup has.
 *
 * @throws {UserError} There is no such device.
 */
export async function measureSpeed(setup: Setup, options: SpeedOptions): Promise<MeasuredSpeed> {
  const { classes, runs } = options;
  const { crop, width, fc, precision } = setup.train;
  const device = await deviceFor(options.device);
  const { towers, ...threads } = sharesOf(cores(), runs);
  const members: Contestant[] = [];
  const [load = 0] = Deno.loadavg();
  try {
    while (members.length < runs) members.push(await startOurs(threads));
    const team = together(members as [Contestant, ...Contestant[]]);
    const layers = layersOf("D", netShapeOf(setup.train, classes));
    const net = { config: "D", setup: setup.train, classes, layers } as const;

    const batch = Math.min(IMAGES, setup.train.batch);
    const training: TrainingCase = {
      ...{ ...net, kind: "training", name: "speed of training", batch, peers: [] },
      ...{ setup: { ...setup.train, batch }, crops: "fed" },
      // as a worker has it: a GPU shares its own work out
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
      training: runs * batch / await stepOf(team, training),
      testing: runs * testing.batch / await stepOf(team, testing),
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
    };
  } finally {
    for (const member of members) await member.stop();
  }
}

/** Leaves one device to the programs that are started, and finds out what TensorFlow takes it for. */
async function deviceFor(name: DeviceName | undefined): Promise<Device> {
  chooseDevice(name);
  const binding = await loadAddon(name === undefined ? {} : { device: name });
  return deviceOf(binding.isUsingGpuDevice());
}

/** Seconds that a step takes: the median over some turns. */
async function stepOf(team: Contestant, what: TrainingCase | EvaluationCase): Promise<number> {
  await team.build(what);
  const [times = []] = await race([team], { rounds: 5, turn: 1 });
  return median(times);
}
