/**
 * The labels of ILSVRC-2012 as Kaggle distributes them ("ImageNet Object Localization Challenge"): two
 * text files beside the folder ILSVRC/, in place of the development kit.
 *
 * @module
 */
import { UserError } from "../../errors.ts";
import type { ClassList } from "./devkit.ts";

/** The files: classes of the validation images, and words of the classes. */
export const KAGGLE = { solution: "LOC_val_solution.csv", mapping: "LOC_synset_mapping.txt" };

/** Where those files are. */
export interface KaggleFiles {
  readonly solution: string;
  readonly mapping: string;
}

/** What they contain. */
export interface KaggleLabels extends ClassList {
  /** Labels by the name of an image's file without its ending. */
  readonly byName: ReadonlyMap<string, number>;
}

/**
 * Reads both files.
 *
 * @throws {UserError} A line is damaged.
 */
export function readKaggle({ solution, mapping }: KaggleFiles): KaggleLabels {
  const refuse = (file: string, line: string, expected: string) =>
    new UserError(
      `Cannot use "${file}": it has the line "${line.slice(0, 40)}", not ${expected}; ` +
        "get it again",
    );
  const classes = linesOf(mapping).map((line) => {
    const [, wnid, words] = /^(n\d{8}) (.+)$/.exec(line) ?? [];
    if (wnid === undefined) throw refuse(mapping, line, '"n01440764 tench, Tinca tinca"');
    return { wnid, words: words! };
  }).sort((a, b) => a.wnid < b.wnid ? -1 : 1);
  const labelOf = new Map(classes.map(({ wnid }, label) => [wnid, label]));
  // "ILSVRC2012_val_00048981,n03995372 85 1 499 272": a class, and boxes of no use here
  const byName = linesOf(solution).slice(1).map((line): [string, number] => {
    const [, name, wnid] = /^([^,]+),(n\d{8})[ \d]/.exec(`${line} `) ?? [];
    const label = labelOf.get(wnid ?? "");
    if (label === undefined) throw refuse(solution, line, "an image and one of the classes");
    return [name!, label];
  });
  return {
    wnids: classes.map(({ wnid }) => wnid),
    words: classes.map(({ words }) => words),
    byName: new Map(byName),
  };
}

function linesOf(file: string): string[] {
  try {
    return Deno.readTextFileSync(file).replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) =>
      line !== ""
    );
  } catch (error) {
    throw new UserError(`Cannot read "${file}": ${(error as Error).message}`, { cause: error });
  }
}
