/** The fields of a setup: what each may hold, what it means, and whose keys a change of it alters. */
import type { EvaluateSetup, Schedule, Setup, TrainSetup } from "../setup.ts";
import { z } from "../schema.ts";

const positive = z.number().positive();
const count = z.int().positive();
const share = z.number().min(0).max(1);
const notNegative = z.number().nonnegative();

/** Where the paper has a field; nothing where it leaves it open. */
const sections = new Map<z.ZodType, string>();

/** A field with its meaning and the section of the paper that has it. */
function field<Schema extends z.ZodType>(
  schema: Schema,
  meaning: string,
  section?: string,
): Schema {
  const described = schema.describe(meaning);
  if (section !== undefined) sections.set(described, section);
  return described;
}

const SCHEDULE = z.strictObject(
  {
    learningRate: field(positive, "initial learning rate", "3.1"),
    images: field(count, "crops seen in a whole training", "3.1"),
    warmup: field(share, "share of the images in which the rate rises from 0").optional(),
    drops: z.union(
      [
        z.strictObject({
          rule: z.literal("plateau"),
          patience: count,
          times: z.int().min(0).max(100),
        }),
        z.strictObject({ rule: z.literal("steps"), at: z.array(share) }),
        z.strictObject({ rule: z.literal("linear") }),
      ],
      'must be {"rule": "plateau", "patience": N, "times": N}, {"rule": "steps", "at": [SHARE, ...]} or ' +
        '{"rule": "linear"}',
    ).describe("how the rate falls: plateau, steps or linear"),
  } satisfies Record<keyof Schedule, z.ZodType>,
);

const TRAIN = z.strictObject(
  {
    crop: field(
      count,
      "side of a training crop, pixels; the paper's 224 is the unit of S and Q",
      "2.1",
    ),
    width: field(positive, "channels of the convolutions as a share of the paper's", "2.1"),
    fc: field(count, "units of fc6 and fc7", "2.1"),
    batch: field(count, "images in an update", "3.1"),
    momentum: field(share, "share of the velocity that an update keeps", "3.1"),
    weightDecay: field(notNegative, "lambda of the loss term 0.5 lambda |w|^2", "3.1"),
    dropout: field(share, "share of fc6's and fc7's outputs that are dropped", "3.1"),
    kernels: field(
      z.enum(["paper", "gaussian-0.01", "glorot", "he"]),
      "distribution of random kernels",
      "3.1",
    ),
    biases: z.strictObject({
      rate: field(notNegative, "learning rate of biases relative to the kernels'"),
      decay: field(notNegative, "weight decay of biases relative to the kernels'"),
    }),
    inputScale: field(positive, "the input is (pixel - mean) * inputScale", "2.1"),
    rgbShift: z.strictObject({
      sigma: field(notNegative, "deviation of the colour shift's draws", "3.1"),
      by: field(
        z.enum(["root", "eigenvalue"]),
        "along roots of eigenvalues, or eigenvalues",
        "3.1",
      ),
    }),
    jitterStep: field(count, "step between the scales that jittering draws from", "3.1"),
    schedules: z.strictObject({ first: SCHEDULE, finer: SCHEDULE, jittered: SCHEDULE }),
    trainingImages: field(count, "training images used, from the first; all if absent")
      .optional(),
    validations: field(count, "validations in a training", "3.1"),
    validationImages: field(count, "images of a validation, from the first; all if absent")
      .optional(),
    retry: z.strictObject({
      share: field(share, "share of the images with a lower rate after a divergence"),
      rate: field(share, "that rate, as a share of the schedule's"),
    }).optional(),
    resize: field(
      z.enum(["bicubic", "bilinear", "lanczos3", "aliased-bilinear"]),
      "how images are rescaled",
      "3.1",
    ).optional(),
    oddSides: field(z.enum(["up", "down"]), "how max-pooling halves odd sides", "2.1").optional(),
    momentumForm: field(z.enum(["caffe", "pytorch"]), "where the rate enters an update").optional(),
    transfer: field(z.enum(["paper", "deepen"]), "what a deeper net copies from net A", "3.1")
      .optional(),
    transferNoise: field(notNegative, "noise on inserted identities, as a share of He's")
      .optional(),
    precision: field(z.enum(["float32", "bfloat16"]), "type of activations and gradients"),
  } satisfies Record<keyof TrainSetup, z.ZodType>,
);

