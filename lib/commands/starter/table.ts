/** One question, as a table: do two 1x1 convolutions help net A? Replace it with yours. */
import {
  type Claim,
  evaluations,
  net,
  oneScale,
  ownNet,
  type Row,
  type Table,
  threeScales,
  type TrainRun,
} from "verydeep";

// A net of the paper: config A of Table 1, trained on images whose smallest side is S = 256.
const A = net("A", 256);

// A net of your own: lists of layers, with a max-pooling after each list; fc6 to fc8 follow. A number
// is the channels of a 3x3 convolution. It starts from all layers that it has in common with A.
const layers = {
  config: "A-1x1",
  blocks: [
    [64],
    [128],
    [256, 256],
    [512, 512, { size: 1, channels: 512 }],
    [512, 512, { size: 1, channels: 512 }],
  ],
};
const mine = ownNet(layers, 256, A);

// A control: net A, trained again as long as the new net, whose layers A has learnt already.
const again: TrainRun = { config: "A", S: 256, init: { from: A, layers: "all" } };

// A row is the mean posterior of its evaluations: of one net at one test scale Q, or at several.
const row = (title: string, run: TrainRun, Q: readonly number[]): Row => ({
  title,
  evaluations: evaluations(run, Q, "dense"),
});
const control = row("A, trained again", again, oneScale(256));
const atOne = row("A-1x1", mine, oneScale(256));
const atThree = row("A-1x1, three scales", mine, threeScales(256));

export default {
  name: "my-study",
  caption: "Net A with two more 1x1 convolutions",
  headings: ["title", "Q"],
  rows: [control, atOne, atThree],
  // columns after the headings; "published", "top5" and "testTop5" are left out here
  columns: ["top1", "difference", "p"],
  // the row, from 1, that the others are compared with
  baseline: 1,
} satisfies Table;

// What the table is to decide: deno task claims. Both rows of a pair may differ in nothing but `varies`.
export const claims: readonly Claim[] = [{
  name: "one-by-one",
  section: "mine",
  sentence: "two 1x1 convolutions lower the error of net A",
  relation: "lower",
  pairs: [{ first: atOne, second: control }],
  varies: ["config", "init"],
}];
