/** Compares what the plan of a bundle calls by a name of this version with what it is here. */
import type { Setup } from "../setup.ts";
import {
  type Combination,
  formatS,
  isImported,
  type Row,
  type RowSetup,
  type Table,
} from "../experiment.ts";
import { REAL_NAME } from "../datasets/ilsvrc2012/images.ts";
import { formatNumber } from "../numbers.ts";
import { departures } from "../results/protocol.ts";
import { type BundlePlan, PLAN } from "./contents.ts";
import type { Note, Problem } from "./problems.ts";

/** Setups and tables of this version. */
export interface KnownNames {
  /** The setup of a name with changes, as in `--set`; undefined if there is no such setup. */
  setupNamed(name: string, changes: string | undefined): Setup | undefined;
  readonly tables: readonly Table[];
}

/** What was found. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
}

/** Compares the setup, the data set and the tables of a plan with those of the same names. */
export function checkNames(plan: BundlePlan, known: KnownNames): Findings {
  const found = [
    checkSetup(plan, known),
    ...plan.tables.map((table) => checkTable(table, known)),
    ...plan.tables.map((table) => checkCombinations(table, known)),
  ];
  return {
    problems: found.flatMap(({ problems }) => problems),
    notes: [...found.flatMap(({ notes }) => notes), ...notesOnSize(plan.dataset)],
  };
}

/**
 * Classes and validation images of data sets that are published: Section 4 of the paper; arXiv 2006.07159,
 * Section 3; arXiv 1902.10811; Krizhevsky 2009; arXiv 1708.07747. The sizes of others are their owners'.
 */
const PUBLISHED: Readonly<Record<string, { readonly classes: number; readonly val: number }>> = {
  "ilsvrc2012": { classes: 1000, val: 50_000 },
  "ilsvrc2012-real": { classes: 1000, val: 46_837 },
  ...Object.fromEntries(
    ["matched-frequency", "threshold0.7", "top-images"]
      .map((set) => [`imagenetv2-${set}`, { classes: 1000, val: 10_000 }]),
  ),
  "cifar10": { classes: 10, val: 10_000 },
  "cifar100": { classes: 100, val: 10_000 },
  "fashion-mnist": { classes: 10, val: 10_000 },
};

function publishedSizes(name: string) {
  return Object.hasOwn(PUBLISHED, name) ? PUBLISHED[name]! : undefined;
}

/**
 * Why labels are not those of a data set; undefined where they may be. The validation images of drawn scenes
 * and of published sets are in an order in which classes take turns, with as many images each, so that all
 * labels follow from the name.
 */
export function labelFault(
  { name, classes: { length: classes }, val, doubts }: BundlePlan["dataset"],
  labels: Int32Array,
): string | undefined {
  const published = publishedSizes(name);
  const isKnown = name === "scenes" || (published?.classes === classes && published.val === val);
  // of ReaL's images some are left out, and so may those of a doubtful set be
  if (!isKnown || val % classes > 0 || doubts !== undefined || name === REAL_NAME) return undefined;
  const odd = labels.findIndex((label, image) => label !== image % classes);
  return odd < 0
    ? undefined
    : `its image ${odd} has the label ${labels[odd]}, that of "${name}" the label ${odd % classes}`;
}

/** Notes on a data set that has other sizes than the published one of its name: its images may be chosen. */
function notesOnSize({ name, classes, val }: BundlePlan["dataset"]): Note[] {
  const published = publishedSizes(name);
  if (published === undefined) return [];
  const found = { classes: classes.length, val };
  return (["classes", "val"] as const).flatMap((what) => {
    if (found[what] === published[what]) return [];
    const words = what === "val" ? "validation images" : what;
    return [note(
      `dataset "${name}" has ${formatNumber(found[what])} ${words}; the published one has ` +
        `${formatNumber(published[what])}`,
    )];
  });
}

function checkSetup({ setup, dataset }: BundlePlan, known: KnownNames): Findings {
  const problem = (reason: string): Problem => ({ kind: "name", file: PLAN, reason });
  const { name, changes, scenes } = setup;
  const own = known.setupNamed(name, changes);
  const other = own === undefined ? [] : departures(setup, own)
    .filter(({ field }) => field !== "dataset") // it has its own column
    .map(({ field, here, paper }) =>
      problem(`setup "${name}" has ${field} ${here}; in this version it is ${paper}`)
    );
  const others = own === undefined ? [] : (["note", "scenes", "sideBySide"] as const)
    .filter((field) => !isSame(setup[field], own[field]))
    .map((field) => problem(`setup "${name}" has another ${field}`));
  const sizes = [
    ...[["classes", dataset.classes.length], ["train", dataset.train], ["val", dataset.val]],
  ] as const;
  const otherSizes = dataset.name !== "scenes" || scenes === undefined
    ? []
    : sizes.flatMap(([what, size]) => {
      const made = scenes[what as keyof typeof scenes];
      return size === made ? [] : [
        problem(`dataset "scenes" has ${what} ${size}; the setup makes ${made}`),
      ];
    });
  return {
    problems: [...other, ...others, ...otherSizes],
    notes: own === undefined
      ? [note(`setup "${name}" is not one of this version's, so its fields were not compared`)]
      : [],
  };
}

