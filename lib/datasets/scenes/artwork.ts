/**
 * The artwork of the scenes: six openly licensed sets of emoji, drawn as SVG by different
 * artists. The same concept in six designs is the variation inside a class.
 *
 * The packages hold 65 MB of JSON, so they are imported only when pictures are drawn.
 *
 * @module
 */
import { CLASSES } from "./recipe.ts";

/** The part of an icon package that is used here. */
interface IconSet {
  readonly width?: number;
  readonly height?: number;
  readonly icons: Readonly<Record<string, Icon>>;
  readonly aliases?: Readonly<Record<string, IconAlias>>;
}
interface Icon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}
interface IconAlias {
  readonly parent: string;
  readonly rotate?: number;
  readonly hFlip?: boolean;
  readonly vFlip?: boolean;
}

/** Drawings of the scenes' concepts, each a whole SVG document. */
export interface Artwork {
  /** The designs of each class asked for, always in the same order of sets. */
  readonly objects: readonly (readonly string[])[];
  /** Things that belong to no class, one design each. */
  readonly distractors: readonly string[];
}

/** Loads the drawings of the first `classes` classes and of the things around them. */
export async function loadArtwork(classes: number): Promise<Artwork> {
  const packages = await Promise.all([
    import("@iconify-json/noto"),
    import("@iconify-json/noto-v1"),
    import("@iconify-json/fluent-emoji-flat"),
    import("@iconify-json/twemoji"),
    import("@iconify-json/openmoji"),
    import("@iconify-json/emojione"),
  ]);
  const sets: IconSet[] = packages.map(({ icons }) => icons);
  const categories = packages[0].metadata.categories ?? {};
  const things = THINGS.flatMap((category) => categories[category] ?? [])
    .filter((name) => !CLASSES.includes(name) && !LIKE_A_CLASS.test(name))
    .filter((name) => sets.every((set) => iconOf(set, name)))
    .sort()
    .filter((_, i) => i % 2 === 0);
  return {
    objects: CLASSES.slice(0, classes).map((name) => sets.map((set) => svgOf(set, name))),
    distractors: things.map((name, i) => svgOf(sets[i % sets.length]!, name)),
  };
}

/** Categories of the Unicode emoji list whose members may stand around. */
const THINGS = [
  "Activities",
  "Animals & Nature",
  "Food & Drink",
  "Objects",
  "Travel & Places",
];

/** Names of things that could be mistaken for a class. */
const LIKE_A_CLASS = new RegExp(
  "face|clock|thirty|bus|automobile|taxi|car$|cat|dog|bear|monkey|guitar|camera|umbrella|apple|" +
    "mouse|fox|wolf|rabbit|panda|helicopter|boat|gift|berr|tangerine|bike|bicycle|scooter|fish|" +
    "ice-cream|train|tram|locked|shoe|sandal",
);

/** An icon by name, or by another name for the same drawing. */
function iconOf(set: IconSet, name: string): Icon | undefined {
  const alias = set.aliases?.[name];
  if (!alias) return set.icons[name];
  const isTurned = alias.rotate || alias.hFlip || alias.vFlip;
  return isTurned ? undefined : set.icons[alias.parent];
}

/** An icon as an SVG document. */
function svgOf(set: IconSet, name: string): string {
  const icon = iconOf(set, name);
  if (!icon) throw new Error(`Cannot draw "${name}": a set of artwork has no icon of that name`);
  const { body, left = 0, top = 0, width = set.width ?? 16, height = set.height ?? 16 } = icon;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `viewBox="${left} ${top} ${width} ${height}" width="192" height="192">${body}</svg>`;
}
