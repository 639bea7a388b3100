/** Many comparisons at once: corrected p-values, and letters for groups that do not differ. */

/**
 * Holm's corrected p-values (Holm 1979): with all that are below 5 % called significant, the chance of
 * a single false one among them is at most 5 %, however the comparisons depend on each other.
 *
 * @param pValues 0 to 1
 * @returns in the same order, at most 1
 * @throws {RangeError} One is not a probability.
 */
export function holm(pValues: readonly number[]): number[] {
  const wrong = pValues.find((p) => !(p >= 0 && p <= 1));
  if (wrong !== undefined) throw new RangeError(`Cannot correct ${wrong}: it is no p-value`);
  const corrected = new Array<number>(pValues.length);
  let least = 0;
  pValues.map((p, i) => [p, i] as const).sort(([a], [b]) => a - b).forEach(([p, i], rank) => {
    least = Math.max(least, Math.min(1, p * (pValues.length - rank)));
    corrected[i] = least;
  });
  return corrected;
}

/**
 * A compact letter display (Piepho 2004, insert and absorb): two items have a letter in common exactly
 * if they do not differ. Item 0 has an `a`; so number items by their error, the lowest first.
 *
 * @param count number of items
 * @param differ whether two items, the first before the second, differ significantly
 * @returns the letters of each item, as in `["a", "ab", "b"]`; after `z` come `a2`, `b2`, ...
 */
export function letters(count: number, differ: (first: number, second: number) => boolean) {
  const items = Array.from({ length: count }, (_, item) => item);
  let groups: ReadonlySet<number>[] = count === 0 ? [] : [new Set(items)];
  for (const second of items) {
    for (const first of items.slice(0, second)) {
      if (!differ(first, second)) continue;
      const split = groups.filter((group) => group.has(first) && group.has(second));
      if (split.length === 0) continue;
      const others = groups.filter((group) => !split.includes(group));
      const parts = split.flatMap((group) => [without(group, first), without(group, second)]);
      groups = withoutSubsets([...others, ...parts]);
    }
  }
  return named(withoutNeedless(groups), items);
}

function without(group: ReadonlySet<number>, item: number): ReadonlySet<number> {
  return new Set([...group].filter((each) => each !== item));
}

/** The groups that are no part of another one. */
function withoutSubsets(groups: readonly ReadonlySet<number>[]): ReadonlySet<number>[] {
  return groups.filter((group, i) =>
    !groups.some((other, j) =>
      j !== i && group.isSubsetOf(other) && (group.size < other.size || j < i)
    )
  );
}

/** Leaves out groups all of whose pairs are together in other groups, too. */
function withoutNeedless(groups: readonly ReadonlySet<number>[]): ReadonlySet<number>[] {
  const kept = [...groups];
  for (const group of groups) {
    const others = kept.filter((other) => other !== group);
    const members = [...group];
    const isNeedless = members.every((a) =>
      members.every((b) => others.some((other) => other.has(a) && other.has(b)))
    );
    if (isNeedless) kept.splice(kept.indexOf(group), 1);
  }
  return kept;
}

/** Letters by the first members of the groups. */
function named(groups: readonly ReadonlySet<number>[], items: readonly number[]): string[] {
  const first = (group: ReadonlySet<number>) => Math.min(...group);
  const last = (group: ReadonlySet<number>) => Math.max(...group);
  const sorted = groups.toSorted((a, b) => first(a) - first(b) || last(a) - last(b));
  return items.map((item) =>
    sorted.flatMap((group, i) => group.has(item) ? [letter(i)] : []).join("")
  );
}

function letter(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode("a".charCodeAt(0) + index % 26) + (round === 0 ? "" : round + 1);
}
