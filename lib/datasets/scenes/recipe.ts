/**
 * What a scenes data set is made of: its classes, its sizes, and how hard it is.
 *
 * @module
 */
import type { Scenes } from "../../setup.ts";

/** Raised with every change that alters a pixel, so that old pictures are not used as new. */
export const VERSION = 1;

/**
 * The classes, easiest to tell apart first; a data set of n classes has the first n. Names are
 * those of the emoji, and all six sets of artwork have each of them.
 */
export const CLASSES: readonly string[] = [
  ..."cat-face dog-face fox rabbit-face panda".split(" "),
  ..."red-apple strawberry lemon pineapple tomato".split(" "),
  ..."bus automobile bicycle helicopter sailboat".split(" "),
  ..."guitar umbrella camera alarm-clock wrapped-gift".split(" "),
  ..."bear lion pig-face frog owl penguin turtle fish butterfly snail".split(" "),
  ..."cherries grapes banana carrot hamburger pizza ice-cream doughnut hot-beverage".split(" "),
  ..."rocket tractor locomotive trumpet scissors key sunglasses top-hat running-shoe".split(" "),
  ..."mushroom cactus sunflower".split(" "),
];

/** Smaller side of every picture, pixels. */
export const SIDE = 128;

/** Larger sides. All are multiples of 16, so that scales which are multiples of 8 give whole sides. */
export const LONGER_SIDES = [128, 144, 160, 176, 192] as const;

/** Share of the pictures that stand upright. */
export const PORTRAIT = 0.3;

/** How hard the pictures are, measured so that small nets learn them in minutes. */
export const DIFFICULTY = {
  /** Size of the object as a share of the smaller side. */
  object: [0.45, 1],
  /** Most degrees that the object is turned, either way. */
  turn: 15,
  /** Most degrees that the object's hues are turned, either way. */
  hue: 15,
  /** Most things in a picture that belong to no class. */
  distractors: 2,
  /** Size of a distractor as a share of the smaller side. */
  distractor: [0.15, 0.5],
  /** Most noise, in grey levels of 255. */
  noise: 4,
} as const;

/** Designs of each class. */
export const DESIGNS = 6;

/**
 * The most pictures of a class in a split. All of them show its six designs, and their files are
 * numbered with five digits.
 */
export const MOST_PER_CLASS = 100_000;

/** Which pictures: how many classes, how many of each split, drawn from which seed. */
export type Recipe = Required<Scenes>;
