import assert from "node:assert/strict";
import { evaluations, JITTERED, net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import {
  type Claim,
  judgeClaims,
  type PairResult,
  type Relation,
  type RowPair,
} from "../../lib/results/claims.ts";
import type { RowResult, TableResult } from "../../lib/results/row_result.ts";
import type { ConfigName, Method, Row } from "../../lib/experiment.ts";
import { departures, protocolOf } from "../../lib/results/protocol.ts";
import { discordant } from "../support/discordant.ts";

/** A row of one net at one test scale, and what it is called in a table. */
function row(config: ConfigName, { Q = 256, method = "dense" as Method, top1 = 0 } = {}): Row {
  const published = top1 === 0 ? {} : { top1 };
  return { evaluations: evaluations(net(config, 256), [Q], method), published };
}

/** Images that only the first of two rows got wrong, and only the second. */
type DiscordantCounts = readonly [onlyFirst: number, onlySecond: number];

/** Two rows and what was measured of them: counts for each seed, or none. */
interface MadeUp {
  readonly pair: RowPair;
  readonly seeds: readonly DiscordantCounts[];
  /** Why the first row is left out. */
  readonly reason?: string;
  /** Whether the second is, too. */
  readonly areBoth?: boolean;
}

const AB: RowPair = { first: row("B"), second: row("A") };
const CD: RowPair = { first: row("D"), second: row("C") };

/** Judges a claim about pairs of made-up rows, which are in tables of two. */
function judge(
  made: readonly MadeUp[],
  { relation = "lower" as Relation, images = 2000, varies = ["config", "init"], losses = {} }: {
    relation?: Relation;
    images?: number;
    varies?: readonly string[];
    losses?: Record<string, number>;
  } = {},
) {
  const claim: Claim = {
    ...{ name: "made-up", section: "0", sentence: "", relation },
    pairs: made.map(({ pair }) => pair),
    varies: varies as Claim["varies"],
  };
  const tables = made.map(({ pair, seeds, reason, areBoth = false }, at): TableResult => {
    const scores = seeds.map((counts) => discordant(images, ...counts));
    const results = [pair.first, pair.second].map((row, side): RowResult => ({
      row,
      protocol: protocolOf(row.evaluations, {
        ...{ setup: "small", dataset: "made up", split: "val", images, classes: 2 },
      }),
      ...scores.length > 0 && { measured: { top1: 50, top5: 0 } },
      ...reason !== undefined && (side === 0 || areBoth) &&
        { comparison: { status: "left out", reason }, isMeaningless: true },
      ...{ seeds: [], scores: scores.map((both) => both[side]!), runs: [] },
    }));
    return {
      table: { name: `table${at}`, caption: "", headings: ["config"], rows: [] },
      ...{ setup: small, dataset: { name: "made up", classes: 2, images } },
      ...{ departures: departures(small, paper), rows: results },
    };
  });
  return judgeClaims([claim], { tables, lossOf: ({ config }) => losses[config] })[0]!;
}

/** What becomes of one pair. */
function judgePair(
  counts: readonly DiscordantCounts[],
  how: Parameters<typeof judge>[1] = {},
): PairResult {
  const { status, pairs: [pair] } = judge([{ pair: AB, seeds: counts }], how);
  assert.equal(status, pair!.status); // a claim of one pair is that pair
  return pair!;
}

Deno.test("a lower error holds, is contradicted, or undecided: where is the whole interval?", () => {
  // intervals by Tango in SciPy: -3.02 to -1.04, 1.04 to 3.02, -1.23 to 0.20 points
  assert.equal(judgePair([[30, 70]]).status, "holds");
  assert.equal(judgePair([[70, 30]]).status, "contradicted");
  const { status, difference, imagesToDecide } = judgePair([[20, 30]]);
  assert.equal(status, "undecided");
  assert.deepEqual([difference!.points, difference!.from], [-0.5, "images"]);
  assert.equal(imagesToDecide, 7847); // Connor's formula in Python
});

Deno.test("equality has to be shown: no significant difference is not enough", () => {
  const equal = { relation: "equal" } as const;
  const open = judgePair([[30, 30]], equal); // within 0.78 points of none
  assert.deepEqual([open.status, open.difference!.p], ["undecided", 1]);
  assert.equal(open.imagesToDecide, 12_603); // each end at 90 %, by the same formula
  assert.equal(judgePair([[500, 500]], { ...equal, images: 50_000 }).status, "holds");
  assert.equal(judgePair([[100, 40]], equal).status, "contradicted"); // 1.87 to 4.20
  assert.equal(judgePair([[40, 100]], equal).status, "contradicted");
});

Deno.test("a significant difference within the margin is none to speak of", () => {
  // -0.3 points, -0.42 to -0.18
  const statusOf = (relation: Relation, counts: DiscordantCounts = [400, 550]) =>
    judgePair([counts], { relation, images: 50_000 }).status;
  assert.equal(statusOf("no lower"), "holds");
  assert.equal(statusOf("equal"), "holds");
  assert.equal(statusOf("lower"), "holds");
  assert.equal(statusOf("no higher", [550, 400]), "holds");
  assert.equal(statusOf("lower", [550, 400]), "contradicted");
});

Deno.test("no lower and no higher leave the other side free", () => {
  assert.equal(judgePair([[100, 40]], { relation: "no lower" }).status, "holds");
  assert.equal(judgePair([[40, 100]], { relation: "no lower" }).status, "contradicted");
  assert.equal(judgePair([[40, 100]], { relation: "no higher" }).status, "holds");
  assert.equal(judgePair([[100, 40]], { relation: "no higher" }).status, "contradicted");
});

Deno.test("equal errors decide nothing about which is lower, and name no number of images", () => {
  const { status, imagesToDecide } = judgePair([[30, 30]]);
  assert.deepEqual([status, imagesToDecide], ["undecided", undefined]);
  const { note } = judgePair([[500, 500]], { images: 50_000 });
  assert.equal(note, "a difference beyond ±0.5 points is excluded");
});

Deno.test("rows that differ in more than the claim is about are not subtracted", () => {
  const other: RowPair = { first: row("B", { Q: 224, method: "multi-crop" }), second: row("A") };
  const made = [{ pair: other, seeds: [[30, 70]] }] as const;
  const { status, pairs: [pair] } = judge(made);
  assert.deepEqual([status, pair!.status], ["undecided", "not comparable"]);
  assert.equal(pair!.difference, undefined);
  assert.equal(pair!.note, "rows differ in Q, method");
  const allowed = judge(made, { varies: ["config", "init", "Q", "methods"] });
  assert.equal(allowed.status, "holds");
  // B starts from A, A at random
  const notes = (["init", "config"] as const).map((field) =>
    judge([{ pair: AB, seeds: [[30, 70]] }], { varies: [field] }).pairs[0]!.note
  );
  assert.deepEqual(notes, ["rows differ in configuration", "rows differ in initialisation"]);
});

Deno.test("a control counts where it is measured, and only there", () => {
  const control: RowPair = { ...CD, control: true };
  const holds = { pair: AB, seeds: [[30, 70]] } as const;
  assert.equal(judge([holds, { pair: control, seeds: [] }]).status, "holds");
  assert.equal(judge([holds, { pair: control, seeds: [[30, 70]] }]).status, "holds");
  assert.equal(judge([holds, { pair: control, seeds: [[30, 31]] }]).status, "undecided");
  assert.equal(judge([holds, { pair: control, seeds: [[90, 20]] }]).status, "contradicted");
  // a pair of the paper's that is not measured leaves its claim open
  assert.equal(judge([holds, { pair: CD, seeds: [] }]).status, "undecided");
});

Deno.test("S and the layers that learn are told apart, too", () => {
  const jittered = evaluations(net("D", JITTERED), [256], "dense");
  const fine = jittered.map((run) => ({ ...run, net: { ...run.net, update: "fc" as const } }));
  const pair = {
    first: { evaluations: fine, published: {} },
    second: { evaluations: jittered, published: {} },
  };
  const [judgement] = judge([{ pair, seeds: [[30, 70]] }], { varies: ["config"] }).pairs;
  assert.equal(judgement!.note, "rows differ in layers that learn");
});

Deno.test("rows that are not measured leave a claim undecided, with the command that makes them", () => {
  const { status, pairs } = judge([{ pair: AB, seeds: [[30, 70]] }, { pair: CD, seeds: [] }]);
  assert.deepEqual(pairs.map((pair) => pair.status), ["holds", "undecided"]);
  assert.equal(status, "undecided");
  assert.deepEqual(pairs[1]!.missing, ["table1"]);
  assert.equal(pairs[1]!.note, "needs deno task table1");
  assert.equal(pairs[1]!.difference, undefined);
});

Deno.test("rows that are left out leave a claim undecided with the reason: to run them again is no help", () => {
  const reason = "B 256 is at chance";
  const { status, pairs } = judge([{ pair: AB, seeds: [], reason }, { pair: CD, seeds: [] }]);
  assert.equal(status, "undecided");
  // the second row of the pair is not measured, either
  assert.equal(pairs[0]!.note, "left out: B 256 is at chance; needs deno task table0");
  assert.deepEqual(pairs.map(({ leftOut }) => leftOut), [undefined, undefined]);
  const [only] = judge([{ pair: AB, seeds: [], reason, areBoth: true }]).pairs;
  assert.deepEqual([only!.missing, only!.leftOut], [["table0"], true]);
  assert.equal(only!.note, "left out: B 256 is at chance; B 256 is at chance");
});

Deno.test("of several seeds the wider interval decides, and more images would not help", () => {
  // each seed alone would decide; together they are -2, +2 and -4 points
  const seeds: DiscordantCounts[] = [[30, 70], [70, 30], [20, 100]];
  const { status, difference, imagesToDecide } = judgePair(seeds);
  assert.deepEqual([status, difference!.from, imagesToDecide], ["undecided", "seeds", undefined]);
  assert.equal(judgePair([[30, 70], [31, 69], [29, 71]]).status, "holds");
});

Deno.test("a claim holds where all of its pairs do", () => {
  const holds = { pair: AB, seeds: [[30, 70]] } as const;
  assert.equal(judge([holds, { pair: CD, seeds: [[30, 70]] }]).status, "holds");
  assert.equal(judge([holds, { pair: CD, seeds: [[20, 30]] }]).status, "undecided");
});

Deno.test("one pair contradicts a claim of many only at a confidence that allows for their number", () => {
  // 28 and 14: 0.07 to 1.39 points at 95 %, -0.03 to 1.50 at 97.5 %
  const weak = { pair: AB, seeds: [[28, 14]] } as const;
  const [alone] = judge([weak]).pairs;
  assert.deepEqual([alone!.status, alone!.contradictedAfterCorrection], ["contradicted", true]);
  const two = judge([weak, { pair: CD, seeds: [[30, 70]] }]);
  assert.deepEqual(
    two.pairs.map((
      { status, contradictedAfterCorrection },
    ) => [status, contradictedAfterCorrection]),
    [
      ["contradicted", false],
      ["holds", false],
    ],
  );
  assert.equal(two.status, "undecided");
  const strong = judge([{ pair: AB, seeds: [[70, 30]] }, { pair: CD, seeds: [[30, 70]] }]);
  assert.equal(strong.status, "contradicted");
});

Deno.test("a contradicted pair says whether the net that tests worse is under-trained", () => {
  const losses = { A: 0.3, B: 0.5 };
  const deeper = judgePair([[70, 30]], { losses });
  assert.equal(deeper.underTrained, true);
  assert.match(deeper.note!, /^final training losses: B 256 0\.50, A 256 0\.30; .* under-trained/);
  const overfitted = judgePair([[70, 30]], { losses: { A: 0.5, B: 0.3 } });
  assert.equal(overfitted.underTrained, false);
  assert.match(overfitted.note!, /not under-trained$/);
  // here it is the second row that tests worse
  const second = judgePair([[40, 100]], { relation: "no lower", losses: { A: 0.5, B: 0.3 } });
  assert.deepEqual([second.underTrained, second.note], [
    false,
    "final training losses: A 256 0.50, B 256 0.30",
  ]);
  for (const counts of [[30, 70], [20, 30]] as const) {
    const { underTrained, note } = judgePair([counts], { losses });
    assert.deepEqual([underTrained, note], [false, undefined]);
  }
});

Deno.test("the paper's own difference is that of its printed errors, or the one that it gives", () => {
  const published = (pair: RowPair) => judge([{ pair, seeds: [] }]).pairs[0]!.published;
  const printed = { first: row("B", { top1: 28.7 }), second: row("A", { top1: 29.6 }) };
  assert.equal(published(printed), -0.9); // 28.7 - 29.6 = -0.9000000000000021
  assert.equal(published({ ...AB, published: -7 }), -7);
  assert.equal(published(AB), undefined);
});
