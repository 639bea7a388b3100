/**
 * The paper's conclusions: its own sentences, each with the rows whose errors it is about. A claim
 * is that the first row of each pair has a lower error than the second, or no lower or higher one,
 * or the same.
 *
 * `deno task claims` says which of them hold where you measure.
 */
import type { Claim, RowPair } from "../lib/results/claims.ts";
import {
  type ConfigName,
  formatS,
  type Row,
  type Table,
  type TrainScale,
} from "../lib/experiment.ts";
import filterSize from "./filter_size.ts";
import { JITTERED } from "./protocol.ts";
import initialisation, { trainedAgain } from "./initialisation.ts";
import table3 from "./table3.ts";
import table4 from "./table4.ts";
import table5 from "./table5.ts";
import table6 from "./table6.ts";

/** The row of a table, among those of one net each, that has this one. */
const rowOf = ({ rows }: Table) => (config: ConfigName, S: TrainScale): Row =>
  rows.find(({ evaluations: [first] }) =>
    first?.net.config === config && formatS(first.net.S) === formatS(S)
  )!;
const atOneScale = rowOf(table3);
const atThreeScales = rowOf(table4);

/** The rows of one net, or of two, by method. */
function byMethod([dense, multiCrop, both]: readonly Row[]) {
  return { dense: dense!, multiCrop: multiCrop!, both: both! };
}
const D = byMethod(table5.rows.slice(0, 3));
const E = byMethod(table5.rows.slice(3));
const [submission, ...twoNets] = table6.rows as [Row, ...Row[]];
const DandE = byMethod(twoNets);

const [B, shallow, shallowAgain] = filterSize.rows as [Row, Row, Row];
/** The row of the initialisation table by its two headings. */
function started(config: ConfigName, title: string): Row {
  return initialisation.rows.find((row) =>
    row.title === title && row.evaluations[0]?.net.config === config
  )!;
}

const pair = (first: Row, second: Row): RowPair => ({ first, second });

const SCALES: readonly TrainScale[] = [256, 384, JITTERED];

