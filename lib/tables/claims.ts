/** What is wrong with claims that someone wrote about rows of tables. */
import type { Row, Table } from "../experiment.ts";
import { ALLOWED, type Claim, type RowPair } from "../results/claims.ts";
import { FIELDS } from "../results/protocol.ts";
import { flaw, z } from "../schema.ts";
import type { Fields } from "./shape.ts";

/** The shape of claims; made where there are some. */
function claimsShape() {
  const row = z.looseObject({ evaluations: z.array(z.unknown()) });

  return z.array(z.strictObject(
    {
      name: z.string().regex(/^\w[\w-]*$/, "must be a word of letters, digits, - and _"),
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
      varies: z.array(z.enum(FIELDS)).nonempty("must name a field in which rows of a pair differ"),
    } satisfies Fields<Claim>,
  ));
}

/** The first fault of a value that should be claims about rows of `tables`; nothing if there is none. */
export function claimsFault(value: unknown, tables: readonly Table[]): string | undefined {
  const wrong = flaw(value, claimsShape());
  if (wrong !== undefined) return wrong;
  const rows = new Set<Row>(tables.flatMap(({ rows }) => rows));
  const names = new Set<string>();
  for (const [i, { name, pairs }] of (value as readonly Claim[]).entries()) {
    if (names.has(name)) return `[${i}].name: there are two claims "${name}"`;
    names.add(name);
    for (const [at, pair] of pairs.entries()) {
      const odd = (["first", "second"] as const).find((place) => !rows.has(pair[place]));
      if (odd === undefined) continue;
      return `[${i}].pairs[${at}].${odd} is not a row of a table of this file or of the paper: ` +
        "name the row itself, as in table.rows[0]";
    }
  }
  return undefined;
}
