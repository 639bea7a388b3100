/**
 * What files of yours import: `import { net, evaluations, type Table } from "verydeep"`.
 *
 * A file with a table is run with `deno task table ./mine.ts`. All that is exported here is stable:
 * within a major version it keeps its names and meaning. Nothing here loads
 * TensorFlow before a run is carried out.
 *
 * ```ts
 * import { evaluations, net, oneScale, type Table, threeScales } from "verydeep";
 *
 * const A = net("A", 256);
 *
 * const table: Table = {
 *   name: "scales-of-a",
 *   caption: "Net A at one and at three test scales",
 *   headings: ["config", "S", "Q"],
 *   rows: [
 *     { evaluations: evaluations(A, oneScale(256), "dense") },
 *     { evaluations: evaluations(A, threeScales(256), "dense") },
 *   ],
 *   baseline: 1,
 * };
 * if (table.rows[1]!.evaluations.length !== 3) throw new Error("three scales");
 * ```
 *
 * @module
 */
import type { Table } from "./lib/experiment.ts";
import type { Claim } from "./lib/results/claims.ts";
import paperClaims from "./experiments/claims.ts";
import filterSizeTable from "./experiments/filter_size.ts";
import initialisationTable from "./experiments/initialisation.ts";
import paperTable3 from "./experiments/table3.ts";
import paperTable4 from "./experiments/table4.ts";
import paperTable5 from "./experiments/table5.ts";
import paperTable6 from "./experiments/table6.ts";
import paperTable7 from "./experiments/table7.ts";

// tables and their rows
export type {
  BlockLayer,
  Column,
  Combination,
  ConfigName,
  EvalRun,
  Heading,
  Inherited,
  Init,
  Method,
  NetLayers,
  Published,
  Row,
  RowSetup,
  Table,
  TrainRun,
  TrainScale,
} from "./lib/experiment.ts";

// nets and evaluations as the paper has them
export { COLUMNS, METHODS, PAPER_TRANSFER } from "./lib/experiment.ts";
export {
  evaluations,
  initFrom,
  JITTERED,
  net,
  oneScale,
  threeScales,
} from "./experiments/protocol.ts";

export { ownNet, type UnnamedLayers } from "./lib/tables/own_net.ts";

// grids of experiments
export {
  type FieldValue,
  type Grid,
  type GridStudy,
  type Scales,
  study,
} from "./lib/tables/study.ts";

// setups
export type {
  CropGrid,
  Drops,
  EvaluateSetup,
  KernelInit,
  MomentumForm,
  OddSides,
  Precision,
  ResizeFilter,
  Retry,
  Scenes,
  Schedule,
  Setup,
  TrainSetup,
  Transfer,
} from "./lib/setup.ts";
export { PRECISIONS } from "./lib/setup.ts";
export { medium, paper, small, smoke } from "./experiments/setups.ts";

// the commands as functions, for scripts and notebooks
export {
  evaluate,
  type Evaluated,
  formatted,
  type LibraryOptions,
  reproduce,
  score,
  type Scored,
  train,
  type TrainedNet,
} from "./lib/library/mod.ts";
export { FORMATS, type ReportFormat } from "./lib/report/formats.ts";

// layers of a net
export {
  type Conv,
  countParameters,
  type Layer,
  layersOf,
  type NetShape,
} from "./lib/vgg/configs.ts";

// claims about rows
export type { Claim, Relation, RowPair } from "./lib/results/claims.ts";
export type { Field } from "./lib/results/protocol.ts";
export type {
  Comparison,
  Comparisons,
  Departure,
  ErrorIntervals,
  Protocol,
  RowResult,
  TableResult,
} from "./lib/results/row_result.ts";

// scoring
export type { Errors } from "./lib/experiment.ts";
export { errorsOf, inMemory, type Posteriors, scored, type Scores } from "./lib/score.ts";
export { type Difference, differenceOf, type Ranks } from "./lib/results/paired_difference.ts";
export { type Interval, type Pairs, type Status, wilson } from "./lib/statistics/mod.ts";
export { UserError } from "./lib/errors.ts";

/** The paper's Table 3: a single test scale. */
export const table3: Table = paperTable3;
/** The paper's Table 4: three test scales. */
export const table4: Table = paperTable4;
/** The paper's Table 5: dense and multi-crop evaluation. */
export const table5: Table = paperTable5;
/** The paper's Table 6: several nets together. */
export const table6: Table = paperTable6;
/** The paper's Table 7: rows of Tables 5 and 6 beside the results of others. */
export const table7: Table = paperTable7;
/** Section 4.1: two 3x3 convolutions or one of 5x5. */
export const filterSize: Table = filterSizeTable;
/** Section 3.1: pre-initialisation or random weights, and controls. */
export const initialisation: Table = initialisationTable;
/** The paper's conclusions, sentence by sentence. */
export const claims: readonly Claim[] = paperClaims;
