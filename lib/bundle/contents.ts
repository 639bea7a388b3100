/** The content of a bundle and the names of its entries, for writing and for verifying. */
import { createHash } from "node:crypto";
import { oddTextIn, quote, UserError } from "../errors.ts";
import { LARGEST_SEED } from "../statistics/random.ts";
import type { Retry, Scenes, Schedule, Setup } from "../setup.ts";
import {
  actionLabel,
  type Combination,
  type Context,
  type RowSetup,
  type Table,
} from "../experiment.ts";
import { rowsByRun } from "../results/lineage.ts";
import { ancestorKeys, contextsOf, plan, type PlannedRun } from "../plan.ts";
import { z } from "../schema.ts";
import { type Fields, ROW, TABLE, whole } from "../tables/shape.ts";
import { placeIn } from "../store/run_files.ts";
import type { TestScore } from "../results/submission.ts";

/** Version of the layout. */
export const FORMAT = 2;

/** Names of entries in every bundle. */
export const PLAN = "plan.json";
export const LINEAGE = "lineage.json";
export const ENVIRONMENT = "environment.json";

/** plan.json: everything else in a bundle follows from it. */
export interface BundlePlan {
  readonly format: typeof FORMAT;
  /** Whether it has only the five highest classes of each image, instead of all posteriors. */
  readonly small: boolean;
  readonly setup: Setup;
  readonly dataset: {
    readonly name: string;
    /** Names by label. */
    readonly classes: readonly string[];
    /** Numbers of images. */
    readonly train: number;
    readonly val: number;
    readonly fingerprint: string;
    /** Why the data is probably not what it is taken for, as sentences. */
    readonly doubts?: readonly string[];
  };
  readonly seeds: readonly number[];
  readonly tables: readonly Table[];
  /** Errors of rows that the test server reported; they cannot be recomputed. */
  readonly testScores?: readonly Required<TestScore>[];
}

/** The contexts of a bundle's runs, one for each seed. */
export function contextsIn(bundle: BundlePlan): Context[] {
  return contextsOf(bundle, bundle.dataset);
}

/** Name of the CSV of a table. */
export function csvName({ name }: Table): string {
  return `${name}.csv`;
}

/** Name of the entry with the posteriors of an evaluation, or with their highest classes. */
export function posteriorsName(run: PlannedRun, { small }: Pick<BundlePlan, "small">): string {
  return `${placeIn(run)}/${small ? "top5" : "posteriors"}.safetensors`;
}

/** Name of the entry with the highest classes of the mean of several evaluations. */
export function meanName(runs: readonly PlannedRun[]): string {
  const keys = runs.map(({ key }) => key).join(" ");
  return `mean/${createHash("sha256").update(keys).digest("hex").slice(0, 12)}/top5.safetensors`;
}

/** Names of the entries from which the scores of the mean of runs are computed. */
export function scoreNames(runs: readonly PlannedRun[], plan: Pick<BundlePlan, "small">): string[] {
  const own = runs.map((run) => posteriorsName(run, plan));
  return plan.small && runs.length > 1 ? [...own, meanName(runs)] : own;
}

/** The runs of the tables of a bundle, ancestors first. */
export function runsIn(bundle: BundlePlan): PlannedRun[] {
  return plan(bundle.tables, contextsIn(bundle));
}

/** lineage.json: the ancestors of each run, and the rows that depend on it. */
export function lineageText(bundle: BundlePlan): string {
  const rows = rowsByRun(bundle.tables, contextsIn(bundle));
  const lines = runsIn(bundle).map((run) => ({
    key: run.key,
    run: actionLabel(run.run),
    seed: run.context.seed,
    folder: placeIn(run),
    after: ancestorKeys(run),
    rows: (rows.get(run.key) ?? []).map(({ table, row }) => `${table.name}/${row}`),
  }));
  return jsonText(lines);
}

/** A value as JSON text for a file in a bundle. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Reads plan.json.
 *
 * @throws {UserError} It has another format, or is not a valid plan.
 */
export function readPlan(text: string, file: string): BundlePlan {
  const refuse = (reason: string) =>
    new UserError(`Cannot read "${file}" as a bundle: its ${PLAN} ${reason}`);
  if (depthOf(text) > DEEPEST) throw refuse("is nested too deep");
  let plan: { format?: unknown } | null;
  try {
    plan = JSON.parse(text);
  } catch (error) {
    throw refuse(`is not valid JSON: ${(error as Error).message}`);
  }
  const issue = BUNDLE_PLAN.safeParse(plan).error?.issues[0];
  if (issue === undefined) {
    // with a field twice, other programs may read the other one
    if (text !== jsonText(plan)) throw refuse("is not written as this program writes it");
    const odd = oddTextIn(plan);
    if (odd !== undefined) throw refuse(`has a control character in ${quote(odd)}`);
    return plan as BundlePlan;
  }
  const format = plan?.format;
  if (typeof format === "number" && format !== FORMAT) {
    throw refuse(
      `has format ${format}, this version reads format ${FORMAT}; use the version of verydeep that wrote it`,
    );
  }
  throw refuse(`is not valid: ${issue.path.join(".") || "all of it"}: ${issue.message}`);
}

