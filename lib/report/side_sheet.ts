/** Reproductions side by side as sheets: one for each table, a row for each error. */
import { firstOf } from "../errors.ts";
import { count, fixed } from "../numbers.ts";
import { SIGNIFICANT } from "../results/pairwise.ts";
import type { Origin } from "../results/origin.ts";
import type { CellComparison, SideBySide, SideCell, SideRow } from "../results/side_by_side.ts";
import type { ErrorName } from "../results/side_difference.ts";
import { truncated } from "./fold.ts";
import { type FlatRecord, rounded } from "./records.ts";
import { headLine } from "./results_sheet.ts";
import { cell, type Sheet, type SheetCell, type SheetRow } from "./sheet.ts";
import { decimalsFor, differenceText, MISSING, probability, titleOf } from "./words.ts";

/** What is known of each side besides its results, in the order of the sides. */
export interface SideFacts {
  /** Its setup, in words. */
  readonly setup: string;
  readonly origin: Origin;
  /** Identifies a bundle; absent for a folder of results. */
  readonly fingerprint?: string;
}

/** Tables side by side, one sheet for each. */
export function sideSheets(found: SideBySide, facts: readonly SideFacts[]): Sheet[] {
  const tables = Map.groupBy(found.rows, ({ table }) => table.name);
  const caption = [...captionOf(found), ...found.sides.map((_, i) => aboutSide(found, facts, i))];
  return [...tables].map(([name, rows]) => {
    const { table } = rows[0]!;
    const isPair = found.sides.length === 2;
    return {
      name: `${name}-beside`,
      title: `${truncated(titleOf(table), LONGEST)}, side by side`,
      caption,
      notes: few([...protocolNotes(rows), ...leftOutNotes(rows), ...found.missing]),
      columns: [
        ...["left", "left"] as const,
        ...found.sides.map(() => "right" as const),
        ...isPair ? ["right", "left"] as const : ["left"] as const,
      ],
      header: headerOf(found.sides.length, isPair),
      body: inGroups(rows.map((row) => row.cells.map((each, i) => rowOf(row, each, i, isPair)))),
      records: rows.flatMap((row) => recordsOfRow(found, row)),
    };
  });
}

/** One group for each row of the table; all rows in one where each has one error. */
function inGroups(rows: readonly SheetRow[][]): readonly SheetRow[][] {
  return rows.every(({ length }) => length === 1) ? [rows.flat()] : rows;
}

function headerOf(sides: number, isPair: boolean): SheetRow[] {
  const centred = (text: string, span: number) => cell(text, { span, align: "center" });
  return [
    [
      ...[cell(""), cell(""), centred("errors, %", sides)],
      isPair ? centred("2 - 1", 2) : cell(""),
    ],
    [
      ...[cell("row"), cell("error")],
      ...Array.from({ length: sides }, (_, i) => cell(String(i + 1))),
      ...isPair ? [cell("points"), cell("p")] : [cell("verdict")],
    ],
  ];
}

/** How errors are called. */
const ERRORS: Readonly<Record<ErrorName, string>> = { top1: "top-1", top5: "top-5" };

function rowOf(row: SideRow, each: SideCell, index: number, isPair: boolean): SheetCell[] {
  const decimals = decimalsOf(row);
  const marked = (i: number) => i > 0 && each.others[i - 1]!.verdict === "differs" ? "*" : "";
  return [
    cell(
      index === 0 ? truncated(`${row.row}: ${headLine(row.table, row.results[0]!)}`, LONGEST) : "",
    ),
    cell(ERRORS[each.error]),
    ...each.values.map((value, i) =>
      cell(value === undefined ? MISSING : fixed(value, decimals) + (isPair ? "" : marked(i)))
    ),
    ...isPair ? differenceCells(each.others[0]!, decimals) : [cell(verdictOf(each.others))],
  ];
}

function decimalsOf({ results }: SideRow): number {
  return decimalsFor(results[0]!.protocol.images);
}

function differenceCells(found: CellComparison, decimals: number): SheetCell[] {
  if (!("p" in found)) return [cell(MISSING), cell(VERDICTS[found.verdict])];
  const { pHolm } = found;
  return [
    cell(differenceText(found, decimals)),
    cell(
      found.verdict === "same"
        ? VERDICTS.same
        : probability(pHolm) + (pHolm < SIGNIFICANT ? "*" : ""),
    ),
  ];
}

/** Verdicts in a narrow column; the caption says what they mean. */
const VERDICTS: Readonly<Record<CellComparison["verdict"], string>> = {
  "same": "same",
  "within chance": "chance",
  "differs": "differs",
  "other protocol": "protocol",
  "not measured": MISSING,
};

/** What all of the others say; of several, which of them. */
function verdictOf(others: SideCell["others"]): string {
  const verdicts = Map.groupBy(others.entries(), ([, { verdict }]) => verdict);
  if (verdicts.size === 1) return VERDICTS[others[0]!.verdict];
  return [...verdicts].map(([verdict, found]) =>
    `${found.map(([i]) => i + 2).join(" ")} ${VERDICTS[verdict]}`
  ).join("\n");
}

