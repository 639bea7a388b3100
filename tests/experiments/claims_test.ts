import assert from "node:assert/strict";
import claims from "../../experiments/claims.ts";
import filterSize from "../../experiments/filter_size.ts";
import initialisation from "../../experiments/initialisation.ts";
import table3 from "../../experiments/table3.ts";
import table4 from "../../experiments/table4.ts";
import table5 from "../../experiments/table5.ts";
import table6 from "../../experiments/table6.ts";
import { ALLOWED, type Claim, publishedDifference } from "../../lib/results/claims.ts";
import type { Row, Table } from "../../lib/experiment.ts";
import {
  differingFields,
  type Field,
  PAPER_PROTOCOL,
  protocolOf,
} from "../../lib/results/protocol.ts";

const pairs = claims.flatMap((claim: Claim) => claim.pairs.map((pair) => ({ claim, pair })));

Deno.test("the paper's own errors bear out every claim, wherever it prints them", () => {
  for (const { claim, pair } of pairs) {
    const difference = publishedDifference(pair);
    if (difference === undefined) continue;
    const { low, high } = ALLOWED[claim.relation];
    assert.ok(low < difference && difference < high, `${claim.name}: ${difference}`);
  }
});

Deno.test("the paper prints errors, or a difference, for all claims but that of random starts, and no controls", () => {
  const without = pairs.filter(({ pair }) =>
    !pair.control && publishedDifference(pair) === undefined
  );
  assert.deepEqual([...new Set(without.map(({ claim }) => claim.name))], ["random-start"]);
  const controls = pairs.filter(({ pair }) => pair.control);
  assert.deepEqual([...new Set(controls.map(({ claim }) => claim.name))], [
    "depth",
    "small-filters",
  ]);
  for (const { pair } of controls) assert.equal(publishedDifference(pair), undefined);
});

/** The sections that discuss the tables. */
const SECTIONS: readonly [string, Table][] = [
  ["3.1", initialisation],
  ["4.1", table3],
  ["4.1", filterSize],
  ["4.2", table4],
  ["4.3", table5],
  ["4.4", table6],
];

Deno.test("rows are the tables' own, and claims are of the section that discusses their table", () => {
  const sectionOf = (row: Row) => SECTIONS.find(([, { rows }]) => rows.includes(row))?.[0];
  for (const { claim, pair } of pairs) {
    assert.equal(sectionOf(pair.first), claim.section, claim.name);
    assert.ok(sectionOf(pair.second) !== undefined, claim.name);
  }
});

Deno.test("rows of a pair differ in what their claim is about, and in nothing that it does not name", () => {
  const measured = (row: Row) => ({ row, protocol: protocolOf(row.evaluations, PAPER_PROTOCOL) });
  for (const claim of claims as readonly Claim[]) {
    const apart = claim.pairs.map(({ first, second }) =>
      differingFields(measured(first), measured(second))
    );
    for (const fields of apart) assert.ok(fields.includes(claim.varies[0]), claim.name);
    const all = new Set<Field>(apart.flat());
    assert.deepEqual([...all].sort(), [...claim.varies].sort(), claim.name);
  }
});

Deno.test("claims have names of their own, and no pair twice", () => {
  const names = claims.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, pairs } of claims as readonly Claim[]) {
    const rows = pairs.map(({ first, second }) => JSON.stringify([first, second]));
    assert.equal(new Set(rows).size, rows.length, name);
  }
});
