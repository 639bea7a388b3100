/** The setups: the paper's own, two for a machine without ImageNet, one for a minute, two for CIFAR. */
import {
  INTERPRETATIONS,
  type Schedule,
  type Setup,
  type TrainSetup,
  TRANSFER,
} from "../lib/setup.ts";

/** 74 epochs of ILSVRC-2012's 1,281,167 training images: the paper's 370,000 iterations (3.1). */
const EPOCHS_74 = 74 * 1_281_167;

/** Section 3.1: the rate falls by ten when validation accuracy stops improving, three times. */
const untilPlateau = (learningRate: number): Schedule => ({
  learningRate,
  images: EPOCHS_74,
  drops: { rule: "plateau", patience: 5, times: 3 },
});

/** The paper to the letter; where it is silent, an interpretation of docs/reference/interpretations.md. */
export const paper: Setup = {
  name: "paper",
  note: "the paper's own protocol",
  dataset: "ilsvrc2012",
  train: {
    crop: 224,
    width: 1,
    fc: 4096,
    batch: 256,
    momentum: 0.9,
    weightDecay: 5e-4,
    dropout: 0.5,
    kernels: "gaussian-0.01",
    biases: { rate: 2, decay: 0 },
    inputScale: 1,
    rgbShift: { sigma: 0.1, by: "root" },
    jitterStep: 1,
    schedules: {
      first: untilPlateau(1e-2),
      finer: untilPlateau(1e-3),
      jittered: untilPlateau(1e-3),
    },
    validations: 74,
    ...INTERPRETATIONS.train,
    ...TRANSFER,
    precision: "float32",
  },
  evaluate: { scoreMap: "average-then-softmax", ...INTERPRETATIONS.evaluate },
  sideBySide: 1,
};

/** Fixed drops, because a few minutes are too short to wait for plateaus. */
const fixedDrops = (learningRate: number, images: number): Schedule => ({
  learningRate,
  images,
  warmup: 0.05,
  drops: { rule: "steps", at: [0.7, 0.9] },
});

/** Schedules with a number of images in a training; half of it where it goes on from S = 256. */
const fixedSchedules = (images: number): TrainSetup["schedules"] => ({
  first: fixedDrops(5e-3, images),
  finer: fixedDrops(5e-4, images / 2),
  jittered: fixedDrops(5e-3, images),
});

/** A rate that falls in a straight line. */
const linear = (learningRate: number, images: number): Schedule => ({
  learningRate,
  images,
  warmup: 0.05,
  drops: { rule: "linear" },
});

/** What nets learn by in minutes; docs/explanation/small.md says how it was found. */
const inMinutes = {
  ...paper.train,
  fc: 512,
  batch: 16,
  dropout: 0.1,
  kernels: "he",
  inputScale: 1 / 64,
  jitterStep: 64,
  validations: 5,
} satisfies TrainSetup;

/**
 * Sides divided by eight, channels by four, on pictures that the project makes itself. Few pictures,
 * seen often: then all nets fit, and depth shows in how they generalise. Deeper nets start as net A
 * with layers inserted, as seven layers of it alone would take longer to train. How its fields were
 * chosen is in docs/explanation/small.md.
 */
export const small: Setup = {
  ...paper,
  name: "small",
  note: "a scaled-down setup: not ImageNet, not the paper's nets",
  dataset: "scenes",
  scenes: { classes: 20, train: 1_000, val: 10_000, seed: 0 },
  train: {
    ...inMinutes,
    crop: 28,
    width: 1 / 4,
    schedules: {
      first: linear(5e-3, 80_000),
      finer: linear(2.5e-3, 40_000),
      jittered: linear(5e-3, 80_000),
    },
    validationImages: 1000,
    transfer: "deepen",
  },
  sideBySide: "cores",
};

/**
 * Between small and paper: trainings that are long enough for deep nets, and enough images to tell
 * what they are worth. How its fields were chosen is in docs/explanation/medium.md.
 */
export const medium: Setup = {
  ...small,
  name: "medium",
  scenes: { classes: 20, train: 20_000, val: 10_000, seed: 0 },
  train: {
    ...inMinutes,
    crop: 28,
    width: 1 / 4,
    batch: 32,
    schedules: fixedSchedules(500_000),
    validationImages: 2000,
  },
};

/** Everything divided by eight: a minute's test of all parts; its errors mean nothing. */
export const smoke: Setup = {
  ...small,
  name: "smoke",
  note: "a smoke test: errors near chance mean nothing",
  scenes: { classes: 5, train: 800, val: 200, seed: 0 },
  train: {
    ...inMinutes,
    crop: 28,
    width: 1 / 16,
    fc: 64,
    schedules: fixedSchedules(4_800),
    validations: 3,
    validationImages: 100,
  },
};

/** 200 epochs of CIFAR's 50,000 training images. */
const EPOCHS_200 = 200 * 50_000;

/**
 * The paper's convolutions on CIFAR's pictures of 32 pixels, for a machine with a GPU. Sides are divided
 * by eight, so that S = 256 is a picture's own size and needs no rescaling. Rate, batch, length, size
 * of fc6 and fc7 and He's initialisation are those of published nets without batch normalisation
 * (docs/how-to/cifar.md); the finer schedules have a tenth of the rate, as the paper's.
 */
const onCifar = (name: "cifar10" | "cifar100", title: string): Setup => ({
  ...paper,
  name,
  note: `the paper's convolutions on ${title}, sides divided by eight: not ImageNet`,
  dataset: name,
  train: {
    ...paper.train,
    crop: 28,
    fc: 512,
    batch: 128,
    kernels: "he",
    inputScale: 1 / 64,
    jitterStep: 64,
    schedules: {
      first: linear(5e-2, EPOCHS_200),
      finer: linear(5e-3, EPOCHS_200 / 2),
      jittered: linear(5e-3, EPOCHS_200),
    },
    validations: 20,
    validationImages: 2000,
  },
});

export const cifar10: Setup = onCifar("cifar10", "CIFAR-10");
export const cifar100: Setup = onCifar("cifar100", "CIFAR-100");
