/**
 * Reproductions of the same tables side by side: the same keys, which cells differ, and whether by more
 * than chance. Other numbers of one protocol are told apart from numbers of another protocol.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import type { Context, Row, Table } from "../experiment.ts";
import { key } from "../key.ts";
import { formatNumber } from "../numbers.ts";
import { contextsOfRow, plan, plannedRun } from "../plan.ts";
import { holm } from "../statistics/mod.ts";
import { differencesBetween } from "./lineage.ts";
import { SIGNIFICANT } from "./pairwise.ts";
import type { FieldDifference } from "./protocol.ts";
import type { RowResult, TableResult } from "./row_result.ts";
import { areSame, type ErrorName, type SideDifference, sideDifference } from "./side_difference.ts";

/** A reproduction: results of tables, and what decided them. */
export interface Side {
  /** As the user named it. */
  readonly name: string;
  /** One for each seed. */
  readonly contexts: readonly Context[];
  readonly dataset: {
    readonly name: string;
    /** Names by label. */
    readonly classes: readonly string[];
    /** Numbers of images. */
    readonly train: number;
    readonly val: number;
    readonly fingerprint: string;
  };
  readonly results: readonly TableResult[];
  /** `[images]`: labels in its files; absent if it has none. */
  readonly labels?: Int32Array;
}

/** What a cell of one reproduction says beside the first's. */
export type CellComparison =
  /** One of the two has no number. */
  | { readonly verdict: "not measured" }
  /** Recipes or data differ: the numbers are not compared. */
  | { readonly verdict: "other protocol" }
  | SideDifference & {
    /** Equal guesses, ranks and confidence of each image; or as equal as chance makes them; or not. */
    readonly verdict: "same" | "within chance" | "differs";
    /** The p-value, corrected for all cells that were tested (Holm). */
    readonly pHolm: number;
  };

/** An error of a row in all reproductions. */
export interface SideCell {
  readonly error: ErrorName;
  /** In per cent, one for each side; undefined where it is not measured. */
  readonly values: readonly (number | undefined)[];
  /** Each side but the first, beside the first. */
  readonly others: readonly CellComparison[];
}

/** A row in all reproductions. */
export interface SideRow {
  readonly table: Table;
  /** Counted from 1, in the first. */
  readonly row: number;
  /** In the first, and in each other one; undefined where it has no such row. */
  readonly results: readonly (RowResult | undefined)[];
  /** Why the protocol of each other one is not the first's; empty if it is. */
  readonly protocols: readonly (readonly FieldDifference[])[];
  readonly cells: readonly SideCell[];
}

/** What the runs of another reproduction have in common with the first's. */
export interface SharedKeys {
  /** Runs of both behind their common tables, each once; those of the first; those of both. */
  readonly first: number;
  readonly other: number;
  readonly shared: number;
  readonly sameSeeds: boolean;
  /** Whether both were tested on the same images. */
  readonly sameImages: boolean;
}

/** Reproductions side by side. */
export interface SideBySide {
  readonly sides: readonly Side[];
  readonly rows: readonly SideRow[];
  /** Each side but the first. */
  readonly keys: readonly SharedKeys[];
  /** Tables and rows that not all of them have, in words. */
  readonly missing: readonly string[];
  /** Cells that were tested, and corrected for. */
  readonly tested: number;
}

/** Rows that are compared at most. */
export const MOST_ROWS = 10_000;

/** A cell before the correction. */
type Uncorrected = Exclude<CellComparison, { readonly pHolm: number }> | TestedCell;

interface TestedCell extends SideDifference {
  readonly isSame: boolean;
  /** Cells with the same name are the same: one row may be in several tables. */
  readonly cell: string;
}

/**
 * Sets reproductions side by side; the first is what the others are compared with. Rows are those of the
 * tables that all of them have.
 *
 * @throws {UserError} They have no table in common, or two contradict each other.
 */
export function sideBySide(sides: readonly Side[]): SideBySide {
  const [first, ...others] = sides as [Side, ...Side[]];
  for (const other of others) mustNotContradict(first, other);
  const names = first.results.map(({ table }) => table.name);
  const common = names.filter((name) => others.every((side) => resultNamed(side, name)));
  if (common.length === 0) throw new UserError(nothingInCommon(sides));
  const rows = common.reduce((sum, name) => sum + resultNamed(first, name)!.rows.length, 0);
  if (rows > MOST_ROWS) {
    throw new UserError(
      `Cannot compare ${formatNumber(rows)} rows: at most ${
        formatNumber(MOST_ROWS)
      } can stand side ` +
        "by side; bundle fewer tables",
    );
  }
  const tested = new Map<string, TestedCell>();
  const found = common.flatMap((name) => rowsOf(name, sides, tested));
  const corrected = holm([...tested.values()].map(({ p }) => p));
  const pHolm = new Map([...tested.keys()].map((cell, i) => [cell, corrected[i]!]));
  return {
    sides,
    rows: found.map(({ cells, ...row }) => ({
      ...row,
      cells: cells.map((cell) => ({
        ...cell,
        others: cell.others.map((each) => judged(each, pHolm)),
      })),
    })),
    keys: others.map((other) => sharedKeys(common, first, other)),
    missing: missingIn(sides, common),
    tested: tested.size,
  };
}

