/**
 * The quick check of shapes agrees with the one that explains what is wrong: on tables, studies and claims
 * that are right, and on thousands in which one place holds something else.
 */
import assert from "node:assert/strict";
import paperClaims from "../../experiments/claims.ts";
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import { net } from "../../experiments/protocol.ts";
import { claimsFlaw } from "../../lib/tables/claims_shape.ts";
import { ownNet } from "../../lib/tables/own_net.ts";
import { tableFlaw } from "../../lib/tables/shape.ts";
import { studyFlaw } from "../../lib/tables/study_shape.ts";
import { areClaims, isStudy, isTable } from "../../lib/tables/well_formed.ts";

type Path = readonly (string | number)[];

/** What someone may write in a wrong place. */
const ODD: readonly unknown[] = [
  ...[undefined, null, true, false, "", "A", "a b", "all", "lrn", "random", "dense", "S", "one"],
  ...[-1, 0, 0.5, 1, 2, 3, 15, 17, 101, 224, 10_001, 2 ** 53, NaN, Infinity],
  ...[[], [224], [224, 256], [1, 2, 3], ["A"], [[]], [["lrn"]], Array(1), Array(2)],
  ...[{}, { rows: [] }, { size: 3, channels: 64 }, { from: net("A", 256), layers: "all" }],
];

const EXTRA = { title: "t", test: "x", blocks: [[64]], dropout: 0.5, more: 1, batchNorm: 1 };

/** A copy of a value with something else at a path; a field that becomes undefined stays. */
function replaced(value: unknown, [next, ...rest]: Path, other: unknown): unknown {
  if (next === undefined) return other;
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<
    string | number,
    unknown
  >;
  copy[next] = replaced(copy[next], rest, other);
  return copy;
}

/** The paths of all parts of a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([name, part]) => {
      return pathsIn(part, [...path, Array.isArray(value) ? Number(name) : name]);
    }),
  ];
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce((part, name) => (part as Record<string | number, unknown>)[name], value);

/** A value with one part replaced, left out, or given another field. */
function* variantsOf(value: unknown): Generator<unknown> {
  for (const path of pathsIn(value)) {
    for (const other of ODD) yield replaced(value, path, other);
    const part = at(value, path);
    if (typeof part !== "object" || part === null || Array.isArray(part)) continue;
    for (const field of Object.keys(part)) {
      const { [field]: _, ...less } = part as Record<string, unknown>;
      yield replaced(value, path, less);
    }
    for (const [field, extra] of Object.entries(EXTRA)) {
      yield replaced(value, [...path, field], extra);
    }
  }
}

/** Asserts that both checks say the same of a value and of all its variants. @returns how many those are */
function mustAgree(
  value: unknown,
  isRight: (value: unknown) => boolean,
  flaw: (value: unknown) => string | undefined,
): number {
  assert.ok(isRight(value));
  assert.equal(flaw(value), undefined);
  let count = 0;
  for (const variant of variantsOf(value)) {
    const wrong = flaw(variant);
    assert.equal(isRight(variant), wrong === undefined, `${wrong}: ${Deno.inspect(variant)}`);
    count++;
  }
  return count;
}

const F = ownNet(
  {
    ...{ config: "F", batchNorm: 2, average: true, fc: [512], dropout: 0.5 },
    blocks: [[64, "lrn", { size: 5, channels: 64, stride: 2 }], [128]],
  },
  [256, 512],
  net("A", 256),
);

Deno.test("tables are well-formed where they have no flaw", () => {
  const count = mustAgree(
    {
      ...{ name: "mine", caption: "", headings: ["config", "Q"], columns: ["top1", "p"] },
      rows: [
        {
          evaluations: [{ net: { ...F, update: "fc" }, Q: 256, method: "dense" }],
          published: { top1: 20, testTop5: "merged" },
        },
        { title: "theirs", evaluations: [] },
      ],
      ...{ baseline: 1, quotes: true, note: "n", help: { summary: "s", about: "a" } },
    },
    isTable,
    tableFlaw,
  );
  assert.ok(count > 1000);
  for (const table of [...paperTables, ...sideExperiments]) assert.ok(isTable(table), table.name);
});

Deno.test("studies are well-formed where they have no flaw", () => {
  const count = mustAgree(
    {
      ...{ name: "mine", caption: "", seeds: 2 },
      grid: {
        config: ["A", { blocks: [[64]] }],
        ...{ S: [256, [256, 512]], Q: ["one", 256, [224, 256]], method: ["dense", ["dense"]] },
        ...{ seed: [0], dropout: [0, 0.5], "drops.at": [[0.5, 0.75], "0.5"] },
      },
    },
    isStudy,
    studyFlaw,
  );
  assert.ok(count > 500);
});

Deno.test("claims are well-formed where they have no flaw", () => {
  const row = { evaluations: [] };
  const claim = {
    ...{ name: "deeper", section: "4", sentence: "D is better", reading: "r", relation: "lower" },
    pairs: [{ first: row, second: row, published: 1, control: true }],
    varies: ["config"],
  };
  assert.ok(mustAgree([claim], areClaims, claimsFlaw) > 500);
  assert.ok(areClaims(paperClaims));
});
