/** The rows of a study: every combination of the values in its grid. */
import {
  evaluations as evaluationsOf,
  net,
  oneScale,
  threeScales,
} from "../../experiments/protocol.ts";
import { UsageError, UserError } from "../errors.ts";
import {
  type Combination,
  type ConfigName,
  type EvalRun,
  formatS,
  type Method,
  type NetLayers,
  type Row,
  type RowSetup,
  type Table,
  type TrainRun,
  type TrainScale,
} from "../experiment.ts";
import { key } from "../key.ts";
import { formatNumber } from "../numbers.ts";
import { PAPER_CROP } from "../vgg/images.ts";
import type { Setup } from "../setup.ts";
import { rowFault, tableFault } from "../tables/check.ts";
import { namedLayers, ownNet } from "../tables/own_net.ts";
import { combinationsOf, type FieldValue, type GridStudy, type Scales } from "../tables/study.ts";
import { withChanges } from "./overrides.ts";

/** A row of a study. */
export type StudyRow = Row & { readonly combination: Combination };

/** Combinations that need no leave, and combinations that are too many in any case. */
const [MOST_UNASKED, MOST] = [10_000, 1_000_000];

/** Lists of a grid that are no fields of a setup, and what they are if they are absent. */
const USUAL = { config: ["A"], S: [256], Q: ["one"], method: ["dense"] } as const;

/** The value of a list, its place in it, and its name for people. */
interface Choice {
  readonly value: unknown;
  readonly name: string | number;
}

/** What a study is expanded under. */
export interface Expanding {
  readonly setup: Setup;
  /** The file's name as the user wrote it. */
  readonly word: string;
  /** Whether the user has asked for as many rows as there are. */
  readonly isAllowed: boolean;
  /** The first of the study's seeds, if the command line does not say how many; else absent. */
  readonly firstSeed?: number;
}

/**
 * A study as a table: a row for each combination, those that are the same experiment once.
 *
 * @throws {UserError} See `rowsOfStudy`.
 */
export async function tableOfStudy(study: GridStudy, expanding: Expanding): Promise<Table> {
  const rows = await rowsOfStudy(study, expanding);
  const known = new Map<string, StudyRow>();
  for (const row of rows) {
    const { setup: { train, evaluate } = expanding.setup, seeds } = row.combination;
    const context = { train, evaluate, seed: 0, data: "" };
    const keys = row.evaluations.map((run) => key(run, context)).sort();
    const content = [...keys, ...seeds ?? []].join();
    if (!known.has(content)) known.set(content, row);
  }
  return {
    ...{ name: study.name, caption: study.caption, headings: ["config"] },
    rows: [...known.values()],
    study: { repeated: rows.length - known.size },
  };
}

/**
 * Expands a study's grid. Its size is counted first.
 *
 * @throws {UserError} There are too many, or a value or a combination of values is no experiment.
 */
export async function rowsOfStudy(
  study: GridStudy,
  { setup, word, isAllowed, firstSeed }: Expanding,
): Promise<readonly StudyRow[]> {
  const refuse = (fault: string) => new UserError(`Cannot read a study from "${word}": ${fault}`);
  mustBeFew(combinationsOf(study.grid), { word, isAllowed });
  const grid: Readonly<Record<string, readonly unknown[]>> = {
    ...Object.fromEntries(Object.entries(study.grid).map(([axis, values]) => [axis, values!])),
    ...Object.fromEntries(
      Object.entries(USUAL).filter(([axis]) => !Object.hasOwn(study.grid, axis)),
    ),
  };
  const axes = Object.keys(grid);
  const fields = axes.filter((axis) => !Object.hasOwn(USUAL, axis) && axis !== "seed");
  const drawn = fields.find((field) => /^(scenes\b|dataset$)/.test(field));
  if (drawn !== undefined) {
    throw refuse(
      `grid.${drawn}: rows of a study are of the same images; make a study for each data set, with ` +
        "--dataset or --set",
    );
  }
  const set = changedFields(setup).find((field) => fields.includes(field));
  if (set !== undefined) {
    throw new UsageError(
      `--set ${set} does nothing here: the grid of "${word}" lists values of ${set}; leave it out of ` +
        `--set, or remove grid.${set}`,
    );
  }
  const choices = axes.map((axis) =>
    grid[axis]!.map((value): Choice => ({ value, name: nameOf(axis, value) }))
  );
  await mustFit(grid, fields, { setup, refuse });

  const setups = new Map<string, RowSetup>();
  function setupWith(changes: string): RowSetup {
    const known = setups.get(changes);
    if (known !== undefined) return known;
    const { name, train, evaluate } = withChanges(setup, changes);
    // a field of the grid replaces that of --set
    const before = setup.changes?.split(",").filter((text) =>
      !fields.includes(text.split("=")[0]!)
    );
    const all = [...before ?? [], changes].join(",");
    const made = { name, changes: all, train, evaluate };
    setups.set(changes, made);
    return made;
  }

  const shared = firstSeed === undefined || study.seeds === undefined
    ? undefined
    : Array.from({ length: study.seeds }, (_, i) => firstSeed + i);

  // one object for each net: keys are found again by it
  const nets = new Map<string, TrainRun>();
  function netAt(config: unknown, S: TrainScale): TrainRun {
    const name = JSON.stringify([config, S]);
    const made = nets.get(name) ??
      (typeof config === "string" ? net(config as ConfigName, S) : ownNet(config as NetLayers, S));
    nets.set(name, made);
    return made;
  }

  return combinations(choices).map((chosen): StudyRow => {
    const values = Object.fromEntries(axes.map((axis, i) => [axis, chosen[i]!.name]));
    const at = Object.fromEntries(axes.map((axis, i) => [axis, chosen[i]!.value]));
    const inWords = axes.map((axis) => `${axis} = ${values[axis]}`).join(", ");
    try {
      const changes = fields.map((field) => change(field, at[field])).join(",");
      const own = changes === "" ? undefined : setupWith(changes);
      const seeds = at.seed === undefined ? shared : [at.seed as number];
      const scale = at.S as TrainScale;
      const evaluations = evaluationsOf(
        netAt(at.config, scale),
        testScales(at.Q as Scales, scale),
        ...[at.method as Method].flat(),
      );
      const fault = rowFault({ rows: [{ evaluations }] }, own ?? setup);
      if (fault === undefined) {
        return {
          evaluations,
          combination: {
            values: { ...values, Q: scalesOf(evaluations) },
            ...own && { setup: own },
            ...seeds && { seeds },
          },
        };
      }
      throw refuse(`the combination ${inWords}: ${fault.replace(/^rows\[0\]\.evaluations/, "")}`);
    } catch (error) {
      if (error instanceof UsageError) {
        throw refuse(`the combination ${inWords}: ${error.message}`);
      }
      throw error;
    }
  });
}

