import assert from "node:assert/strict";
import claims from "../../experiments/claims.ts";
import { setups } from "../../experiments/mod.ts";
import type {
  Claim,
  ClaimResult,
  ClaimsResult,
  ClaimStatus,
  PairResult,
} from "../../lib/results/claims.ts";
import { differenceOf } from "../../lib/results/paired_difference.ts";
import { departures } from "../../lib/results/protocol.ts";
import { claimsSheet, summaryOfMeasured } from "../../lib/report/claims_sheet.ts";
import { markdown } from "../../lib/report/markdown.ts";
import { terminal } from "../../lib/report/terminal.ts";
import { discordant } from "../support/discordant.ts";
import { assertSnapshot } from "../support/snapshot.ts";

type Judgement = Partial<Omit<PairResult, "pair">>;

/** A claim that was judged so: pair by pair, the last as all the others. */
function judged(name: string, status: ClaimStatus, ...judgements: Judgement[]): ClaimResult {
  const claim = (claims as readonly Claim[]).find((claim) => claim.name === name)!;
  const pairs = claim.pairs.map((pair, at): PairResult => ({
    ...{
      pair,
      status: "undecided",
      contradictedAfterCorrection: false,
      underTrained: false,
      missing: [],
    },
    ...judgements[Math.min(at, judgements.length - 1)],
  }));
  return { claim, status, pairs };
}

function resultOf(
  claims: readonly ClaimResult[],
  { setup = setups.small, images = 2000, seeds = 1 } = {},
): ClaimsResult {
  const dataset = { name: setup.dataset, classes: 20, images };
  return { setup, dataset, departures: departures(setup, setups.paper), seeds, claims };
}

const difference = (images: number, onlyFirst: number, onlySecond: number) => {
  const [first, second] = discordant(images, onlyFirst, onlySecond);
  return differenceOf([first], [second]);
};

Deno.test("claims on a terminal: a claim, its pairs, their differences and what would decide", () => {
  const sheet = claimsSheet(resultOf([
    judged("lrn", "undecided", {
      ...{ published: 0.1, difference: difference(2000, 30, 30), imagesToDecide: 9414 },
    }),
    judged(
      "context",
      "contradicted",
      {
        ...{ status: "holds", published: -1.1, difference: difference(2000, 20, 100) },
      },
      { published: -1.3, missing: ["table3"] },
      {
        ...{ status: "contradicted", published: -1.7, difference: difference(2000, 100, 40) },
        ...{ contradictedAfterCorrection: true, underTrained: true },
      },
    ),
  ]));
  assertSnapshot(terminal(sheet), "claims.txt");
  assertSnapshot(markdown(sheet), "claims.md");
  assert.equal(
    sheet.notes[2],
    "0 of 2 claims hold, 1 undecided, 1 contradicted; scenes, 2,000 images, 1 seed.",
  );
});

Deno.test("claims with rows that are not measured are not counted beside those that are", () => {
  const measured = { difference: difference(2000, 30, 30) };
  const unmeasured = judged("context", "undecided", measured, { missing: ["table3"] });
  // its controls are not measured, and do not count
  const depth = judged("depth", "holds", ...[1, 2, 3, 4].map(() => measured), {});
  assert.equal(depth.pairs.filter(({ pair }) => pair.control).length, 3);
  const some = resultOf([
    ...[judged("lrn", "holds", measured), unmeasured],
    ...[judged("fusion", "undecided", measured), judged("two-best", "contradicted", measured)],
  ]);
  assert.equal(
    summaryOfMeasured(some),
    "1 of 3 hold (lrn), 1 undecided, 1 contradicted (two-best); scenes, 2,000 images, 1 seed.",
  );
  const missing = { pairs: depth.pairs.map((pair) => ({ ...pair, ...isControl(pair) })) };
  assert.equal(
    summaryOfMeasured(resultOf([{ ...depth, ...missing }], { seeds: 3 })),
    "1 of 1 hold (depth), 0 undecided, 0 contradicted; scenes, 2,000 images, 3 seeds.",
  );
  assert.equal(summaryOfMeasured(resultOf([unmeasured])), undefined);
});

/** What a control has that is not measured. */
function isControl({ pair }: PairResult) {
  return pair.control ? { missing: ["initialisation"] } : {};
}

Deno.test("all claims: the paper's conclusions in signs, and all fits in 80 columns", () => {
  const sheet = claimsSheet(resultOf(claims.map(({ name }) =>
    judged(name, "undecided", {
      difference: difference(200, 30, 60),
      imagesToDecide: 123_456,
    })
  )));
  assertSnapshot(terminal(sheet), "all_claims.txt");
  const text = terminal(sheet);
  assert.deepEqual(text.split("\n").filter((line) => [...line].length > 80), []);
  for (const { sentence } of claims) assert.ok(markdown(sheet).includes(`"${sentence}".`));
});

