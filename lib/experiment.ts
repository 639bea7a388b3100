/**
 * The vocabulary of the paper's experiments: what is trained, how it is evaluated, which rows a
 * table has, and under which setup. Values only; nothing here runs.
 *
 * Training scale S and test scale Q are the smallest side of a rescaled image in *the paper's*
 * pixels (its crop is 224 wide) wherever they appear; `vgg/images.ts` alone converts them.
 *
 * @module
 */
import {
  type EvaluateSetup,
  INTERPRETATIONS,
  type Schedule,
  type Setup,
  type TrainSetup,
  TRANSFER,
} from "./setup.ts";

/** A column of Table 1, or the shallow net that Section 4.1 compares B with. */
export type ConfigName = "A" | "A-LRN" | "B" | "C" | "D" | "E" | "B-5x5";

/** Training scale S (Section 3.1): fixed, or drawn for each image from `[min, max]` (jittering). */
export type TrainScale = number | readonly [min: number, max: number];

/**
 * "The first four convolutional layers and the last three fully-connected layers" (Section 3.1),
 * which the paper's deeper nets take over from net A.
 */
export const PAPER_TRANSFER: readonly string[] = [
  ...["conv1_1", "conv2_1", "conv3_1", "conv3_2"],
  ...["fc6", "fc7", "fc8"],
];

/**
 * What a net copies from another one.
 *
 * - `all`: every layer; both nets are alike.
 * - names: these layers; the others are drawn at random.
 * - `deepen`: every layer; those that the other net lacks begin as identities with the setup's noise.
 * - `perturb`: every layer, with as much noise on each convolution: a control for `deepen`.
 * - `transfer`: what the setup's `transfer` says.
 */
export type Inherited = "all" | "deepen" | "perturb" | "transfer" | readonly string[];

/** Weights to start from: all random, or layers of an earlier run. */
export type Init = "random" | {
  readonly from: TrainRun;
  readonly layers: Inherited;
} | {
  /** SHA-256 digest of a file of weights: the net is imported, not trained. */
  readonly weights: string;
  /** The library whose layout the file has; this project's if absent. */
  readonly layout?: "keras" | "torchvision";
  /** What its net expects as its input, where that is not the usual input of the layout. */
  readonly input?: "caffe" | "torchvision" | "own";
  /** Mean colour that is subtracted from the net's input, 0-255; the data set's if absent. */
  readonly mean?: readonly number[];
  /** Number of classes in the file, where it is another one: then all layers but fc8 are imported. */
  readonly classes?: number;
};

/**
 * A layer in a block: a number is a 3x3 convolution with that many channels; an object is a convolution of
 * another size or stride; or LRN.
 */
export type BlockLayer = number | "lrn" | {
  /** Side of the kernel, odd. */
  readonly size: number;
  /** Channels of its output. */
  readonly channels: number;
  /** Places from one window to the next; 1 if absent. */
  readonly stride?: 1 | 2;
};

/** The layers of a net: those of a config of the paper, or blocks of one's own. */
export interface NetLayers {
  /** The paper's name, or another one, for people, of a net with blocks. */
  readonly config: string;
  /**
   * Blocks of layers up to fc6; absent in the paper's nets. A max-pooling follows each, but a block whose
   * last convolution has stride 2, which halves the maps itself.
   */
  readonly blocks?: readonly (readonly BlockLayer[])[];
  /**
   * Batch normalisation after every convolution, before its ReLU: by the statistics of the whole
   * mini-batch (`true`), or of parts of it that have this number of images.
   */
  readonly batchNorm?: true | number;
  /**
   * Whether the last map is averaged over space, whatever the image's size, before the fully-connected
   * layers, of which it has no hidden ones if `fc` is absent.
   */
  readonly average?: true;
  /**
   * Units of the hidden fully-connected layers behind the blocks, at most two, where the paper has
   * [4096, 4096]; a setup with fewer has as much fewer of these.
   */
  readonly fc?: readonly number[];
  /** Share of their outputs that are dropped; the setup's if absent. */
  readonly dropout?: number;
}

/** One network to train. The runs it starts from are inside it. */
export interface TrainRun extends NetLayers {
  /** Training scale. */
  readonly S: TrainScale;
  /** Its weights at the start. */
  readonly init: Init;
  /** Layers that are trained: `"all"` (default), or the fully-connected ones only (Section 4.4). */
  readonly update?: "all" | "fc";
}

/**
 * How a network is applied to a test image (Section 3.2): to the whole image; to a regular grid of 5 by
 * 5 crops; or to one crop from its middle, as in most other work.
 */
