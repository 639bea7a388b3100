/**
 * A setup: everything that decides a run's numbers, except the run itself, its data and its seed.
 *
 * @module
 */

/** Initial distribution of random kernels; see `vgg/network.ts` for the formulas. */
export type KernelInit = "paper" | "gaussian-0.01" | "glorot" | "he";

/** How the learning rate falls after the warm-up: divided by ten at times, or evenly. */
export type Drops =
  /** When validation accuracy has not improved for `patience` validations; training ends at the
   * plateau after the last of `times` drops, or when its images are used up. */
  | { readonly rule: "plateau"; readonly patience: number; readonly times: number }
  /** At fixed shares of the training's images. */
  | { readonly rule: "steps"; readonly at: readonly number[] }
  /** Linear decay from the end of the warm-up to 0 at the last image. */
  | { readonly rule: "linear" };

/** How long and how fast a net learns. */
export interface Schedule {
  /** Initial learning rate. */
  readonly learningRate: number;
  /** Images seen in a whole training (crops, not distinct files). */
  readonly images: number;
  /** Share of the training in which the rate rises linearly from 0. */
  readonly warmup?: number;
  /** How the rate falls after the warm-up. */
  readonly drops: Drops;
}

/** How a training that diverges is repeated, once: with a lower rate over its first images. */
export interface Retry {
  /** Share of the training's images with the lower rate; 0: it is not repeated. */
  readonly share: number;
  /** The lower rate, as a share of the schedule's. */
  readonly rate: number;
}

/**
 * The default rule: a tenth of the rate, as He et al. began their deepest net
 * with (arXiv 1512.03385, Section 4.2), over the first tenth of the images.
 */
export const RETRY: Retry = { share: 1 / 10, rate: 1 / 10 };

/**
 * How images are rescaled: in cubics (Keys, a = -0.5), linearly or by Lanczos's kernel, all of them
 * antialiased where an image shrinks; or linearly between the four nearest pixels alone, as OpenCV,
 * and so Caffe's tools, did.
 */
export type ResizeFilter = "bicubic" | "bilinear" | "lanczos3" | "aliased-bilinear";

/** How max-pooling halves odd sides: Caffe rounds up, Torch's drops the last row and column. */
export type OddSides = "up" | "down";

/**
 * Where the learning rate enters: Caffe's v <- m v - rate g, w <- w + v, or PyTorch's v <- m v + g,
 * w <- w - rate v. They differ after a change of the rate, until v has decayed.
 */
export type MomentumForm = "caffe" | "pytorch";

/**
 * The "regular grid" of crops: offsets evenly from edge to edge of the image, or of the square in its
 * middle; or in the middles of as many equal parts of the way, off the edges.
 */
export type CropGrid = "edge-to-edge" | "central-square" | "cell-centres";

/**
 * What a deeper net copies from net A (Section 3.1).
 *
 * - `paper`: the first four convolutional and the last three fully-connected layers, by name; the
 *   layers in between are drawn at random.
 * - `deepen`: every layer, by its place in its block; the additional layers are inserted as
 *   identities, with noise. Without noise the deeper net computes what net A does.
 */
export type Transfer = "paper" | "deepen";

/** Defaults of the fields that decide how a net starts from another one. */
export const TRANSFER = { transfer: "paper", transferNoise: 0.1 } as const;

/** Default interpretations of what the paper leaves open; docs/reference/interpretations.md has all. */
export const INTERPRETATIONS = {
  train: { retry: RETRY, resize: "bicubic", oddSides: "up", momentumForm: "caffe" },
  evaluate: { cropGrid: "edge-to-edge", centreCrop: "upright" },
} as const;

/** Everything that decides a trained net's numbers, except its run, data and seed. */
export interface TrainSetup {
  /** Side of a training crop, pixels; the paper's 224 is the unit of S and Q. */
  readonly crop: number;
  /** Channels of the convolutions as a share of the paper's. */
  readonly width: number;
  /** Units of fc6 and fc7 (the paper's 4096). */
  readonly fc: number;
  /** Images in an update; gradients are accumulated where memory allows only a part at once. */
  readonly batch: number;
  /** Share of the velocity that an update keeps. */
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
  /**
   * Number of training images used, from the first; all if absent. The mean colour and the axes of the
   * RGB shift are those of all.
   */
  readonly trainingImages?: number;
  /** Number of validations in a training, for the log and the plateau rule. */
  readonly validations: number;
  /** Number of validation images used for that, from the first; all if absent. */
  readonly validationImages?: number;
  /** How it is repeated if it diverges; this and the next three are `INTERPRETATIONS.train` if absent. */
  readonly retry?: Retry;
  /** Of training images and test images. */
  readonly resize?: ResizeFilter;
  /** How max-pooling halves odd sides. */
  readonly oddSides?: OddSides;
  /** Where the learning rate enters an update. */
  readonly momentumForm?: MomentumForm;
  /** What deeper nets take over from net A; this and the next are `TRANSFER` if absent. */
  readonly transfer?: Transfer;
  /** Noise on an inserted identity: its deviation as a share of He's for that layer. */
  readonly transferNoise?: number;
  /** Type of activations and gradients; weights and loss are float32 always. */
  readonly precision: Precision;
}

/** The arithmetics of activations. */
export const PRECISIONS = ["float32", "bfloat16"] as const;

/** An arithmetic of the activations. */
export type Precision = typeof PRECISIONS[number];

/** Everything that decides an evaluation's numbers, except the net. */
export interface EvaluateSetup {
  /**
   * Averaging the score map before the soft-max is the order of the paper's text. Summed scores have no
   * top-5 error: their soft-max is 1 for one class and 0 for all others.
   */
  readonly scoreMap: "average-then-softmax" | "softmax-then-average" | "sum-then-softmax";
  /** `INTERPRETATIONS.evaluate` if absent, as the next. */
  readonly cropGrid?: CropGrid;
  /** Whether a centre crop's posteriors are averaged with those of its mirror image. */
  readonly centreCrop?: "upright" | "mirrored";
}

/** Which pictures the data set `scenes` has. */
export interface Scenes {
  /** Number of classes. */
  readonly classes: number;
  /** Number of training images. */
  readonly train: number;
  /** Number of validation images. */
  readonly val: number;
  /** All pictures of both splits are drawn from it; 0 if absent. */
  readonly seed?: number;
}

/** A named way to run the paper's experiments. */
export interface Setup {
  /** As in `--setup`. */
  readonly name: string;
  /** What a reader must know before comparing numbers with the paper's. */
  readonly note: string;
  /** Changed fields: `kernels=glorot`. */
  readonly changes?: string;
  /** Data set used when none is named. */
  readonly dataset: string;
  /** Which pictures of a data set that the project draws itself. */
  readonly scenes?: Scenes;
  /** How nets are trained. */
  readonly train: TrainSetup;
  /** How they are tested. */
  readonly evaluate: EvaluateSetup;
  /** Trainings in parallel: one on each core, or a single one on the whole machine. */
  readonly sideBySide: "cores" | 1;
}
