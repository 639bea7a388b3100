/** Claims as a sheet: each claim with its pairs of rows, their differences and a verdict. */
import {
  type Claim,
  type ClaimResult,
  type ClaimsResult,
  type ClaimStatus,
  decidingPairs,
  type PairResult,
  type Relation,
} from "../results/claims.ts";
import { formatS, type Row } from "../experiment.ts";
import { type Field, nameWithChanges } from "../results/protocol.ts";
import { MARGIN, signed } from "../statistics/mod.ts";
import { configsOf, type FlatRecord, netsOf, rounded } from "./records.ts";
import { cell, type Sheet, type SheetRow } from "./sheet.ts";
import {
  capitalised,
  decimalsFor,
  differenceText,
  doubtNotes,
  measuredOn,
  MISSING,
  probability,
} from "./words.ts";
import { count, formatNumber } from "../numbers.ts";

/** Relations as signs. */
const SIGNS: Readonly<Record<Relation, string>> = {
  "lower": "<",
  "no lower": "≥",
  "no higher": "≤",
  "equal": "≈",
};

/** Draws judged claims as a sheet. */
export function claimsSheet(result: ClaimsResult): Sheet {
  const { dataset, claims } = result;
  return {
    name: "claims",
    title: "The paper's claims, by top-1 errors",
    caption: captionOf(result),
    notes: [...claims.map(noteOn), ...claims.length > 1 ? [summaryOf(result)] : []],
    columns: ["left", "right", "right", "right", "left"],
    header: [
      ["claim (section), rows", "difference, points", "paper", "p", "verdict"]
        .map((text) => cell(text)),
    ],
    body: claims.map((claim) => groupOf(claim, decimalsFor(dataset.images))),
    records: claims.flatMap((claim) => recordsOf(claim, result)),
  };
}

/** A claim's own row, and one for each of its pairs. */
function groupOf({ claim, status, pairs }: ClaimResult, decimals: number): SheetRow[] {
  const counts = pairs.length > 1 ? countOf(pairs) : "";
  const underTrained = having(pairs, "contradicted").every((pair) => pair.underTrained);
  return [
    [
      ...[`${claim.name} (${claim.section})`, counts, "", ""],
      status === "contradicted" && underTrained ? `${status}\n${UNDER_TRAINED}` : status,
    ],
    ...pairs.map((pair, at) => [
      `  ${labelOf(claim, at)}${pair.pair.control ? " (control)" : ""}`,
      pair.difference === undefined ? MISSING : differenceText(pair.difference, decimals),
      pair.published === undefined ? MISSING : signed(pair.published, 1),
      pair.difference === undefined ? MISSING : probability(pair.difference.p),
      [pair.status, ...needsOf(pair)].join("\n"),
    ]),
  ].map((texts) => texts.map((text) => cell(text)));
}

const UNDER_TRAINED = "under-trained";

/** `2 of 4 hold`; controls that are not measured do not count. */
function countOf(pairs: readonly PairResult[]): string {
  return `${having(pairs, "holds").length} of ${decidingPairs(pairs).length} hold`;
}

/** `11 of 13 claims hold, 2 undecided, 0 contradicted; scenes, 5,000 images, 3 seeds.` */
function summaryOf({ claims, ...result }: ClaimsResult): string {
  const number = (status: ClaimStatus) => `${withStatus(claims, status).length} ${status}`;
  return `${withStatus(claims, "holds").length} of ${claims.length} claims hold, ` +
    `${number("undecided")}, ${number("contradicted")}; ${basisOf(result)}.`;
}

/**
 * How many of the claims whose rows are measured hold, with their names; undefined if there are no such
 * claims: `2 of 6 hold (lrn, depth), 3 undecided, 1 contradicted (context); scenes, 5,000 images, 1 seed.`
 */
export function summaryOfMeasured({ claims, ...result }: ClaimsResult): string | undefined {
  const measured = claims.filter(({ pairs }) =>
    decidingPairs(pairs).every(({ difference }) => difference !== undefined)
  );
  if (measured.length === 0) return undefined;
  const named = (status: ClaimStatus, words: string) => {
    const those = withStatus(measured, status).map(({ claim }) => claim.name);
    return `${words}${those.length === 0 ? "" : ` (${those.join(", ")})`}`;
  };
  const [held, undecided, contradicted] = (["holds", "undecided", "contradicted"] as const)
    .map((status) => withStatus(measured, status).length);
  return `${named("holds", `${held} of ${measured.length} hold`)}, ${undecided} undecided, ` +
    `${named("contradicted", `${contradicted} contradicted`)}; ${basisOf(result)}.`;
}