export type Method = typeof METHODS[number];

/** Every method, the paper's first. */
export const METHODS = ["dense", "multi-crop", "centre-crop"] as const;

/** Whether a method averages in the posteriors of the mirror image. */
export function looksAtMirror(
  method: Method,
  { centreCrop = INTERPRETATIONS.evaluate.centreCrop }: Pick<EvaluateSetup, "centreCrop">,
): boolean {
  return method !== "centre-crop" || centreCrop === "mirrored";
}

/** One network at one test scale: yields a class posterior for each image. */
export interface EvalRun {
  /** The net that is tested. */
  readonly net: TrainRun;
  /** Test scale. */
  readonly Q: number;
  /** How it is applied to an image. */
  readonly method: Method;
  /** Fingerprint of the test images, if they are tested instead of validation images. */
  readonly test?: string;
}

/** A run of either kind. */
export type Run = TrainRun | EvalRun;

/** Errors in per cent, as the paper prints them. */
export interface Errors {
  /** Share of images whose class is not the first guess. */
  readonly top1: number;
  /** Absent where a data set has five classes or fewer: five guesses include the right one. */
  readonly top5?: number;
}

/** The errors that the paper prints in a row; absent where it prints none. */
export interface Published {
  /** On the validation split. */
  readonly top1?: number;
  /** On the validation split. */
  readonly top5?: number;
  /** Top-5 error on the test split; `"merged"` where the paper has one cell for both splits. */
  readonly testTop5?: number | "merged";
}

/** A row is the mean posterior of its evaluations: one or many, of one net or seven. */
export interface Row {
  /** The paper's name for it, where its nets do not identify it. */
  readonly title?: string;
  /** Empty for a result of others (Table 7). */
  readonly evaluations: readonly EvalRun[];
  /** Absent where nobody published errors. */
  readonly published?: Published;
  /** What makes it a row of a study; absent in other tables. */
  readonly combination?: Combination;
}

/** A combination of the values in a study's grid. */
export interface Combination {
  /** The value of each list, for people and records. */
  readonly values: Readonly<Record<string, string | number>>;
  /** The command line's setup with the combination's fields; that setup itself if absent. */
  readonly setup?: RowSetup;
  /** Seeds of its own or of the study; the command line's if absent. */
  readonly seeds?: readonly number[];
}

/** The part of a setup that decides runs' numbers, with its name. */
export type RowSetup = Pick<Setup, "name" | "changes" | "train" | "evaluate">;

/** The columns before the errors, which identify a row. */
export type Heading = "config" | "S" | "Q" | "method" | "nets" | "title";

/**
 * A column after these: measured errors of the validation split, or of the test split; the published
 * ones of the same kinds; the difference from the baseline's top-1 error, with its interval unless that
 * has a column of its own; its p-value.
 */
export type Column = typeof COLUMNS[number];

/** Every column after the headings, in their order. */
export const COLUMNS = [
  ...["top1", "top5", "testTop5", "published"] as const,
  ...["difference", "interval", "p"] as const,
] as const;

/** Those of a table that lists none. */
export const USUAL_COLUMNS: readonly Column[] = COLUMNS.filter((column) => column !== "interval");

/** A table that needs runs. */
export interface Table {
  /** Base name of its files. */
  readonly name: string;
  /** What it is about, without a full stop. */
  readonly caption: string;
  /** In the paper's order. Neighbours with the same first heading form a group. */
  readonly headings: readonly [Heading, ...Heading[]];
  /** From the first to the last. */
  readonly rows: readonly Row[];
  /** The columns that it shows; all that have a number if absent. CSV and JSON have all of them. */
  readonly columns?: readonly Column[];
  /** Number of the row, from 1, that the others are compared with. */
  readonly baseline?: number;
  /** Whether its measured rows repeat rows of other tables (Table 7). */
  readonly quotes?: true;
  /** A footnote for readers who compare its rows; left out where weights were imported. */
  readonly note?: string;
  /** Set if it is a study: each row is a combination of values, and rows are shown by their errors. */
  readonly study?: {
    /** Combinations of its grid that are the same experiment as a row. */
    readonly repeated: number;
  };
  /** The file that it was read from, as the user named it; absent in the project's own tables. */
  readonly file?: string;
}

/** A table as an experiment file gives it. */
export interface ListedTable extends Table {
  /** For the command line: a line for the overview, and a sentence for the help text. */
  readonly help: { readonly summary: string; readonly about: string };
}

