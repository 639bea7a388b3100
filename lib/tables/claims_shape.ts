/** The shape of claims, and what is wrong with others. */
import { ALLOWED, type Claim, type RowPair } from "../results/claims.ts";
import { FIELDS } from "../results/protocol.ts";
import { flaw, z } from "../schema.ts";
import { WORD } from "./facts.ts";
import type { Fields } from "./shape.ts";

/** What is wrong with the shape of a value that should be claims; nothing if it has that shape. */
export function claimsFlaw(value: unknown): string | undefined {
  const row = z.looseObject({ evaluations: z.array(z.unknown()) });

  return flaw(
    value,
    z.array(z.strictObject(
      {
        name: z.string().regex(WORD, "must be a word of letters, digits, - and _"),
        section: z.string(),
        sentence: z.string(),
        reading: z.string().optional(),
        relation: z.enum(Object.keys(ALLOWED)),
        pairs: z.array(z.strictObject(
          {
            first: row,
            second: row,
            published: z.number().optional(),
            control: z.literal(true).optional(),
          } satisfies Fields<RowPair>,
        )).nonempty("must have a pair of rows"),
        varies: z.array(z.enum(FIELDS)).nonempty(
          "must name a field in which rows of a pair differ",
        ),
      } satisfies Fields<Claim>,
    )),
  );
}
