/** Studies: grids of experiments, declared in files of one's own; each combination is a row of one table. */
import {
  type ConfigName,
  type Method,
  METHODS,
  type NetLayers,
  type TrainScale,
} from "../experiment.ts";
import { flaw, z } from "../schema.ts";
import { ALL_NETS } from "../vgg/configs.ts";
import type { UnnamedLayers } from "./own_net.ts";

/** A value of a field of a setup: a number, a word, or numbers such as the shares of `drops.at`. */
export type FieldValue = number | string | readonly number[];

/** Test scales: one, several, `"one"` for Q = S, or `"three"` as in the paper's Table 4. */
export type Scales = number | readonly number[] | "one" | "three";

/**
 * Lists of values. Every combination of one value of each list is a row. Any field of a setup's trainings
 * and evaluations can be a list, named as `--set` names it: `dropout`, `"schedules.first.images"`.
 */
export interface Grid {
  /** Nets of the paper, or of one's own; `["A"]` if absent. */
  readonly config?: readonly (ConfigName | NetLayers | UnnamedLayers)[];
  /** Training scales; `[256]` if absent. */
  readonly S?: readonly TrainScale[];
  /** Test scales; `["one"]` if absent. Several scales in one value are averaged. */
  readonly Q?: readonly Scales[];
  /** Methods; `["dense"]` if absent. Several methods in one value are averaged. */
  readonly method?: readonly (Method | readonly Method[])[];
  /** Seeds, each in rows of its own; absent where rows are means over seeds. */
  readonly seed?: readonly number[];
  /** Values of a field of the setup. */
  readonly [field: string]: readonly unknown[] | undefined;
}

/** A study as a file declares it. */
export interface GridStudy {
  /** Base name of its files. */
  readonly name: string;
  /** What it is about, without a full stop. */
  readonly caption: string;
  /** What varies. */
  readonly grid: Grid;
  /** Seeds that each row is a mean of, if the command line does not say; one if absent. */
  readonly seeds?: number;
}

/**
 * Declares a study, the default export of a file for `deno task study`.
 *
 * ```ts
 * import { study } from "./study.ts";
 *
 * const dropouts = study({
 *   name: "dropouts",
 *   caption: "Dropout of nets A and B",
 *   grid: { config: ["A", "B"], dropout: [0, 0.25, 0.5] },
 * });
 * if (Object.values(dropouts.grid).flat().length !== 5) throw new Error("6 rows");
 * ```
 */
export function study(declared: GridStudy): GridStudy {
  return declared;
}

/** The shape of a study; made where there is one. */
function studyShape() {
  const atLeastOne = <Value extends z.ZodType>(value: Value) =>
    z.array(value).nonempty("must have a value");

  const layer = z.union([
    z.number(),
    z.string(),
    z.looseObject({}),
  ]);

  const scale = z.int().positive();

  const grid = z.object({
    config: atLeastOne(z.union(
      [
        z.enum(ALL_NETS),
        z.looseObject({ config: z.string().optional(), blocks: z.array(z.array(layer)) }),
      ],
      `must be ${ALL_NETS.join(", ")}, or a net of your own: {"blocks": BLOCKS}`,
    )).optional(),
    S: atLeastOne(z.union(
      [scale, z.tuple([scale, scale])],
      "must be a scale such as 256, or the two ends of a range such as [256, 512]",
    )).optional(),
    Q: atLeastOne(z.union(
      [scale, z.array(scale).nonempty(), z.enum(["one", "three"])],
      'must be a scale such as 256, a list of scales, "one" or "three"',
    )).optional(),
    method: atLeastOne(z.union(
      [z.enum(METHODS), z.array(z.enum(METHODS)).nonempty()],
      `must be ${METHODS.join(", ")}, or a list of them`,
    )).optional(),
    seed: atLeastOne(z.int().nonnegative()).optional(),
  }).catchall(atLeastOne(z.union(
    [z.number(), z.string(), z.array(z.number()).nonempty()],
    "must be a number or a word, as --set takes it",
  )));

  return z.strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(
      /^\w[\w-]*$/,
      "must be a word of letters, digits, - and _: files are named after it",
    ),
    caption: z.string(),
    grid,
    seeds: z.int().min(1).max(10_000).optional(),
  });
}

let shape: ReturnType<typeof studyShape> | undefined;

/** Whether a value is meant as a study, whatever is wrong with it. */
export function isMeantAsStudy(value: unknown): boolean {
  return typeof value === "object" && value !== null && "grid" in value;
}

/** How many combinations a grid has. */
export function combinationsOf(grid: Grid): number {
  return Object.values(grid).reduce((product, values) => product * (values?.length ?? 1), 1);
}

/** The first fault of a value that should be a study, with its place in it; nothing if it is one. */
export function studyFault(value: unknown): string | undefined {
  const fault = flaw(value, shape ??= studyShape());
  if (fault !== undefined) return fault;
  const { grid } = value as GridStudy;
  const twice = Object.entries(grid).find(([, values]) =>
    new Set(values!.map((value) => JSON.stringify(value))).size < values!.length
  );
  if (twice !== undefined) return `grid.${twice[0]}: a value is in the list twice`;
  if ((value as GridStudy).seeds !== undefined && grid.seed !== undefined) {
    return "seeds: grid.seed gives each seed rows of its own; remove one of the two";
  }
  return undefined;
}
