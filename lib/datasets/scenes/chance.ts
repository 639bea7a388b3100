/** Random choices. */

/** Draws the next number, uniform in [0, 1). */
export type Random = () => number;

/** A uniform number from a range. */
export function between([min, max]: readonly [min: number, max: number], random: Random): number {
  return min + (max - min) * random();
}

/** One of `items`, all equally likely. */
export function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)]!;
}
