/** Studies: grids of experiments, declared in files of one's own; each combination is a row of one table. */
import { textFault } from "../errors.ts";
import { type ConfigName, type Method, type NetLayers, type TrainScale } from "../experiment.ts";
import type { UnnamedLayers } from "./own_net.ts";
import { isStudy } from "./well_formed.ts";

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

/** Whether a value is meant as a study, whatever is wrong with it. */
export function isMeantAsStudy(value: unknown): boolean {
  return typeof value === "object" && value !== null && "grid" in value;
}

/** How many combinations a grid has. */
export function combinationsOf(grid: Grid): number {
  return Object.values(grid).reduce((product, values) => product * (values?.length ?? 1), 1);
}

/** The first fault of a value that should be a study, with its place in it; nothing if it is one. */
export async function studyFault(value: unknown): Promise<string | undefined> {
  if (!isStudy(value)) {
    // loaded here: most studies are well-formed
    const wrong = (await import("./study_shape.ts")).studyFlaw(value);
    if (wrong !== undefined) return wrong;
  }
  const { caption, grid } = value as GridStudy;
  const odd = textFault(caption);
  if (odd !== undefined) return odd;
  const twice = Object.entries(grid).find(([, values]) =>
    new Set(values!.map((value) => JSON.stringify(value))).size < values!.length
  );
  if (twice !== undefined) return `grid.${twice[0]}: a value is in the list twice`;
  if ((value as GridStudy).seeds !== undefined && grid.seed !== undefined) {
    return "seeds: grid.seed gives each seed rows of its own; remove one of the two";
  }
  return undefined;
}
