/**
 * The labels of ILSVRC-2012 as Kaggle distributes them ("ImageNet Object Localization Challenge"): two
 * text files beside the folder ILSVRC/, in place of the development kit.
 *
 * @module
 */
import { quote, UserError } from "../../errors.ts";
import { reading } from "../../system/file_errors.ts";
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
  if (labelOf.size < classes.length) {
    const { wnid } = classes.find(({ wnid }, i) => wnid === classes[i + 1]?.wnid)!;
    throw new UserError(`Cannot use "${mapping}": it has the class ${wnid} twice; get it again`);
  }
  // "ILSVRC2012_val_00048981,n03995372 85 1 499 272": a class, and boxes of no use here
  const byName = new Map<string, number>();
  for (const line of linesOf(solution).slice(1)) {
    const [, name, boxes = ""] = /^([^,]+),(.*)$/.exec(line) ?? [];
    const [first = "", ...others] = boxes.trim().split(/ +/);
    const label = labelOf.get(first);
    if (label === undefined || others.some((word) => word.startsWith("n") && word !== first)) {
      throw refuse(solution, line, "an image and one of the classes");
    }
    if ((byName.get(name!) ?? label) !== label) {
      throw new UserError(
        `Cannot use "${solution}": it has ${quote(name!)} in two classes; get it again`,
      );
    }
    byName.set(name!, label);
  }
  return {
    wnids: classes.map(({ wnid }) => wnid),
    words: classes.map(({ words }) => words),
    byName,
  };
}

function linesOf(file: string): string[] {
  const text = reading(file, () => Deno.readTextFileSync(file));
  return text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line !== "");
}