/** Deepest nesting of a plan; each ancestor of a net takes two levels. */
const DEEPEST = 100;

/** Depth of nesting of a JSON text. */
function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if (letter === '"') inString = !inString;
    else if (inString) i += letter === "\\" ? 1 : 0;
    else if (letter === "[" || letter === "{") deepest = Math.max(deepest, ++depth);
    else if (letter === "]" || letter === "}") depth--;
  }
  return deepest;
}

/** Setups may have fields that this version does not know: they only enter the keys of runs. */
const deciding = z.record(z.string(), z.json());

const share = z.number().min(0).max(1);

const SCHEDULE = z.strictObject(
  {
    learningRate: z.number().positive(),
    images: z.number().int().positive(),
    warmup: share.optional(),
    drops: z.union([
      z.strictObject({ rule: z.literal("plateau"), patience: whole, times: whole.max(100) }),
      z.strictObject({ rule: z.literal("steps"), at: z.array(share) }),
      z.strictObject({ rule: z.literal("linear") }),
    ]),
  } satisfies Fields<Schedule>,
);

/** The fields of a training that its log is checked against. */
const TRAIN_SETUP = z.object({
  batch: z.number().int().positive(),
  schedules: z.strictObject({ first: SCHEDULE, finer: SCHEDULE, jittered: SCHEDULE }),
  retry: z.strictObject({ share, rate: share } satisfies Fields<Retry>).optional(),
}).catchall(z.json());

/** A list of values that differ. */
function distinct<Item extends z.ZodType>(item: Item, name: (value: z.infer<Item>) => unknown) {
  return z.array(item).nonempty().refine(
    (values) => new Set(values.map(name)).size === values.length,
    "a value occurs twice",
  );
}

const SEEDS = distinct(whole.max(LARGEST_SEED), (seed) => seed);

/** A row, which may be one of a study. */
const BUNDLED_ROW = ROW.extend({
  combination: z.strictObject(
    {
      values: z.record(z.string(), z.union([z.string(), z.number()])),
      setup: z.strictObject(
        {
          name: z.string(),
          changes: z.string().optional(),
          train: TRAIN_SETUP,
          evaluate: deciding,
        } satisfies Fields<RowSetup>,
      ).optional(),
      seeds: SEEDS.optional(),
    } satisfies Fields<Combination>,
  ).optional(),
});

/** A table, which may be a study: rows of the same lists of values, under as many seeds. */
const BUNDLED_TABLE = TABLE.extend({
  rows: z.array(BUNDLED_ROW).nonempty(),
  study: z.strictObject({ repeated: whole } satisfies Fields<NonNullable<Table["study"]>>)
    .optional(),
}).refine(
  ({ rows, study }) => {
    const shapes = new Set(
      rows.map(({ combination }) =>
        combination === undefined
          ? undefined
          : JSON.stringify([Object.keys(combination.values), combination.seeds?.length])
      ),
    );
    return shapes.size === 1 && shapes.has(undefined) === (study === undefined);
  },
  "has rows of other lists of values, or under other numbers of seeds, than its first",
);

const TEST_SCORE = z.strictObject(
  {
    evaluations: z.array(z.string()),
    images: whole,
    predictions: z.string(),
    top5: z.number().min(0).max(100),
  } satisfies Fields<TestScore>,
);

const BUNDLE_PLAN = z.strictObject(
  {
    format: z.literal(FORMAT),
    small: z.boolean(),
    setup: z.looseObject({
      name: z.string(),
      note: z.string(),
      dataset: z.string(),
      changes: z.string().optional(),
      scenes: z.strictObject(
        {
          classes: whole,
          train: whole,
          val: whole,
          seed: whole.optional(),
        } satisfies Fields<Scenes>,
      ).optional(),
      train: TRAIN_SETUP,
      evaluate: deciding,
    }),
    dataset: z.strictObject(
      {
        name: z.string(),
        classes: z.array(z.string()).nonempty(),
        train: whole,
        val: whole,
        fingerprint: z.string(),
        doubts: z.array(z.string()).nonempty().optional(),
      } satisfies Fields<BundlePlan["dataset"]>,
    ),
    seeds: SEEDS.refine(
      (seeds) => seeds.every((seed, i) => seed === seeds[0]! + i),
      "one is left out: commands take seeds that follow each other",
    ),
    tables: distinct(BUNDLED_TABLE, ({ name }) => name),
    testScores: z.array(TEST_SCORE).optional(),
  } satisfies Fields<BundlePlan>,
);
