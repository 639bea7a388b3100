/** The shape of studies, and what is wrong with others. */
import { METHODS } from "../experiment.ts";
import { flaw, z } from "../schema.ts";
import { ALL_NETS } from "../vgg/configs.ts";
import { MOST_SEEDS, WORD } from "./facts.ts";

/** What is wrong with the shape of a value that should be a study; nothing if it has that shape. */
export function studyFlaw(value: unknown): string | undefined {
  const atLeastOne = <Value extends z.ZodType>(value: Value) =>
    z.array(value).nonempty("must have a value");

  const layer = z.union([
    z.number(),
    z.string(),
    z.looseObject({}),
  ]);

  const scale = z.int().positive();

  const grid = z.object({
    config: atLeastOne(z.union(
      [
        z.enum(ALL_NETS),
        z.looseObject({ config: z.string().optional(), blocks: z.array(z.array(layer)) }),
      ],
      `must be ${ALL_NETS.join(", ")}, or a net of your own: {"blocks": BLOCKS}`,
    )).optional(),
    S: atLeastOne(z.union(
      [scale, z.tuple([scale, scale])],
      "must be a scale such as 256, or the two ends of a range such as [256, 512]",
    )).optional(),
    Q: atLeastOne(z.union(
      [scale, z.array(scale).nonempty(), z.enum(["one", "three"])],
      'must be a scale such as 256, a list of scales, "one" or "three"',
    )).optional(),
    method: atLeastOne(z.union(
      [z.enum(METHODS), z.array(z.enum(METHODS)).nonempty()],
      `must be ${METHODS.join(", ")}, or a list of them`,
    )).optional(),
    seed: atLeastOne(z.int().nonnegative()).optional(),
  }).catchall(atLeastOne(z.union(
    [z.number(), z.string(), z.array(z.number()).nonempty()],
    "must be a number or a word, as --set takes it",
  )));

  return flaw(
    value,
    z.strictObject({
      $schema: z.string().optional(),
      name: z.string().regex(
        WORD,
        "must be a word of letters, digits, - and _: files are named after it",
      ),
      caption: z.string(),
      grid,
      seeds: z.int().min(1).max(MOST_SEEDS).optional(),
    }),
  );
}