function checkTable(table: Table, { tables }: KnownNames): Findings {
  const { name } = table;
  const own = tables.find((other) => other.name === name);
  if (own === undefined) {
    const reason =
      `table "${name}" is not one of this version's, so its rows and published errors ` +
      "were not compared";
    return { problems: [], notes: [note(reason)] };
  }
  const problem = (what: string): Problem => ({
    ...{ kind: "name", file: PLAN },
    reason: `${name} ${what}; it is not this version's table of that name`,
  });
  const { rows, ...rest } = table;
  const { rows: ownRows, file: _, ...ownRest } = own;
  const imported = new Set(
    rows.flatMap(({ evaluations }) =>
      evaluations.flatMap(({ net: { init } }) => isImported(init) ? [init.weights] : [])
    ),
  );
  return {
    problems: [
      ...isSame(rest, ownRest) ? [] : [problem("has another caption or note, or other headings")],
      ...rows.length === ownRows.length
        ? []
        : [problem(`has ${rows.length} rows instead of ${ownRows.length}`)],
      ...rows.flatMap((row, i) => {
        const ownRow = ownRows[i];
        if (ownRow === undefined) return [];
        const fault = faultOf(row, ownRow);
        return fault === undefined ? [] : [problem(`row ${i + 1} ${fault}`)];
      }),
    ],
    notes: [...imported].map((weights) =>
      note(`${name}: weights of SHA-256 ${weights} were not trained here; their origin is unknown`)
    ),
  };
}

/** How a row differs from this version's; undefined if only its weights are imported. */
function faultOf(row: Row, own: Row): string | undefined {
  for (const kind of ["top1", "top5", "testTop5"] as const) {
    const [found, expected] = [row.published?.[kind], own.published?.[kind]];
    if (found === expected) continue;
    return `has the published ${kind} ${found ?? "none"} instead of ${expected ?? "none"}`;
  }
  if (row.title !== own.title) return "has another title";
  if (!isSame(row.combination, own.combination)) return "has other values, fields or seeds";
  const evaluations = row.evaluations.map((run, i) => {
    const expected = own.evaluations[i]?.net;
    return isImported(run.net.init) && expected
      ? { ...run, net: { ...run.net, init: expected.init } }
      : run;
  });
  return isSame(evaluations, own.evaluations) ? undefined : "has other evaluations";
}

/** Compares the rows of a study with what their values say. */
function checkCombinations({ name, rows }: Table, known: KnownNames): Findings {
  const problems = rows.flatMap(({ evaluations, combination }, i): Problem[] => {
    const fault = combination && combinationFault(combination, { evaluations }, known);
    if (fault === undefined) return [];
    return [{ kind: "name", file: PLAN, reason: `${name} row ${i + 1} ${fault}` }];
  });
  return { problems, notes: [] };
}

/** A value of a row of a study that is not what the row has; undefined if there is none. */
function combinationFault(
  { values, setup, seeds }: Combination,
  { evaluations }: Pick<Row, "evaluations">,
  known: KnownNames,
): string | undefined {
  const all = (value: (run: Row["evaluations"][number]) => unknown, by: string) =>
    [...new Set(evaluations.map(value))].join(by);
  const own: Readonly<Record<string, string>> = {
    config: all(({ net }) => net.config, " + "),
    S: all(({ net }) => formatS(net.S), " "),
    Q: all(({ Q }) => Q, " "),
    method: all(({ method }) => method, " & "),
    seed: seeds?.join(" ") ?? "",
  };
  const changes = setup?.changes?.split(",") ?? [];
  const odd = Object.entries(values).find(([axis, value]) =>
    Object.hasOwn(own, axis) ? own[axis] !== String(value) : !changes.includes(`${axis}=${value}`)
  );
  if (odd !== undefined) return `is not of ${odd[0]} ${odd[1]}, as it says`;
  return setup === undefined ? undefined : rowSetupFault(setup, known);
}

function rowSetupFault(setup: RowSetup, known: KnownNames): string | undefined {
  const own = known.setupNamed(setup.name, setup.changes);
  if (own === undefined) return undefined; // the note on the bundle's setup says so
  const [other] = departures({ ...own, ...setup }, own);
  return other &&
    `has ${other.field} ${other.here}; with its changes this version has ${other.paper}`;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function note(reason: string): Note {
  return { kind: "note", reason };
}