function withStatus(claims: readonly ClaimResult[], status: ClaimStatus) {
  return claims.filter((claim) => claim.status === status);
}

/** What claims are judged by: `scenes, 5,000 images, 3 seeds`. */
function basisOf({ dataset, seeds }: Pick<ClaimsResult, "dataset" | "seeds">): string {
  return `${dataset.name}, ${count(dataset.images, "image")}, ${count(seeds, "seed")}`;
}

function having(pairs: readonly PairResult[], status: PairResult["status"]): PairResult[] {
  return pairs.filter((pair) => pair.status === status);
}

/** What a pair needs for a verdict. */
function needsOf({ status, missing, difference, ...pair }: PairResult): string[] {
  if (missing.length > 0) return [pair.leftOut ? "left out" : "not measured"];
  if (status === "contradicted" && pair.underTrained) return [UNDER_TRAINED];
  if (status !== "undecided") return [];
  if (pair.imagesToDecide !== undefined) return [`${roundedUp(pair.imagesToDecide)} images`];
  return difference?.from === "seeds" ? ["more seeds"] : [];
}

/** A planned number of images, rounded up to its accuracy of two digits. */
function roundedUp(images: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(images)) - 1);
  return formatNumber(Math.ceil(images / unit) * unit);
}

/** The label of a pair: `B < A`, or `S 384: E ≈ D` where a claim is about several S. */
function labelOf({ pairs, relation, varies: [subject] }: Claim, at: number): string {
  const { first, second } = pairs[at]!;
  const fields = CONTEXT.filter((field) =>
    field !== subject && textOf(first, field) === textOf(second, field) &&
    new Set(pairs.map(({ second }) => textOf(second, field))).size > 1
  );
  const context = fields.map((field) => textOf(first, field)).join(" ");
  const sameNets = textOf(first, "config") === textOf(second, "config");
  const side = (row: Row) =>
    row.title === undefined
      ? textOf(row, subject)
      : sameNets || row.evaluations.length > 1 || namesItsNet(row.title, textOf(row, "config"))
      ? row.title
      : `${textOf(row, "config")} ${row.title}`;
  const label = `${side(first)} ${SIGNS[relation]} ${side(second)}`;
  return context === "" ? label : `${fields[0] === "S" ? "S " : ""}${context}: ${label}`;
}

/** Whether a row's title begins with its net's name, which then needs no other mention. */
function namesItsNet(title: string, config: string): boolean {
  return title.startsWith(config) && !/^[\w-]/.test(title.slice(config.length));
}

/** What tells the pairs of a claim apart. */
const CONTEXT = ["config", "S", "methods"] as const;

/** A field of a row, short. */
function textOf(row: Row, field: Field): string {
  const { evaluations } = row;
  const unique = (values: readonly string[]) => [...new Set(values)];
  switch (field) {
    case "config":
      return configsOf(row);
    case "S":
      return unique(evaluations.map(({ net }) => formatS(net.S))).join(" ");
    case "Q":
      return `${new Set(evaluations.map(({ Q }) => Q)).size} Q`;
    case "methods":
      return unique(evaluations.map(({ method }) => method)).join(" & ");
    default:
      return netsOf(row).join(" ");
  }
}

