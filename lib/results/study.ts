/** A study: everything that decides what the runs of an experiment measure, and where they are. */
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { Context } from "../experiment.ts";
import type { Setup } from "../setup.ts";
import type { Store } from "../store/mod.ts";
import type { TestScore } from "./submission.ts";

/** A store of runs, and what decides their numbers. */
export interface Study<Data = DatasetDescription> {
  readonly setup: Setup;
  /** The paper's own setup, from which departures are counted. */
  readonly paper: Setup;
  /** The data set: described, or opened with its images. */
  readonly dataset: Data;
  readonly store: Store;
  /** What runs depend on besides themselves, one for each seed. */
  readonly contexts: readonly Context[];
  /** Scores that the test server returned; none if absent. */
  readonly testScores?: readonly TestScore[];
}