/** The note on a claim, after the paper's sentence. */
function wordOf(claim: ClaimResult): string {
  return claimsSheet(resultOf([claim])).notes[0]!.split('". ')[1]!;
}

Deno.test("a word on each claim says what decided it, and what it lacks", () => {
  const against = { status: "contradicted", contradictedAfterCorrection: true } as const;
  assert.equal(wordOf(judged("lrn", "holds", { status: "holds" })), "Holds.");
  assert.equal(wordOf(judged("lrn", "undecided")), "Undecided.");
  assert.equal(wordOf(judged("lrn", "contradicted", against)), "Contradicted: not A-LRN ≥ A.");
  assert.equal(wordOf(judged("context", "holds", { status: "holds" })), "Holds.");
  assert.equal(
    wordOf(judged("context", "contradicted", { status: "holds" }, { ...against, note: "for a" })),
    "Contradicted: 1 of 3 hold; not S 384: D < C, S [256;512]: D < C (for a).",
  );
  assert.equal(
    wordOf(judged("context", "undecided", { status: "contradicted" }, { note: "needs this" })),
    "Undecided: 0 of 3 hold; not S 256: D < C; S 384: D < C, S [256;512]: D < C (needs this); " +
      "with 3 pairs, one contradiction may be chance.",
  );
  assert.equal(
    wordOf(judged("multi-crop", "undecided", { missing: ["table5"], note: "needs that" })),
    "Undecided: 0 of 2 hold; needs that.",
  );
});

Deno.test("a caption says on what claims are tested: on ImageNet only where that is so", () => {
  const captionOf = (how: Parameters<typeof resultOf>[1]) =>
    claimsSheet(resultOf([judged("lrn", "undecided")], how)).caption.join(" ");
  const bfloat16 = {
    ...setups.paper,
    train: { ...setups.paper.train, precision: "bfloat16" },
  } as const;
  assert.match(
    captionOf({}),
    /2,000 validation images; setup "small" .* 1 seed\. The claims .* not on Image/,
  );
  assert.match(captionOf({ setup: bfloat16 }), /not under the paper's own setup/);
  assert.doesNotMatch(captionOf({ setup: setups.paper }), /The claims are tested with this setup/);
  assert.match(captionOf({}), /describe these trained nets/);
  assert.match(captionOf({ seeds: 3 }), /3 seeds\..* and Student's over the seeds/);
  const missing = resultOf([judged("lrn", "undecided", { missing: ["table3"] })]);
  assert.match(claimsSheet(missing).caption.join(" "), /run the command named in the note/);
});

Deno.test("from 10,000 images on an image is a hundredth of a point or less, and shown", () => {
  const sheet = claimsSheet(resultOf([
    judged("lrn", "holds", { status: "holds", difference: difference(50_000, 400, 550) }),
  ], { images: 50_000 }));
  assert.equal(sheet.body[0]![1]![1]!.text, "-0.30 [-0.42;-0.18]");
});

Deno.test("an end of an interval that rounds to 0 has no sign", () => {
  const tiny = { ...difference(2000, 30, 60), interval: { low: -0.04, high: 0.2 } };
  const sheet = claimsSheet(resultOf([judged("lrn", "undecided", { difference: tiny })]));
  assert.equal(sheet.body[0]![1]![1]!.text, "-1.5 [0.0;0.2]");
});

Deno.test("seeds that leave a pair open are named in place of images", () => {
  const open = { ...difference(2000, 20, 30), from: "seeds" } as const;
  const sheet = claimsSheet(resultOf([judged("lrn", "undecided", { difference: open })]));
  assert.equal(sheet.body[0]![1]!.at(-1)!.text, "undecided\nmore seeds");
});

Deno.test("a record for each pair, with the status of its claim", () => {
  const [record] = claimsSheet(resultOf([
    judged("depth", "undecided", {
      ...{ published: -0.9, difference: difference(2000, 20, 30), imagesToDecide: 7847 },
    }),
  ])).records;
  const { low, high, p, ...rest } = record!;
  assert.deepEqual([low, high], [-1.23, 0.2]); // Tango's, in SciPy
  assert.equal(Number(p).toFixed(6), "0.202639"); // scipy.stats.binomtest(20, 50).pvalue
  assert.deepEqual(rest, {
    ...{ claim: "depth", section: "4.1", claim_status: "undecided", pair: "B < A" },
    ...{ relation: "lower", control: "false", first: "B/256/256 dense", second: "A/256/256 dense" },
    ...{ status: "undecided", difference: -0.5, interval_from: "images" },
    ...{ only_first: 20, only_second: 30, images_to_decide: 7847, paper_difference: -0.9 },
    ...{ under_trained: "false", note: undefined, images: 2000, classes: 20 },
    ...{ dataset: "scenes", setup: "small", seeds: 1 },
  });
});