/** Everything that a run's numbers depend on, except the run itself. */
export interface Context {
  readonly train: TrainSetup;
  readonly evaluate: EvaluateSetup;
  readonly seed: number;
  /** Fingerprint of the data set's images and labels. */
  readonly data: string;
}

/** What a net copies under a setup; `transfer` is resolved. */
export interface Inheritance {
  readonly from: TrainRun;
  readonly layers: Exclude<Inherited, "transfer">;
  /** Deviation of the noise as a share of He's; absent if layers are copied unchanged. */
  readonly noise?: number;
}

/** What a net copies from another one under a setup. */
export function inheritance(
  { from, layers }: Extract<Init, { readonly from: TrainRun }>,
  { transfer = TRANSFER.transfer, transferNoise: noise = TRANSFER.transferNoise }: Pick<
    TrainSetup,
    "transfer" | "transferNoise"
  >,
): Inheritance {
  const meant = layers !== "transfer" ? layers : transfer === "paper" ? PAPER_TRANSFER : transfer;
  return meant === "deepen" || meant === "perturb"
    ? { from, layers: meant, noise }
    : { from, layers: meant };
}

/** Whether a run evaluates a net, rather than trains one. */
export function isEvaluation(run: Run): run is EvalRun {
  return "net" in run;
}

/** The run that must be done before a run: the net that it tests, or starts from. */
export function ancestorOf(run: Run): TrainRun | undefined {
  if (isEvaluation(run)) return run.net;
  return hasAncestor(run.init) ? run.init.from : undefined;
}

/** The ancestors of a net, first to last, and the net itself. */
export function lineageOf(run: TrainRun): TrainRun[] {
  return [...hasAncestor(run.init) ? lineageOf(run.init.from) : [], run];
}

/** Whether weights come from an earlier run. */
export function hasAncestor(init: Init): init is Extract<Init, { readonly from: TrainRun }> {
  return typeof init === "object" && "from" in init;
}

/** Whether weights come from a file. */
export function isImported(init: Init): init is Extract<Init, { readonly weights: string }> {
  return typeof init === "object" && "weights" in init;
}

/** S as the paper prints it. */
export function formatS(S: TrainScale): string {
  return typeof S === "number" ? String(S) : `[${S[0]};${S[1]}]`;
}

/** Name of a run for people: `D [256;512]`, `D [256;512] at Q = 384, dense`. */
export function displayName(run: Run): string {
  if (isEvaluation(run)) {
    const split = run.test === undefined ? "" : ", test images";
    return `${displayName(run.net)} at Q = ${run.Q}, ${run.method}${split}`;
  }
  return `${run.config} ${formatS(run.S)}${run.update === "fc" ? " (FC layers)" : ""}${
    isImported(run.init) ? " (imported)" : ""
  }`;
}

/** The action of a run, for people: `train D 256`, `test D 256 at Q = 256, dense`. */
export function actionLabel(run: Run): string {
  return `${isEvaluation(run) ? "test" : "train"} ${displayName(run)}`;
}

/** Name of a run for a folder, without its key: `D-256-512`, `D-256-512-Q384-dense`. */
export function folderName(run: Run): string {
  if (isEvaluation(run)) {
    return `${folderName(run.net)}-Q${run.Q}-${run.method}${run.test === undefined ? "" : "-test"}`;
  }
  const scale = typeof run.S === "number" ? run.S : run.S.join("-");
  return `${run.config}-${scale}${run.update === "fc" ? "-fc" : ""}`;
}

/** The name of a run's schedule: for S = 256, for another fixed S, or for jittered S. */
export function scheduleName({ S }: Pick<TrainRun, "S">): keyof TrainSetup["schedules"] {
  if (typeof S !== "number") return "jittered";
  return S === 256 ? "first" : "finer";
}

/**
 * Images that batch normalisation takes its statistics over while a net is trained; undefined for a net
 * without it, or whose convolutions are frozen. All of them are computed at once, whatever memory
 * allows: another number would be another net.
 */
export function normalisedOver(
  { batchNorm, update }: Pick<TrainRun, "batchNorm" | "update">,
  { batch }: Pick<TrainSetup, "batch">,
): number | undefined {
  if (batchNorm === undefined || update === "fc") return undefined;
  return batchNorm === true ? batch : batchNorm;
}

/** The schedule of a run. */
export function scheduleOf(run: TrainRun, { schedules }: TrainSetup): Schedule {
  return schedules[scheduleName(run)];
}