/** What was tested, and how. */
function captionOf({ sides, tested, rows, keys }: SideBySide): string[] {
  const tests = new Set(
    rows.flatMap(({ cells }) => cells).flatMap(({ others }) => others).flatMap((each) =>
      "test" in each ? [each.test] : []
    ),
  );
  const hasSeeds = sides.filter(({ contexts }) => contexts.length > 1).length > 1;
  const named = [
    ...tests.has("paired") ? ["McNemar's exact test on the same images"] : [],
    ...tests.has("two proportions") ? ["a score test of two proportions on different images"] : [],
  ].join(", ");
  return [
    ...tested === 0 ? [] : [
      `Differences from 1, top-1 and top-5 errors in points, with 95 % intervals. p: ${named}` +
      `${hasSeeds ? ", or Student's or Welch's test over the seeds, the larger" : ""}, corrected ` +
      `for ${count(tested, "cell")} (Holm); * marks p < 0.05, other numbers than chance allows.`,
    ],
    "Same: equal guesses, ranks and confidence of each image. Protocol: another one, not compared.",
    ...keys.map(({ first, shared, sameSeeds, sameImages }, i) =>
      `${shared} of ${first} runs of 1 have the same keys in ${i + 2}` +
      (shared === first ? ": the same recipes, seeds and data." : `: ${
        [
          ...sameSeeds ? [] : ["other seeds"],
          ...sameImages ? [] : ["other images"],
          ...rows.some(({ protocols }) => protocols[i]!.length > 0) ? ["another protocol"] : [],
        ].join(", ") || "other rows"
      }.`)
    ),
  ];
}

/** `1: a.zip: small, seed 0; AMD EPYC, 2 cores, 24 GiB; commit 0123456789ab; fingerprint 0123...` */
function aboutSide({ sides }: SideBySide, facts: readonly SideFacts[], index: number): string {
  const { name, contexts } = sides[index]!;
  const { setup, origin: { machines, commits }, fingerprint } = facts[index]!;
  const seeds = truncated(contexts.map(({ seed }) => seed).join(" "), LONGEST);
  return [
    `${index + 1}: ${name}: ${truncated(setup, LONGEST)}, ${
      contexts.length === 1 ? "seed" : "seeds"
    } ${seeds}`,
    machines.length === 0 ? "unknown machine" : firstOf(machines, MOST_MACHINES),
    ...commits.length === 0 ? [] : [`commit ${firstOf(commits, MOST_MACHINES)}`],
    ...fingerprint === undefined ? [] : [`fingerprint ${fingerprint}`],
  ].join("; ") + ".";
}

/** Fields in a note, notes, and machines of a side at most; more are counted. */
const [MOST_FIELDS, MOST_NOTES, MOST_MACHINES] = [8, 20, 3];
/**
 * Longest title, row and list of seeds, longest field of a protocol, and longest note, letters: bundles are
 * strangers' files.
 */
const [LONGEST, LONGEST_FIELD, LONGEST_NOTE] = [200, 60, 1200];

/** How the protocols of others differ, each difference with the rows that have it. */
function protocolNotes(rows: readonly SideRow[]): string[] {
  const notes = rows.flatMap(({ row, protocols }) =>
    protocols.flatMap((fields, i) => {
      if (fields.length === 0) return [];
      const shown = fields.slice(0, MOST_FIELDS)
        .map(({ field, one, other }) =>
          `${truncated(field, LONGEST_FIELD)} ${truncated(other, LONGEST_FIELD)} (${
            truncated(one, LONGEST_FIELD)
          })`
        ).join(", ");
      const more = fields.length - MOST_FIELDS;
      return [{ row, text: `${i + 2} has ${shown}${more > 0 ? ` and ${more} more` : ""}` }];
    })
  );
  return [...Map.groupBy(notes, ({ text }) => text)].map(([text, found]) =>
    `Another protocol, not compared, in ${
      found.length === rows.length ? "all rows" : `row ${found.map(({ row }) => row).join(" ")}`
    } (1's values in brackets): ${text}.`
  );
}

/** Why rows have no number although their runs are done. */
function leftOutNotes(rows: readonly SideRow[]): string[] {
  return rows.flatMap(({ row, results }) =>
    results.flatMap((result, i) =>
      result?.comparison?.status === "left out"
        ? [`Row ${row} left out in ${i + 1}: ${result.comparison.reason}.`]
        : []
    )
  );
}

/** The first notes, and how many more there are. */
function few(notes: readonly string[]): string[] {
  const shown = notes.slice(0, MOST_NOTES).map((note) => truncated(note, LONGEST_NOTE));
  return notes.length <= MOST_NOTES ? shown : [...shown, `And ${notes.length - MOST_NOTES} more.`];
}

/** One record for each error of a row and each other side. */
function recordsOfRow({ sides }: SideBySide, row: SideRow): FlatRecord[] {
  return row.cells.flatMap(({ error, values, others }) =>
    others.map((other, i): FlatRecord => {
      const [one, two] = [row.results[0]!, row.results[i + 1]];
      const tested = "p" in other ? other : undefined;
      return {
        ...{
          table: row.table.name,
          row: row.row,
          head: truncated(headLine(row.table, one), LONGEST),
        },
        ...{ error: ERRORS[error], first: sides[0]!.name, second: sides[i + 1]!.name },
        ...{ first_error: rounded(values[0]), second_error: rounded(values[i + 1]) },
        ...{ first_seeds: one.seeds.length, second_seeds: two?.seeds.length ?? 0 },
        ...{ first_run: one.runs.join(" "), second_run: two?.runs.join(" ") },
        verdict: other.verdict,
        difference: rounded(tested?.points),
        difference_low: rounded(tested?.interval.low),
        difference_high: rounded(tested?.interval.high),
        ...{ test: tested?.test, p: tested?.p, p_holm: tested?.pHolm },
        other_protocol: truncated(
          row.protocols[i]!.map(({ field, one, other }) => `${field} ${other} (${one})`).join("; "),
          LONGEST_NOTE,
        ),
      };
    })
  );
}
