/** Results of the rows of a table, with their protocols. */
import type { Errors, Method, Row, Table, TrainScale } from "../experiment.ts";
import type { Difference } from "./paired_difference.ts";
import type { Scores } from "../score.ts";
import type { Setup } from "../setup.ts";
import type { Interval, Status } from "../statistics/mod.ts";

/** Data, setup and method of a number; numbers of different protocols are not comparable. */
export interface Protocol {
  /** Name of the setup, with its changes. */
  readonly setup: string;
  /** Name of the data set. */
  readonly dataset: string;
  /** Images that are tested. */
  readonly split: "val" | "test";
  /** Their number. */
  readonly images: number;
  /** Number of classes. */
  readonly classes: number;
  /** Training scales. */
  readonly S: readonly TrainScale[];
  /** Test scales. */
  readonly Q: readonly number[];
  /** How images are looked at. */
  readonly methods: readonly Method[];
  /** Whether mirror images are averaged in. */
  readonly flips: boolean;
}

/** A field of a setup or its data that differs from the paper. */
export interface Departure {
  /** As in `crop`, or `schedules.first.images`. */
  readonly field: string;
  /** Its value in the paper. */
  readonly paper: string;
  /** Its value here. */
  readonly here: string;
}

/** Comparison of a measured number with the published one, with a reason as a sentence. */
export interface Comparison {
  /** What the numbers say, or why they are not compared. */
  readonly status: Status | "protocol differs" | "left out";
  /** One sentence. */
  readonly reason: string;
}

/** An interval for each error, in per cent. */
export type ErrorIntervals = { readonly [Kind in keyof Errors]: Interval };

/** Result of a row of a table. */
export interface RowResult {
  /** The row of the table. */
  readonly row: Row;
  /** Data, setup and method of its numbers. */
  readonly protocol: Protocol;
  /** Mean over the seeds; absent while a run of the row is not done. */
  readonly measured?: Errors;
  /** Wilson's 95 % intervals of `measured`, in per cent. */
  readonly intervals?: ErrorIntervals;
  /** Errors of each seed; one for nets that were all trained elsewhere, as a seed decides nothing of them. */
  readonly seeds: readonly Errors[];
  /** Scores of the images, one for each seed. */
  readonly scores: readonly Scores[];
  /** Keys of the row's evaluations, seed by seed. */
  readonly runs: readonly string[];
  /** Comparison with the published top-1 error, or the reason why the row is left out. */
  readonly comparison?: Comparison;
  /** Set if the row is left out because a disk withholds one of its files, which may be whole. */
  readonly isUnreadable?: true;
  /** Set if the row is left out because its numbers mean nothing, as of a net at chance. */
  readonly isMeaningless?: true;
  /** Its top-1 error - that of the table's baseline; absent in the baseline itself. */
  readonly difference?: Difference;
  /** The p-value of this difference, corrected for all rows that are compared (Holm). */
  readonly pHolm?: number;
  /** Rows without a common letter differ significantly. */
  readonly letters?: string;
  /** Top-5 error on test images as the test server reported it, in per cent, with its protocol. */
  readonly tested?: { readonly top5: number; readonly protocol: Protocol };
  /** Remarks on its nets, as sentences. */
  readonly remarks?: readonly string[];
}

/** How many comparisons p-values were corrected for. */
export interface Comparisons {
  /** Whether the reference was chosen for its error on these same images. */
  readonly isBest: boolean;
  /** Rows that are compared with the reference. */
  readonly withReference: number;
  /** Pairs of rows behind the letters; absent if there are too many rows for letters. */
  readonly pairs?: number;
}

/** Results of a table. */
export interface TableResult {
  /** The table. */
  readonly table: Table;
  /** How its nets were trained and tested. */
  readonly setup: Setup;
  /** The images that they were tested on. */
  readonly dataset: { readonly name: string; readonly classes: number; readonly images: number };
  /** Departures of all its numbers from the paper's protocol. */
  readonly departures: readonly Departure[];
  /** Why its data is probably not what it is taken for, as sentences; absent where nothing is known. */
  readonly doubts?: readonly string[];
  /** In the table's order. */
  readonly rows: readonly RowResult[];
  /** Absent unless the command line asks for a comparison with corrected p-values. */
  readonly comparisons?: Comparisons;
}