/** The caption: what was measured, and the rules of judgement. */
function captionOf(result: ClaimsResult): string[] {
  const { departures, seeds, claims } = result;
  const elsewhere = departures.some(({ field }) => field === "dataset")
    ? "on ImageNet"
    : "under the paper's own setup";
  return [
    `Measured: ${measuredOn(result)}, ${count(seeds, "seed")}.`,
    ...doubtNotes(result),
    ...departures.length > 0
      ? [
        `The claims are tested with this setup and these images, not ${elsewhere}: a claim that ` +
        "is contradicted here may hold there, and the reverse.",
      ]
      : [],
    "Difference: top-1 error of the first row minus that of the second, with its 95 % interval. " +
    "Paper: the same difference as published. p: McNemar's exact test.",
    seeds > 1
      ? "The interval is the wider of two: Tango's over the images and Student's over the seeds. " +
        "p is over the images only."
      : "The interval (Tango) and p describe these trained nets on other images. To compare nets " +
        "of other seeds, add --seeds N.",
    `A pair holds if the whole interval is below 0 (<), above -${MARGIN} (≥), below ${MARGIN} (≤) or ` +
    `between -${MARGIN} and ${MARGIN} (≈). It is contradicted if the whole interval is outside that ` +
    "range. Otherwise it is undecided, with an estimate of the images that would decide it. A claim " +
    "holds if all its pairs hold. It is contradicted if one pair is contradicted at 95 % confidence " +
    "after Bonferroni's correction for the number of pairs.",
    ...claims.some(({ pairs }) => pairs.some(({ pair }) => pair.control))
      ? [
        "Pairs marked as controls are not the paper's: they exclude another cause of the " +
        "difference. They count only if they are measured.",
      ]
      : [],
    ...claims.some(({ pairs }) =>
        pairs.some(({ missing, leftOut }) => missing.length > 0 && !leftOut)
      )
      ? ["To measure missing rows, run the command named in the note with the same options."]
      : [],
  ];
}

/** A note on a claim: the paper's sentence, the verdict, and its reasons. */
function noteOn({ claim, status, pairs }: ClaimResult): string {
  const verdict = capitalised(status);
  const several = pairs.length > 1;
  const byChance = status === "undecided" && having(pairs, "contradicted").length > 0;
  const reasons = [
    ...several && status !== "holds" ? [countOf(pairs)] : [],
    ...remarksOn({ claim, pairs }),
    ...byChance && several ? [`with ${pairs.length} pairs, one contradiction may be chance`] : [],
  ];
  return [
    `${claim.name}: "${claim.sentence}".`,
    ...claim.reading === undefined ? [] : [`(${claim.reading})`],
    `${[verdict, reasons.join("; ")].filter(Boolean).join(": ")}.`,
  ].join(" ");
}

/** Remarks on pairs; pairs with the same remark are joined: `not B < A: ...`. */
function remarksOn({ claim, pairs }: Pick<ClaimResult, "claim" | "pairs">): string[] {
  const remarks = Map.groupBy(pairs.keys(), (at) => {
    const { status, note } = pairs[at]!;
    return JSON.stringify([status === "contradicted", note ?? ""]);
  });
  return [...remarks].flatMap(([remark, those]) => {
    const [contradicted, note] = JSON.parse(remark) as [boolean, string];
    const labels = those.map((at) => labelOf(claim, at)).join(", ");
    if (!contradicted && (note === "" || those.length === pairs.length)) return note || [];
    return `${contradicted ? "not " : ""}${labels}${note && ` (${note})`}`;
  });
}

/** A record for each pair of a claim. */
function recordsOf(result: ClaimResult, { setup, dataset, seeds }: ClaimsResult): FlatRecord[] {
  const { claim, pairs } = result;
  return pairs.map(({ pair, status, difference, published, ...rest }, at) => ({
    claim: claim.name,
    section: claim.section,
    claim_status: result.status,
    pair: labelOf(claim, at),
    relation: claim.relation,
    control: String(pair.control ?? false),
    first: nameOf(pair.first),
    second: nameOf(pair.second),
    status,
    difference: rounded(difference?.points),
    low: rounded(difference?.interval.low),
    high: rounded(difference?.interval.high),
    interval_from: difference?.from,
    p: difference?.p,
    only_first: rounded(difference?.pairs.onlyFirst),
    only_second: rounded(difference?.pairs.onlySecond),
    images_to_decide: rest.imagesToDecide,
    paper_difference: published,
    under_trained: String(rest.underTrained),
    note: rest.note,
    images: dataset.images,
    classes: dataset.classes,
    dataset: dataset.name,
    setup: nameWithChanges(setup),
    seeds,
  }));
}

/** A row in a record: its nets and methods. */
function nameOf(row: Row): string {
  return `${netsOf(row).join(" ")} ${textOf(row, "methods")}`;
}
