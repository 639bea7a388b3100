/** What was measured for the rows of a table, and under which protocol. */

import type { Errors, Method, Row, Table, TrainScale } from "../experiment.ts";
import type { Scores } from "../score.ts";
import type { Setup } from "../setup.ts";
import type { Interval, Status } from "../statistics/mod.ts";

/** What a number was measured on and how; numbers of different protocols are not comparable. */
export interface Protocol {
  readonly setup: string;
  readonly dataset: string;
  readonly split: "val" | "test";
  readonly images: number;
  readonly classes: number;
  readonly S: readonly TrainScale[];
  readonly Q: readonly number[];
  readonly methods: readonly Method[];
  readonly flips: boolean;
}

/** A field in which a setup, or its data, is not the paper's. */
export interface Departure {
  /** As in `crop`, or `schedules.first.images`. */
  readonly field: string;
  readonly paper: string;
  readonly here: string;
}

/** How a measured number compares with the published one, and why, in a sentence. */
export interface Comparison {
  readonly status: Status | "protocol differs" | "left out";
  readonly reason: string;
}

/** What a row of a table came to. */
export interface RowResult {
  readonly row: Row;
  readonly protocol: Protocol;
  /** Mean over the seeds; absent while a run that it needs is not done. */
  readonly measured?: Errors;
  /** Wilson's interval of `measured` for so many images, at 95 %, in per cent. */
  readonly intervals?: Readonly<Record<keyof Errors, Interval>>;
  /** Errors of each seed's own nets. */
  readonly seeds: readonly Errors[];
  /** What was said of each image, seed by seed. */
  readonly scores: readonly Scores[];
  /** Keys of the evaluations behind the row, seed by seed. */
  readonly runs: readonly string[];
  /** How it compares with the published top-1 error, or why it is left out. */
  readonly comparison?: Comparison;
  /** Top-5 error on test images as their server gave it, in per cent, under its own protocol. */
  readonly tested?: { readonly top5: number; readonly protocol: Protocol };
  /** What a reader has to know of its nets, in sentences. */
  readonly remarks?: readonly string[];
}

/** What a table came to. */
export interface TableResult {
  readonly table: Table;
  readonly setup: Setup;
  readonly dataset: { readonly name: string; readonly classes: number; readonly images: number };
  /** Where all of its numbers depart from the paper's protocol. */
  readonly departures: readonly Departure[];
  readonly rows: readonly RowResult[];
}