export default [
  {
    name: "lrn",
    section: "4.1",
    sentence:
      "using local response normalisation (A-LRN network) does not improve on the model A " +
      "without any normalisation layers",
    relation: "no lower",
    pairs: [pair(atOneScale("A-LRN", 256), atOneScale("A", 256))],
    varies: ["config"],
  },
  {
    name: "depth",
    section: "4.1",
    sentence:
      "the classification error decreases with the increased ConvNet depth: from 11 layers " +
      "in A to 19 layers in E",
    reading:
      "B has 13 layers, C and D have 16; A alone starts from random weights. So the deeper " +
      "nets are compared with a net A that starts from net A, too.",
    relation: "lower",
    pairs: [
      ...([["B", "A"], ["C", "B"], ["D", "B"], ["E", "A"]] as const).map(([deeper, shallower]) =>
        pair(atOneScale(deeper, 256), atOneScale(shallower, 256))
      ),
      ...(["B", "D", "E"] as const).map((deeper): RowPair => ({
        ...pair(atOneScale(deeper, 256), trainedAgain),
        control: true,
      })),
    ],
    varies: ["config", "init"],
  },
  {
    name: "saturation",
    section: "4.1",
    sentence: "The error rate of our architecture saturates when the depth reaches 19 layers",
    relation: "equal",
    pairs: SCALES.map((S) => pair(atOneScale("E", S), atOneScale("D", S))),
    varies: ["config", "init"],
  },
  {
    name: "non-linearity",
    section: "4.1",
    sentence: "the additional non-linearity does help (C is better than B)",
    relation: "lower",
    pairs: [pair(atOneScale("C", 256), atOneScale("B", 256))],
    varies: ["config"],
  },
  {
    name: "context",
    section: "4.1",
    sentence: "it is also important to capture spatial context by using conv. filters with " +
      "non-trivial receptive fields (D is better than C)",
    relation: "lower",
    pairs: SCALES.map((S) => pair(atOneScale("D", S), atOneScale("C", S))),
    varies: ["config", "init"],
  },
  {
    name: "small-filters",
    section: "4.1",
    sentence: "The top-1 error of the shallow net [five 5x5 conv. layers] was measured to be 7% " +
      "higher than that of B (on a center crop), which confirms that a deep net with small filters " +
      "outperforms a shallow net with larger filters",
    reading:
      "7 points. The paper does not say how the shallow net was initialised; here at random. B " +
      "starts from net A, so it is compared with a shallow net that was trained again, too.",
    relation: "lower",
    pairs: [
      { ...pair(B, shallow), published: -7 },
      { ...pair(B, shallowAgain), control: true },
    ],
    varies: ["config", "init"],
  },
  {
    name: "train-jitter",
    section: "4.1",
    sentence: "scale jittering at training time (S ∈ [256; 512]) leads to significantly better " +
      "results than training on images with fixed smallest side (S = 256 or S = 384), even though " +
      "a single scale is used at test time",
    relation: "lower",
    pairs: (["C", "D", "E"] as const).flatMap((config) =>
      [256, 384].map((S) => pair(atOneScale(config, JITTERED), atOneScale(config, S)))
    ),
    varies: ["S", "Q", "init"],
  },
  {
    name: "test-jitter",
    section: "4.2",
    sentence:
      "scale jittering at test time leads to better performance (as compared to evaluating " +
      "the same model at a single scale, shown in Table 3)",
    relation: "lower",
    pairs: [
      pair(atThreeScales("B", 256), atOneScale("B", 256)),
      ...(["C", "D", "E"] as const).flatMap((config) =>
        SCALES.map((S) => pair(atThreeScales(config, S), atOneScale(config, S)))
      ),
    ],
    varies: ["Q"],
  },
  {
    name: "multi-crop",
    section: "4.3",
    sentence: "using multiple crops performs slightly better than dense evaluation",
    relation: "lower",
    pairs: [D, E].map(({ multiCrop, dense }) => pair(multiCrop, dense)),
    varies: ["methods"],
  },
  {
    name: "complementary",
    section: "4.3",
    sentence: "the two approaches [multi-crop and dense] are indeed complementary, as their " +
      "combination outperforms each of them",
    relation: "lower",
    pairs: [D, E].flatMap(({ dense, multiCrop, both }) => [
      pair(both, dense),
      pair(both, multiCrop),
    ]),
    varies: ["methods"],
  },
  {
    name: "fusion",
    section: "4.4",
    sentence: "[averaging the posteriors of several models] improves the performance due to " +
      "complementarity of the models",
    reading: "D and E together are better than each alone, so than the best of them.",
    relation: "lower",
    pairs: (["dense", "multiCrop", "both"] as const).flatMap((method) =>
      [D, E].map((alone) => pair(DandE[method], alone[method]))
    ),
    varies: ["config", "init"],
  },
  {
    name: "two-best",
    section: "4.4",
    sentence: "an ensemble of only two best-performing multi-scale models (configurations D and " +
      "E), which reduced the test error to 7.0% [from 7.3% of the submission's seven]",
    reading: "Top-1 error on the validation split; both dense.",
    relation: "lower",
    pairs: [pair(DandE.dense, submission)],
    varies: ["config", "init", "update", "S", "Q"],
  },
  {
    name: "random-start",
    section: "3.1",
    sentence: "it is possible to initialise the weights without pre-training by using the random " +
      "initialisation procedure of Glorot & Bengio",
    reading:
      "No worse than from seven layers of net A. Random kernels are the setup's: --set kernels=glorot for " +
      "the paper's.",
    relation: "no higher",
    pairs: (["B", "D"] as const).map((config) =>
      pair(started(config, "from random weights"), started(config, "from net A, 7 layers"))
    ),
    varies: ["init"],
  },
] satisfies readonly Claim[];
