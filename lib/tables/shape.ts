/** The shape of tables as JSON, for files that people write and for bundles. */
import {
  COLUMNS,
  type EvalRun,
  type Init,
  METHODS,
  type Published,
  type Row,
  type Table,
  type TrainRun,
} from "../experiment.ts";
import { didYouMean } from "../did_you_mean.ts";
import { flaw, z } from "../schema.ts";
import { ALL_NETS, OWN_FIELD_NAMES } from "../vgg/configs.ts";
import { HEADINGS, INHERITED, MOST_HIDDEN, MOST_SIDE, NET_NAME, WORD } from "./facts.ts";

/** A schema for every field. */
export type Fields<Value> = Record<keyof Value, z.ZodType>;

/** A whole number, not negative. */
export const whole = z.number().int().nonnegative();

/** An error in per cent. */
const error = z.number().min(0).max(100);

/** A layer in a block of a net. */
const BLOCK_LAYER = z.union([
  z.int().positive(),
  z.literal("lrn"),
  z.strictObject({
    size: z.int().min(1).max(MOST_SIDE).refine((size) => size % 2 === 1, "must be odd")
      .describe("Side of the kernel"),
    channels: z.int().positive().describe("Channels of its output"),
    stride: z.union([z.literal(1), z.literal(2)], "must be 1 or 2")
      .describe("Places from one window to the next").optional(),
  }),
], 'must be channels of a 3x3 convolution, "lrn", or {"size": N, "channels": N, "stride": 1 or 2}');

/** A net to train, with the nets that it starts from. */
const TRAIN_RUN: z.ZodType = z.strictObject(
  {
    config: z.string("must be a name; ownNet({ blocks }, S) makes one of the layers").regex(
      NET_NAME,
      "must be a word of letters, digits, -, . and _",
    ).describe(`A net of the paper (${ALL_NETS.join(", ")}), or the name of one with blocks`),
    blocks: z.array(
      z.array(BLOCK_LAYER).refine(
        (block) => block.some((layer) => layer !== "lrn"),
        "must have a convolution",
      ),
    ).nonempty(
      "must have a block",
    )
      .describe(
        "Layers up to fc6, with a max-pooling after each block that does not end with stride 2",
      )
      .optional(),
    batchNorm: z.union(
      [z.literal(true), z.int().min(2, "must be 2 or more: one image has no statistics")],
      "must be true, or the number of images that statistics are taken over, 2 or more",
    ).describe(
      "Batch normalisation after each convolution: over the mini-batch, or over this number of images",
    )
      .optional(),
    average: z.literal(true).describe("Whether the last map is averaged over space").optional(),
    fc: z.array(z.int().positive()).max(
      MOST_HIDDEN,
      "must have two layers at most; the last, to the classes, is not named",
    )
      .describe("Units of the hidden fully-connected layers, where the paper has [4096, 4096]")
      .optional(),
    dropout: z.number().min(0).lt(1).describe("Share of their outputs that are dropped").optional(),
    S: z.union(
      [whole, z.tuple([whole, whole])],
      "must be a scale such as 256, or the two ends of a range such as [256, 512]",
    ).describe("Training scale: the smallest side of an image in the paper's pixels"),
    init: z.union([
      z.literal("random"),
      z.strictObject(
        {
          from: z.lazy(() => TRAIN_RUN),
          layers: z.union(
            [z.enum(INHERITED), z.array(z.string())],
            `must be ${INHERITED.map((word) => `"${word}"`).join(", ")}, or a list of ` +
              "layers",
          ).describe("Layers that are copied; the others are drawn at random"),
        } satisfies Fields<Extract<Init, { readonly from: TrainRun }>>,
      ),
      z.strictObject(
        {
          weights: z.string(),
          layout: z.enum(["keras", "torchvision"]).optional(),
          classes: z.number().int().positive().optional(),
          input: z.enum(["caffe", "torchvision", "own"]).optional(),
          mean: z.array(z.number()).optional(),
        } satisfies Fields<Extract<Init, { readonly weights: string }>>,
      ),
    ], 'must be "random", or the net that it starts from: {"from": NET, "layers": LAYERS}'),
    update: z.enum(["all", "fc"]).describe("Layers that are trained; all if absent").optional(),
  } satisfies Fields<TrainRun>,
).superRefine((net, context) => {
  const { config, blocks } = net;
  const isNamed = (ALL_NETS as readonly string[]).includes(config);
  const own = OWN_FIELD_NAMES.find((field) => net[field] !== undefined);
  if (isNamed && blocks === undefined && own !== undefined) {
    context.addIssue({
      code: "custom",
      path: [own],
      message:
        `${config} is a net of the paper; give a net with another "${own}" blocks and another name`,
    });
  }
  if (isNamed === (blocks === undefined)) return;
  context.addIssue({
    code: "custom",
    path: ["config"],
    message: isNamed
      ? `${config} is a net of the paper; give a net with blocks another name`
      : `must be ${ALL_NETS.join(", ")}; a net of your own has blocks, too.` +
        didYouMean(config, ALL_NETS),
  });
});

const EVAL_RUN = z.strictObject(
  {
    net: TRAIN_RUN,
    Q: whole.describe("Test scale"),
    method: z.enum(METHODS),
    test: z.string().optional(),
  } satisfies Fields<EvalRun>,
);

/** A row of a table. */
export const ROW = z.strictObject(
  {
    title: z.string().optional(),
    evaluations: z.array(EVAL_RUN),
    published: z.strictObject(
      {
        top1: error.optional(),
        top5: error.optional(),
        testTop5: z.union([error, z.literal("merged")]).optional(),
      } satisfies Fields<Published>,
    ).optional(),
  } satisfies Fields<Omit<Row, "combination">>,
);

/** A table. */
export const TABLE = z.strictObject(
  {
    name: z.string().regex(
      WORD,
      "must be a word of letters, digits, - and _: files are named after it",
    ).describe("Base name of its files"),
    caption: z.string(),
    headings: z.array(z.enum(HEADINGS)).nonempty(),
    rows: z.array(ROW).nonempty("must have a row"),
    columns: z.array(z.enum(COLUMNS)).describe("Columns that it shows after the headings")
      .optional(),
    baseline: z.number().int().positive()
      .describe("Number of the row, from 1, that the others are compared with").optional(),
    quotes: z.literal(true).describe("Whether its rows repeat rows of other tables").optional(),
    note: z.string().describe("A footnote for readers who compare its rows").optional(),
  } satisfies Fields<Omit<Table, "file" | "study">>,
);

/** A table in a file: with texts for a list of commands, if it has them. */
const FILE_TABLE = TABLE.extend({
  help: z.strictObject({ summary: z.string(), about: z.string() }).optional(),
});

/** What is wrong with the shape of a value that should be a table in a file; nothing if it has that shape. */
export function tableFlaw(value: unknown): string | undefined {
  return flaw(value, FILE_TABLE);
}

/** JSON schema of a table in a file, for editors. */
export function tableSchema(): object {
  return {
    title: "A table of verydeep",
    ...z.toJSONSchema(FILE_TABLE.extend({ $schema: z.string().optional() }), {
      override({ jsonSchema }) {
        const { properties, required } = jsonSchema;
        if (properties?.blocks === undefined || required === undefined) return;
        // a net of JSON that has none is named after its layers
        jsonSchema.required = required.filter((field) => field !== "config");
      },
    }),
  };
}