function judged(cell: Uncorrected, corrected: ReadonlyMap<string, number>): CellComparison {
  if (!("cell" in cell)) return cell;
  const { isSame, cell: name, ...difference } = cell;
  const pHolm = corrected.get(name)!;
  const verdict = isSame ? "same" : pHolm < SIGNIFICANT ? "differs" : "within chance";
  return { ...difference, pHolm, verdict };
}

/** @throws {UserError} Both have the same data, by its fingerprint, but other labels. */
function mustNotContradict(first: Side, other: Side) {
  if (!haveSameImages(first, other)) return;
  const [one, two] = [first.labels, other.labels];
  if (one === undefined || two === undefined) return;
  if (one.length === two.length && one.every((label, image) => label === two[image])) return;
  throw new UserError(
    `Cannot compare "${first.name}" with "${other.name}": the fingerprint of their data is the same, ` +
      "but their labels are not; at least one of them is not what it says",
  );
}

function haveSameImages(first: Side, other: Side): boolean {
  return first.dataset.fingerprint === other.dataset.fingerprint;
}

function resultNamed({ results }: Side, name: string): TableResult | undefined {
  return results.find(({ table }) => table.name === name);
}

function nothingInCommon(sides: readonly Side[]): string {
  const each = sides.map(({ name, results }) =>
    `"${name}" has ${results.map(({ table }) => table.name).join(" ")}`
  );
  return `Cannot compare bundles without a common table: ${
    each.join(", ")
  }; bundle the same tables`;
}

/** The rows of a table, as the first side lists them. Cells that were tested are added to `tested`. */
function rowsOf(name: string, sides: readonly Side[], tested: Map<string, TestedCell>) {
  const [first, ...others] = sides as [Side, ...Side[]];
  const { table, rows } = resultNamed(first, name)!;
  const finders = others.map((side) => new RowFinder(resultNamed(side, name)!));
  return rows.flatMap((result, index) => {
    if (result.row.evaluations.length === 0) return []; // a result of others
    const places = finders.map((finder) => finder.rowLike(result.row));
    const protocols = others.map((side, i) => {
      const place = places[i];
      return place === undefined ? [] : protocolDifferences(
        { side: first, row: result.row },
        { side, row: place.row },
      );
    });
    const errors = (["top1", "top5"] as const).filter((error) =>
      error === "top1" ||
      [result, ...places].some((place) => place?.measured?.[error] !== undefined)
    );
    const cells = errors.map((error) => ({
      error,
      values: [result, ...places].map((place) => place?.measured?.[error]),
      others: others.map((side, i): Uncorrected => {
        const place = places[i];
        if (protocols[i]!.length > 0) return { verdict: "other protocol" };
        if (result.measured?.[error] === undefined || place?.measured?.[error] === undefined) {
          return { verdict: "not measured" };
        }
        const twice = {
          ...{ first: result.scores, other: place.scores },
          sameImages: haveSameImages(first, side),
          sameSeeds: seedsOf(first, result.row) === seedsOf(side, place.row),
        };
        const cell = [i, error, ...result.runs, ...place.runs].join(" ");
        const known = tested.get(cell) ?? {
          ...sideDifference(twice, error),
          isSame: twice.sameImages && areSame(twice.first, twice.other),
          cell,
        };
        tested.set(cell, known);
        return known;
      }),
    }));
    return [{ table, row: index + 1, results: [result, ...places], protocols, cells }];
  });
}

/** Finds rows of a table: those of the same evaluations, or else of the same nets by name, and scales. */
class RowFinder {
  readonly #exact: Map<string, RowResult[]>;
  readonly #similar: Map<string, RowResult[]>;

  constructor({ rows }: TableResult) {
    this.#exact = Map.groupBy(rows, ({ row }) => experimentOf(row));
    this.#similar = Map.groupBy(rows, ({ row }) => lookOf(row));
  }

