/**
 * The vocabulary of the paper's experiments: what is trained, how it is evaluated, which rows a
 * table has, and under which setup. Values only; nothing here runs.
 *
 * Training scale S and test scale Q are the smallest side of a rescaled image in *the paper's*
 * pixels (its crop is 224 wide) wherever they appear; `vgg/images.ts` alone converts them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Scores } from "./score.ts";
import type { Interval, Status } from "./statistics/mod.ts";

/** A column of Table 1, or the shallow net that Section 4.1 compares B with. */
export type ConfigName = "A" | "A-LRN" | "B" | "C" | "D" | "E" | "B-5x5";

/** Training scale S (Section 3.1): fixed, or drawn for each image from `[min, max]` (jittering). */
export type TrainScale = number | readonly [min: number, max: number];

/** Weights to start from: all random, or some layers of an earlier run, copied by name. */
export type Init = "random" | {
  readonly from: TrainRun;
  /** Layers that are copied; the others are drawn at random. */
  readonly layers: "all" | readonly string[];
} | {
  /** SHA-256 digest of a file of weights made elsewhere: there is nothing left to train. */
  readonly weights: string;
  /** Whose layout the file has; ours if absent. */
  readonly layout?: "keras" | "torchvision";
  /** Mean colour that its net's input is freed of, 0-255; the data set's if absent. */
  readonly mean?: readonly number[];
};

/** One network to train. The runs it starts from are inside it. */
export interface TrainRun {
  readonly config: ConfigName;
  readonly S: TrainScale;
  readonly init: Init;
  /** Layers that learn: `"all"` (default), or the fully-connected ones only (Section 4.4). */
  readonly update?: "all" | "fc";
}

/**
 * How a network looks at a test image (Section 3.2): at all of it; at a regular grid of 5 by 5 crops;
 * or at one crop from its middle, as most other work does.
 */
export type Method = typeof METHODS[number];

/** Every method, the paper's first. */
export const METHODS = ["dense", "multi-crop", "centre-crop"] as const;

/** Whether a method averages in the posteriors of the mirror image. */
export function looksAtMirror(
  method: Method,
  { centreCrop = READINGS.evaluate.centreCrop }: Pick<EvaluateSetup, "centreCrop">,
): boolean {
  return method !== "centre-crop" || centreCrop === "mirrored";
}

/** One network at one test scale: yields a class posterior for each image. */
export interface EvalRun {
  readonly net: TrainRun;
  /** Test scale. */
  readonly Q: number;
  readonly method: Method;
  /** Fingerprint of the test images, where it looks at these and not at validation images. */
  readonly test?: string;
}

/** A run of either kind. */
export type Run = TrainRun | EvalRun;

/** Errors in per cent, as the paper prints them. */
export interface Errors {
  readonly top1: number;
  readonly top5: number;
}

/** What the paper printed in a row; a number that it does not give is absent. */
export interface Published {
  readonly top1?: number;
  readonly top5?: number;
  /** Top-5 error on the test split; `"merged"` where the paper has one cell for both splits. */
  readonly testTop5?: number | "merged";
}

/** A row is the mean posterior of its evaluations: one or many, of one net or seven. */
export interface Row {
  /** What the paper calls it, where the nets behind it do not say it all. */
  readonly title?: string;
  /** None where the row is somebody else's result (Table 7). */
  readonly evaluations: readonly EvalRun[];
  readonly published: Published;
}

/** What tells the rows of a table apart: the columns before its errors. */
export type Heading = "config" | "S" | "Q" | "method" | "nets" | "title";

/** A table of the paper that asks for runs. */
export interface Table {
  readonly name: string;
  readonly caption: string;
  /** In the paper's order. Neighbours that are alike in the first stand together. */
  readonly headings: readonly [Heading, ...Heading[]];
  readonly rows: readonly Row[];
  /** Whether its measured rows are other tables' rows in a new order (Table 7). */
  readonly quotes?: true;
}

/** Initial distribution of random kernels; see `vgg/network.ts` for the formulas. */
export type KernelInit = "paper" | "gaussian-0.01" | "glorot" | "he";

/** When the learning rate is divided by ten. */
export type Drops =
  /** When validation accuracy has not improved for `patience` validations; training ends at the
   * plateau after the last of `times` drops, or when its images are used up. */
  | { readonly rule: "plateau"; readonly patience: number; readonly times: number }
  /** At fixed shares of the training's images. */
  | { readonly rule: "steps"; readonly at: readonly number[] };

