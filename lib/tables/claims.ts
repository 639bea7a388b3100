/** What is wrong with claims that someone wrote about rows of tables. */
import type { Row, Table } from "../experiment.ts";
import type { Claim } from "../results/claims.ts";
import { areClaims } from "./well_formed.ts";

/** The first fault of a value that should be claims about rows of `tables`; nothing if there is none. */
export async function claimsFault(
  value: unknown,
  tables: readonly Table[],
): Promise<string | undefined> {
  if (!areClaims(value)) {
    // loaded here: most claims are well-formed
    const wrong = (await import("./claims_shape.ts")).claimsFlaw(value);
    if (wrong !== undefined) return wrong;
  }
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
