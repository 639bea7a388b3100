/** What tables, studies and claims in files may have, for both checks of their shape. */
import type { Heading, Inherited } from "../experiment.ts";

/** A name after which files are named. */
export const WORD = /^\w[\w-]*$/;

/** The name of a net. */
export const NET_NAME = /^\w[\w.-]*$/;

/** The greatest side of a kernel. */
export const MOST_SIDE = 15;

/** The most hidden fully-connected layers; the last, to the classes, is not named. */
export const MOST_HIDDEN = 2;

/** The most seeds of a study. */
export const MOST_SEEDS = 10_000;

/** The type makes each list complete. */
const HEADING: Readonly<Record<Heading, true>> = {
  ...{ config: true, S: true, Q: true, method: true, nets: true, title: true },
};
const LAYERS: Readonly<Record<Extract<Inherited, string>, true>> = {
  ...{ all: true, deepen: true, perturb: true, transfer: true },
};

/** Columns that identify a row. */
export const HEADINGS = Object.keys(HEADING) as Heading[];

/** Words for inherited layers. */
export const INHERITED = Object.keys(LAYERS) as Extract<Inherited, string>[];