/** How long and how fast a net learns. */
export interface Schedule {
  /** Initial learning rate. */
  readonly learningRate: number;
  /** Images seen in a whole training (crops, not distinct files). */
  readonly images: number;
  /** Share of the training in which the rate rises linearly from 0. */
  readonly warmup?: number;
  readonly drops: Drops;
}

/** How a training that diverges begins again, once: slower over its first images. */
export interface Retry {
  /** Share of the training's images over which it is slower; 0: it does not begin again. */
  readonly share: number;
  /** Its learning rate there, as a share of the schedule's. */
  readonly rate: number;
}

/**
 * The rule where a setup has no other: a tenth of the rate, as He et al. began their deepest net
 * with (arXiv 1512.03385, Section 4.2), over the first tenth of the images.
 */
export const RETRY: Retry = { share: 1 / 10, rate: 1 / 10 };

/**
 * How images are rescaled: in cubics (Keys, a = -0.5), linearly or by Lanczos's kernel, all of them
 * antialiased where an image shrinks; or linearly between the four nearest pixels alone, as OpenCV,
 * and so Caffe's tools, did.
 */
export type ResizeFilter = "bicubic" | "bilinear" | "lanczos3" | "aliased-bilinear";

/** What half of an odd side is: Caffe's pooling rounds up, Torch's drops the last row and column. */
export type OddSides = "up" | "down";

/**
 * Where the learning rate enters: Caffe's v <- m v - rate g, w <- w + v, or PyTorch's v <- m v + g,
 * w <- w - rate v. They are apart from a change of the rate on, until v has forgotten it.
 */
export type MomentumForm = "caffe" | "pytorch";

/**
 * The "regular grid" of crops: offsets evenly from edge to edge of the image, or of the square in its
 * middle; or in the middles of as many equal parts of the way, off the edges.
 */
export type CropGrid = "edge-to-edge" | "central-square" | "cell-centres";

/** What is read into the paper where a setup says nothing of it; docs/readings.md has them all. */
export const READINGS = {
  train: { retry: RETRY, resize: "bicubic", oddSides: "up", momentumForm: "caffe" },
  evaluate: { cropGrid: "edge-to-edge", centreCrop: "upright" },
} as const;

/** Everything that decides a trained net's numbers, besides its run, data and seed. */
export interface TrainSetup {
  /** Side of a training crop, pixels; the paper's 224 is the unit of S and Q. */
  readonly crop: number;
  /** Channels of the convolutions as a share of the paper's. */
  readonly width: number;
  /** Units of fc6 and fc7 (the paper's 4096). */
  readonly fc: number;
  /** Images an update; held by accumulation when memory allows only a part at once. */
  readonly batch: number;
  readonly momentum: number;
  /** Lambda of the loss term 0.5 lambda |w|^2, so that the gradient is lambda w. */
  readonly weightDecay: number;
  /** Share of fc6's and fc7's outputs that are dropped. */
  readonly dropout: number;
  /** Kernels that are not copied from another net. Biases start at 0. */
  readonly kernels: KernelInit;
  /** Learning rate and weight decay of biases, relative to the kernels'. */
  readonly biases: { readonly rate: number; readonly decay: number };
  /** The input is (pixel - mean) * inputScale; the paper's is 1. */
  readonly inputScale: number;
  /** Krizhevsky's RGB shift: sigma of the draws, along roots of eigenvalues or eigenvalues. */
  readonly rgbShift: { readonly sigma: number; readonly by: "root" | "eigenvalue" };
  /** Step between the scales that jittering draws from; the paper's is 1. */
  readonly jitterStep: number;
  /** Schedules of S = 256, S = 384 and S in [256; 512]. */
  readonly schedules: {
    readonly first: Schedule;
    readonly finer: Schedule;
    readonly jittered: Schedule;
  };
  /** Times a training is validated for the log and the plateau rule. */
  readonly validations: number;
  /** Validation images used for that, the first so many; all if absent. */
  readonly validationImages?: number;
  /** What is tried where it diverges; this and the next three are `READINGS.train` if absent. */
  readonly retry?: Retry;
  /** Of training images and test images. */
  readonly resize?: ResizeFilter;
  /** What becomes of odd sides in a max-pooling. */
  readonly oddSides?: OddSides;
  readonly momentumForm?: MomentumForm;
  /** Type of activations and gradients; weights and loss are float32 always. */
  readonly precision: Precision;
}

/** Arithmetic of the activations. */
export type Precision = "float32" | "bfloat16";

/** What decides an evaluation's numbers, besides the net. */
export interface EvaluateSetup {
  /** Averaging the score map before the soft-max is the order of the paper's text. */
  readonly scoreMap: "average-then-softmax" | "softmax-then-average" | "sum-then-softmax";
  /** `READINGS.evaluate` if absent, as the next. */
  readonly cropGrid?: CropGrid;
  /** Whether a centre crop's posteriors are averaged with those of its mirror image. */
  readonly centreCrop?: "upright" | "mirrored";
}