function mustBeFew(
  count: number,
  { word, isAllowed }: { readonly word: string; readonly isAllowed: boolean },
) {
  if (count > MOST) {
    throw new UserError(
      `Cannot carry out the study "${word}": its grid has ${
        formatNumber(count)
      } combinations, and ` +
        `${formatNumber(MOST)} are the most; shorten its lists`,
    );
  }
  if (count <= MOST_UNASKED || isAllowed) return;
  throw new UsageError(
    `The grid of "${word}" has ${
      formatNumber(count)
    } combinations, a row each: shorten its lists, or ` +
      "add --yes if that is meant; --dry-run --yes says what it costs",
  );
}

/** The fields that a setup's changes name; the precision may follow from the machine. */
function changedFields({ changes = "" }: Setup): string[] {
  return changes.split(",").map((change) => change.split("=", 1)[0]!)
    .filter((field) => field !== "precision");
}

/** Refuses values that are wrong by themselves, with their place in the grid. */
async function mustFit(
  grid: Readonly<Record<string, readonly unknown[]>>,
  fields: readonly string[],
  { setup, refuse }: { readonly setup: Setup; readonly refuse: (fault: string) => UserError },
) {
  const scales = (axis: "S" | "Q") =>
    grid[axis]!.forEach((value, i) => {
      const low = [value].flat().find((scale) => typeof scale === "number" && scale < PAPER_CROP);
      if (low === undefined) return;
      throw refuse(
        `grid.${axis}[${i}] is ${low}: the least scale is ${PAPER_CROP}, the side of the crop in the ` +
          "paper's pixels, whatever the setup's",
      );
    });
  scales("S");
  scales("Q");
  for (const [i, config] of grid.config!.entries()) {
    if (typeof config === "string") continue;
    const rows = [{ evaluations: evaluationsOf(ownNet(config as NetLayers, 256), [256], "dense") }];
    const fault = await tableFault(
      { name: "grid", caption: "", headings: ["config"], rows },
      setup,
    );
    if (fault === undefined) continue;
    throw refuse(`grid.config[${i}]: ${fault.replace(/^rows\[0\]\.evaluations\[0\]\.net\./, "")}`);
  }
  fields.forEach((field, place) => {
    // a field may be one of a rule that an earlier list chooses
    const before = fields.slice(0, place).map((other) => change(other, grid[other]![0]));
    grid[field]!.forEach((value, i) => {
      try {
        withChanges(setup, [...before, change(field, value)].join(","));
      } catch (error) {
        if (error instanceof UserError) throw refuse(`grid.${field}[${i}]: ${error.message}`);
        throw error;
      }
    });
  });
}

/** A change of a field as `--set` takes it. */
function change(field: string, value: unknown): string {
  const text = Array.isArray(value) ? value.join(":") : String(value);
  return `${field}=${text.replaceAll(",", ":")}`;
}

function testScales(Q: Scales, S: TrainScale): readonly number[] {
  if (Q === "one") return oneScale(S);
  if (Q === "three") return threeScales(S);
  return typeof Q === "number" ? [Q] : Q;
}

/** The scales that a row is tested at, as tables have them. */
function scalesOf(evaluations: readonly EvalRun[]): string | number {
  const scales = [...new Set(evaluations.map(({ Q }) => Q))];
  return scales.length === 1 ? scales[0]! : scales.join(" ");
}

/** A value's name for people. */
function nameOf(axis: string, value: unknown): string | number {
  if (axis === "config" && typeof value === "object") return namedLayers(value as NetLayers).config;
  if (axis === "S") return typeof value === "number" ? value : formatS(value as TrainScale);
  if (axis === "method") return [value].flat().join(" & ");
  if (Array.isArray(value)) return value.join(axis === "Q" ? " " : ":");
  return value as Exclude<FieldValue, readonly number[]>;
}

/** Every combination of one choice of each list; the last list varies fastest. */
function combinations(choices: readonly (readonly Choice[])[]): Choice[][] {
  return choices.reduce<Choice[][]>(
    (begun, list) => begun.flatMap((chosen) => list.map((choice) => [...chosen, choice])),
    [[]],
  );
}
