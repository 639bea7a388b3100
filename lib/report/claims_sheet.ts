/** Claims as a sheet: each with its pairs of rows, how far these are apart, and what that says. */
import {
  type Claim,
  type ClaimResult,
  type ClaimsResult,
  type ClaimStatus,
  decidingPairs,
  type PairResult,
  type Relation,
} from "../results/claims.ts";
import type { Difference } from "../results/paired_difference.ts";
import { formatS, type Row } from "../experiment.ts";
import { type Field, nameWithChanges } from "../results/protocol.ts";
import { MARGIN, signed } from "../statistics/mod.ts";
import { configsOf, type FlatRecord, netsOf, rounded } from "./records.ts";
import { cell, type Sheet, type SheetRow } from "./sheet.ts";
import { measuredOn, MISSING } from "./words.ts";
import { count, formatNumber } from "../numbers.ts";

/** Relations as signs. */
const SIGNS: Readonly<Record<Relation, string>> = {
  "lower": "<",
  "no lower": "≥",
  "no higher": "≤",
  "equal": "≈",
};

/** What became of claims as a sheet. */
export function claimsSheet(result: ClaimsResult): Sheet {
  const { dataset, claims } = result;
  return {
    name: "claims",
    title: "The paper's claims, by top-1 errors",
    caption: captionOf(result),
    notes: [...claims.map(wordOf), ...claims.length > 1 ? [summaryOf(result)] : []],
    columns: ["left", "right", "right", "right", "left"],
    header: [
      ["claim (section), rows", "difference, points", "paper", "p", "verdict"]
        .map((text) => cell(text)),
    ],
    body: claims.map((claim) => groupOf(claim, decimalsFor(dataset.images))),
    records: claims.flatMap((claim) => recordsOf(claim, result)),
  };
}

/** One image in so many is a hundredth of a point. */
const decimalsFor = (images: number) => images >= 10_000 ? 2 : 1;

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
      pair.difference === undefined ? MISSING : measured(pair.difference, decimals),
      pair.published === undefined ? MISSING : signed(pair.published, 1),
      pair.difference === undefined ? MISSING : probability(pair.difference.p),
      [pair.status, ...whyOf(pair)].join("\n"),
    ]),
  ].map((texts) => texts.map((text) => cell(text)));
}

const UNDER_TRAINED = "under-trained";

/** `2 of 4 hold`; controls that are not measured do not count. */
function countOf(pairs: readonly PairResult[]): string {
  return `${having(pairs, "holds").length} of ${decidingPairs(pairs).length} hold`;
}

/** `11 of 13 claims hold, 2 undecided, none contradicted; scenes, 5,000 images, 3 seeds.` */
function summaryOf({ claims, dataset, seeds }: ClaimsResult): string {
  const number = (status: ClaimStatus) => {
    return claims.filter((claim) => claim.status === status).length;
  };
  const [undecided, contradicted] = (["undecided", "contradicted"] as const).map((status) =>
    `${number(status) || "none"} ${status}`
  );
  return `${number("holds")} of ${claims.length} claims hold, ${undecided}, ${contradicted}; ` +
    `${dataset.name}, ${count(dataset.images, "image")}, ${count(seeds, "seed")}.`;
}

function having(pairs: readonly PairResult[], status: PairResult["status"]): PairResult[] {
  return pairs.filter((pair) => pair.status === status);
}

/** `-1.2 [-2.3;-0.1]`: the difference and its interval. */
function measured({ points, interval }: Difference, decimals: number): string {
  const ends = [interval.low, interval.high].map((end) => end.toFixed(decimals));
  return `${signed(points, decimals)} [${ends.join(";")}]`;
}

function probability(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

/** What a pair lacks for a clear verdict. */
function whyOf({ status, missing, difference, ...pair }: PairResult): string[] {
  if (missing.length > 0) return ["not measured"];
  if (status === "contradicted" && pair.underTrained) return [UNDER_TRAINED];
  if (status !== "undecided") return [];
  if (pair.imagesToDecide !== undefined) return [`${about(pair.imagesToDecide)} images`];
  return difference?.from === "seeds" ? ["more seeds"] : [];
}

/** Two digits are all that a planned number of images is good for; rounded up. */
function about(images: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(images)) - 1);
  return formatNumber(Math.ceil(images / unit) * unit);
}

/** What is said of a pair: `B < A`, or `S 384: E ≈ D` where a claim says it of several S. */
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
      : sameNets || row.evaluations.length > 1
      ? row.title
      : `${textOf(row, "config")} ${row.title}`;
  const said = `${side(first)} ${SIGNS[relation]} ${side(second)}`;
  return context === "" ? said : `${fields[0] === "S" ? "S " : ""}${context}: ${said}`;
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

/** What a reader must know: where this was measured, and by which rules it is judged. */
function captionOf(result: ClaimsResult): string[] {
  const { departures, seeds, claims } = result;
  const elsewhere = departures.some(({ field }) => field === "dataset")
    ? "on ImageNet"
    : "under the paper's own setup";
  return [
    `Measured: ${measuredOn(result)}, ${count(seeds, "seed")}.`,
    ...departures.length > 0
      ? [
        "So the paper's claims are tested at this scale and on these images, not " +
        `${elsewhere}: what is contradicted here may hold there, and the reverse.`,
      ]
      : [],
    "Difference: top-1 error of the first row minus the second's, and its 95 % interval; paper: the " +
    "same as it printed them; p: McNemar's exact test.",
    seeds > 1
      ? "The interval is the wider of Tango's, for the images, and Student's, for the seeds; p is of " +
        "the images alone."
      : "The interval (Tango's) and p are about these very nets on other images; how nets of other " +
        "seeds would compare takes --seeds N.",
    `A pair holds where the whole interval is below 0 (<), above -${MARGIN} (≥), below ${MARGIN} (≤) ` +
    "or between these (≈), and is contradicted where none of it is; otherwise so many images would " +
    "probably decide. A claim holds where all of its pairs do, and is contradicted where one is at " +
    "95 % corrected for their number (Bonferroni).",
    ...claims.some(({ pairs }) => pairs.some(({ pair }) => pair.control))
      ? [
        "Pairs marked as controls are not the paper's: they exclude another cause of the " +
        "difference, and count where they are measured.",
      ]
      : [],
    ...claims.some(({ pairs }) => pairs.some(({ missing }) => missing.length > 0))
      ? ["Where rows are not measured, a command is named that does it, given the same options."]
      : [],
  ];
}

/** A claim in the paper's words, and what became of it in ours. */
function wordOf({ claim, status, pairs }: ClaimResult): string {
  const verdict = `${status[0]!.toUpperCase()}${status.slice(1)}`;
  const several = pairs.length > 1;
  const byChance = status === "undecided" && having(pairs, "contradicted").length > 0;
  const reasons = [
    ...several && status !== "holds" ? [countOf(pairs)] : [],
    ...remarksOn({ claim, pairs }),
    ...byChance && several ? [`one of ${pairs.length} may be contradicted by chance`] : [],
  ];
  return [
    `${claim.name}: "${claim.sentence}".`,
    ...claim.reading === undefined ? [] : [`(${claim.reading})`],
    `${[verdict, reasons.join("; ")].filter(Boolean).join(": ")}.`,
  ].join(" ");
}

/** What there is to say of pairs, those together of which it is the same: `not B < A: ...`. */
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

/** A row for programs: its nets and methods. */
function nameOf(row: Row): string {
  return `${netsOf(row).join(" ")} ${textOf(row, "methods")}`;
}