/** A named way to run the paper's experiments. */
export interface Setup {
  readonly name: string;
  /** What a reader must know before comparing its numbers with the paper's. */
  readonly note: string;
  /** The fields that are not those of the setup that it is named after: `kernels=glorot`. */
  readonly changes?: string;
  /** Data set used when none is named. */
  readonly dataset: string;
  /** Size of a data set that the project makes itself. */
  readonly scenes?: { readonly classes: number; readonly train: number; readonly val: number };
  readonly train: TrainSetup;
  readonly evaluate: EvaluateSetup;
  /** Trainings side by side: one on each core, or one that has the whole machine. */
  readonly sideBySide: "cores" | 1;
}

/** What a run's numbers depend on, besides the run. */
export interface Context {
  readonly train: TrainSetup;
  readonly evaluate: EvaluateSetup;
  readonly seed: number;
  /** Fingerprint of the data set's images and labels. */
  readonly data: string;
}

/**
 * Names a run by its content: 12 hexadecimal digits of SHA-256 over canonical JSON, so that equal
 * runs are done once and their results are found again. Fields that are absent do not count, so a
 * new optional field changes no old key. How a net is evaluated does not count for training it.
 *
 * ```ts
 * import { key } from "./experiment.ts";
 * import { small } from "../experiments/setups.ts";
 *
 * const context = { train: small.train, evaluate: small.evaluate, seed: 0, data: "" };
 * const a = { config: "A", S: 256, init: "random" } as const;
 * if (key(a, context) !== key({ ...a, update: "all" }, context)) throw new Error("equal runs");
 * if (key(a, context) === key(a, { ...context, seed: 1 })) throw new Error("the seed counts");
 * ```
 */
export function key(run: Run, { evaluate, ...context }: Context): string {
  const content = isEvaluation(run) ? { run, ...context, evaluate } : { run, ...context };
  const text = JSON.stringify(content, canonical);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** Whether a run evaluates a net, rather than trains one. */
export function isEvaluation(run: Run): run is EvalRun {
  return "net" in run;
}

/** JSON replacer: fields in alphabetical order, without those at their default. */
function canonical(field: string, value: unknown): unknown {
  if (Object.hasOwn(DEFAULTS, field) && isDeepStrictEqual(value, DEFAULTS[field])) return undefined;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Values that are the same as none. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  update: "all",
  ...READINGS.train,
  ...READINGS.evaluate,
};

/** The runs that a run needs done before it, nearest first. */
export function needs(run: Run): TrainRun[] {
  if (isEvaluation(run)) return [run.net];
  return hasAncestor(run.init) ? [run.init.from] : [];
}

/** Whether weights come from an earlier run. */
export function hasAncestor(init: Init): init is Extract<Init, { readonly from: TrainRun }> {
  return typeof init === "object" && "from" in init;
}

/** Whether weights come from a file that was made elsewhere. */
export function isImported(init: Init): init is Extract<Init, { readonly weights: string }> {
  return typeof init === "object" && "weights" in init;
}

/** S as the paper prints it. */
export function formatS(S: TrainScale): string {
  return typeof S === "number" ? String(S) : `[${S[0]};${S[1]}]`;
}

/** Name of a run for people: `D [256;512]`, `D [256;512] at Q = 384, dense`. */
export function title(run: Run): string {
  if (isEvaluation(run)) {
    const split = run.test === undefined ? "" : ", test images";
    return `${title(run.net)} at Q = ${run.Q}, ${run.method}${split}`;
  }
  return `${run.config} ${formatS(run.S)}${run.update === "fc" ? " (FC layers)" : ""}${
    isImported(run.init) ? " (imported)" : ""
  }`;
}

/** What is done in a run, for people: `train D 256`, `test D 256 at Q = 256, dense`. */
export function nameOf(run: Run): string {
  return `${isEvaluation(run) ? "test" : "train"} ${title(run)}`;
}

/** Name of a run for a folder, without its key: `D-256-512`, `D-256-512-Q384-dense`. */
export function slug(run: Run): string {
  if (isEvaluation(run)) {
    return `${slug(run.net)}-Q${run.Q}-${run.method}${run.test === undefined ? "" : "-test"}`;
  }
  const scale = typeof run.S === "number" ? run.S : run.S.join("-");
  return `${run.config}-${scale}${run.update === "fc" ? "-fc" : ""}`;
}

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