const EVALUATE = z.strictObject(
  {
    scoreMap: field(
      z.enum(["average-then-softmax", "softmax-then-average", "sum-then-softmax"]),
      "how a dense evaluation's score map becomes posteriors",
      "3.2",
    ),
    cropGrid: field(
      z.enum(["edge-to-edge", "central-square", "cell-centres"]),
      "where the 5 by 5 crops are",
      "3.2",
    ).optional(),
    centreCrop: field(
      z.enum(["upright", "mirrored"]),
      "whether a centre crop is mirrored, too",
      "4.1",
    )
      .optional(),
  } satisfies Record<keyof EvaluateSetup, z.ZodType>,
);

/** A whole setup. */
export const SETUP = z.strictObject(
  {
    name: z.string().regex(/^\w[\w.-]*$/, "must be a word of letters, digits, -, . and _")
      .describe("name, for folders and captions"),
    note: z.string().describe("what a reader must know before comparing numbers"),
    changes: z.string().optional(),
    dataset: field(z.string(), "data set that is used if none is named", "4"),
    scenes: z.strictObject({
      classes: field(count, "classes of the drawn pictures"),
      train: field(count, "drawn training images"),
      val: field(count, "drawn validation images"),
      seed: field(z.int().nonnegative(), "draws other pictures of both kinds").optional(),
    }).optional(),
    train: TRAIN,
    evaluate: EVALUATE,
    sideBySide: z.union([z.literal("cores"), z.literal(1)], 'must be "cores" or 1')
      .describe("trainings in parallel: one on each core, or one"),
  } satisfies Record<keyof Setup, z.ZodType>,
);

/** A field of a setup as a list has it. */
export interface SetupField {
  /** As `--set` takes it: `schedules.first.images`. */
  readonly field: string;
  readonly meaning: string;
  /** Section of the paper; absent where the paper leaves it open. */
  readonly section?: string;
  /** Runs that have other keys after a change of it. */
  readonly keys: string;
}

/** Every field of a setup. */
export function setupFields(): SetupField[] {
  return fieldsOf(SETUP).filter(({ field }) => !["name", "changes", "note"].includes(field));
}

function fieldsOf(schema: z.core.$ZodType, path = ""): SetupField[] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  const meaning = inner instanceof z.ZodType ? inner.description : undefined;
  if (inner instanceof z.ZodObject && meaning === undefined) {
    return Object.entries(inner.shape).flatMap(([name, value]) =>
      fieldsOf(value, path === "" ? name : `${path}.${name}`)
    );
  }
  const name = path.replace(/^(train|evaluate)\./, "");
  const section = sections.get(inner as z.ZodType);
  return [{
    field: name,
    meaning: meaning ?? "",
    ...section !== undefined && { section },
    keys: keysOf(path),
  }];
}

/** Whose keys a field is in. */
function keysOf(path: string): string {
  const [part, field = ""] = path.split(".");
  if (part === "evaluate") {
    const methods = { scoreMap: "dense", cropGrid: "multi-crop", centreCrop: "centre-crop" };
    return `${methods[field as keyof typeof methods]} evaluations`;
  }
  if (part === "dataset" || part === "scenes") return "all, by the images";
  if (part !== "train") return "none";
  if (/schedules\.first/.test(path)) return "nets with S = 256 and their heirs";
  if (/schedules\.finer/.test(path)) return "nets with another fixed S, and their heirs";
  if (/schedules\.jittered|jitterStep/.test(path)) return "nets with jittered S, and their heirs";
  if (/transfer/.test(path)) return "nets that start from others, and their heirs";
  if (field === "dropout") return "nets with fc6 and no dropout of their own, and their heirs";
  return "all";
}