  /** The row like another one; undefined if there is none. */
  rowLike(row: Row): RowResult | undefined {
    const alike = this.#exact.get(experimentOf(row)) ??
      this.#similar.get(lookOf(row)) ?? [];
    return alike.find((other) => other.row.title === row.title) ?? alike[0];
  }
}

/** What decides the numbers of a row: its evaluations and, in a study, its values and its setup. */
function experimentOf({ evaluations, combination }: Row): string {
  return JSON.stringify([evaluations, combination]);
}

/** What a table shows of a row besides its title and errors. */
function lookOf({ evaluations, combination }: Row): string {
  const nets = evaluations.map(({ net, Q, method }) => [net.config, net.S, Q, method]);
  return JSON.stringify([nets, combination?.values]);
}

/** The seeds of a side, or of a row of it, which may have its own. */
function seedsOf({ contexts }: Side, row: Pick<Row, "combination"> = {}): string {
  return contextsOfRow(row, contexts).map(({ seed }) => seed).join(" ");
}

/** A row of one side. */
interface PlacedRow {
  readonly side: Side;
  readonly row: Row;
}

/** A field that is not a run's, but one of its data, in both. */
const DATA_FIELDS = {
  "data set": ({ dataset }: Side) => dataset.name,
  "classes": ({ dataset }: Side) => String(dataset.classes.length),
  "training images": ({ dataset }: Side) => String(dataset.train),
  "validation images": ({ dataset }: Side) => String(dataset.val),
  "names of classes": ({ dataset }: Side) => JSON.stringify(dataset.classes),
} as const;

/**
 * Every field in which the protocols of a row differ: those that name a run but for the seed and the
 * data's fingerprint, and the size and classes of the data. Other pictures of the same kind are no other
 * protocol, nor are other seeds.
 */
function protocolDifferences(first: PlacedRow, other: PlacedRow): FieldDifference[] {
  const data = Object.entries(DATA_FIELDS).flatMap(([field, of]) => {
    const [one, two] = [of(first.side), of(other.side)];
    if (one === two) return [];
    return field === "names of classes" ? [{ field, one: "its own", other: "other ones" }] : [
      { field, one, other: two },
    ];
  });
  const [one, two] = [first, other].map(({ side, row }) => {
    const context: Context = { ...contextsOfRow(row, side.contexts)[0]!, seed: 0, data: "" };
    return row.evaluations.map((run) => ({ run, context }));
  });
  const lengths = [one!.length, two!.length].map(String) as [string, string];
  if (lengths[0] !== lengths[1]) {
    return [...data, { field: "evaluations", one: lengths[0], other: lengths[1] }];
  }
  const found = one!.flatMap(({ run, context }, i) => {
    const { run: otherRun, context: otherContext } = two![i]!;
    if (key(run, context) === key(otherRun, otherContext)) return [];
    return differencesBetween(plannedRun(run, context), plannedRun(otherRun, otherContext));
  });
  const each = new Map(found.map((difference) => [JSON.stringify(difference), difference]));
  return [...data, ...each.values()];
}

/** How many runs behind tables have the same keys on both sides. */
function sharedKeys(names: readonly string[], first: Side, other: Side): SharedKeys {
  const [one, two] = [first, other].map((side) => {
    const tables = side.results.map(({ table }) => table).filter(({ name }) =>
      names.includes(name)
    );
    return new Set(plan(tables, side.contexts).map(({ key }) => key));
  }) as [Set<string>, Set<string>];
  return {
    ...{ first: one.size, other: two.size, shared: one.intersection(two).size },
    sameSeeds: seedsOf(first) === seedsOf(other),
    sameImages: haveSameImages(first, other),
  };
}

/** Tables and rows that some of the sides lack. */
function missingIn(sides: readonly Side[], common: readonly string[]): string[] {
  const [first, ...others] = sides as [Side, ...Side[]];
  const tables = sides.flatMap(({ name, results }) => {
    const alone = results.map(({ table }) => table.name).filter((table) => !common.includes(table));
    return alone.length === 0 ? [] : [`Not compared: ${alone.join(", ")} of ${name}.`];
  });
  const rows = others.flatMap((side) =>
    common.flatMap((name) => {
      const [one, two] = [resultNamed(first, name)!, resultNamed(side, name)!];
      const finder = new RowFinder(two);
      const lacking = one.rows.flatMap(({ row }, index) =>
        row.evaluations.length > 0 && finder.rowLike(row) === undefined ? [index + 1] : []
      );
      return lacking.length === 0
        ? []
        : [`${side.name} has no row like ${lacking.join(", ")} of ${name} in ${first.name}.`];
    })
  );
  return [...tables, ...rows];
}
