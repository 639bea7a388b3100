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
  // equal p-values have equal corrected ones, that of the first in order: a number decides, not a place
  const sorted = Float64Array.from(pValues).sort();
  const corrected = new Map<number, number>();
  let least = 0;
  sorted.forEach((p, rank) => {
    if (p === sorted[rank - 1]) return;
    least = Math.max(least, Math.min(1, p * (sorted.length - rank)));
    corrected.set(p, least);
  });
  return pValues.map((p) => corrected.get(p)!);
}

/**
 * A compact letter display (Piepho 2004): two items have a letter in common exactly if they do not
 * differ. Item 0 has an `a`; so number items by their error, the lowest first. Each letter is a largest
 * group of items that do not differ, as insert and absorb finds them (Gramm et al. 2007).
 *
 * @param count number of items
 * @param differ whether two items, the first before the second, differ significantly
 * @returns the letters of each item, as in `["a", "ab", "b"]`; after `z` come `a2`, `b2`, ...
 */
export function letters(
  count: number,
  differ: (first: number, second: number) => boolean,
): string[] {
  return fewLetters(count, differ, Infinity)!;
}

/**
 * The letters of many items; see `letters`. Undefined where more than `most` would be needed, or to find
 * them would take too long: nobody could read them.
 */
export function fewLetters(
  count: number,
  differ: (first: number, second: number) => boolean,
  most = 52,
): string[] | undefined {
  const alike = Array.from({ length: count }, () => new Items(count));
  for (let second = 0; second < count; second++) {
    for (let first = 0; first < second; first++) {
      if (differ(first, second)) continue;
      alike[first]!.add(second);
      alike[second]!.add(first);
    }
  }
  const found = largestGroups(alike, most);
  if (found === undefined) return undefined;
  const groups = withoutNeedless(found, count);
  return groups.length > most ? undefined : named(groups, count);
}

/** A set of items, as bits. */
class Items {
  readonly bits: Int32Array;

  constructor(readonly count: number, bits?: Int32Array) {
    this.bits = bits ?? new Int32Array(Math.ceil(count / 32));
  }

  add(item: number) {
    this.bits[item >> 5]! |= 1 << (item & 31);
  }

  remove(item: number) {
    this.bits[item >> 5]! &= ~(1 << (item & 31));
  }

  has(item: number): boolean {
    return (this.bits[item >> 5]! >> (item & 31) & 1) === 1;
  }

  get isEmpty(): boolean {
    return this.bits.every((word) => word === 0);
  }

  /** The items that are in both sets. */
  and({ bits }: Items): Items {
    return new Items(this.count, this.bits.map((word, i) => word & bits[i]!));
  }

  /** The items that are not in the other set. */
  without({ bits }: Items): Items {
    return new Items(this.count, this.bits.map((word, i) => word & ~bits[i]!));
  }

  addAll({ bits }: Items) {
    bits.forEach((word, i) => this.bits[i]! |= word);
  }

  /** How many items are in both sets. */
  overlap({ bits }: Items): number {
    let sum = 0;
    for (let i = 0; i < bits.length; i++) sum += ones(this.bits[i]! & bits[i]!);
    return sum;
  }

  copy(): Items {
    return new Items(this.count, this.bits.slice());
  }

  /** Its items in order. */
  list(): number[] {
    const items: number[] = [];
    this.bits.forEach((word, place) => {
      for (let rest = word; rest !== 0; rest &= rest - 1) {
        items.push(32 * place + 31 - Math.clz32(rest & -rest));
      }
    });
    return items;
  }
}

/** The number of bits of a 32-bit word that are 1. */
export function ones(word: number): number {
  let bits = word - (word >>> 1 & 0x55555555);
  bits = (bits & 0x33333333) + (bits >>> 2 & 0x33333333);
  return Math.imul(bits + (bits >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Groups for each wanted letter, and steps for each group, after which a search is given up. */
const [GROUPS, STEPS] = [4, 20];

/**
 * Every group of items that are alike in pairs and that no other item could join: the maximal cliques,
 * by Bron and Kerbosch's algorithm with Tomita's pivot. Undefined if there are too many for `most`
 * letters.
 */
function largestGroups(alike: readonly Items[], most: number): Items[] | undefined {
  const count = alike.length;
  const groups: Items[] = [];
  let steps = 0;

  /** Extends a group by items of `open`, which are alike all of it; those of `closed` were tried. */
  function extend(group: Items, open: Items, closed: Items): boolean {
    if (++steps > STEPS * GROUPS * most) return false;
    if (open.isEmpty) {
      if (closed.isEmpty) groups.push(group.copy());
      return groups.length <= GROUPS * most;
    }
    let [pivot, largest] = [-1, -1];
    const items = open.list();
    for (const item of [...items, ...closed.list()]) {
      if (largest >= items.length - 1) break; // no item is alike itself
      const overlap = open.overlap(alike[item]!);
      if (overlap > largest) [pivot, largest] = [item, overlap];
    }
    for (const item of open.without(alike[pivot]!).list()) {
      group.add(item);
      const isDone = extend(group, open.and(alike[item]!), closed.and(alike[item]!));
      group.remove(item);
      if (!isDone) return false;
      open.remove(item);
      closed.add(item);
    }
    return true;
  }

  const all = new Items(count);
  alike.forEach((_, item) => all.add(item));
  return extend(new Items(count), all, new Items(count)) ? groups : undefined;
}

/** Leaves out groups all of whose pairs are together in other groups, too. */
function withoutNeedless(groups: readonly Items[], count: number): Items[] {
  const kept = new Set(groups);
  for (const group of groups) {
    const isNeedless = group.list().every((item) => {
      const together = new Items(count);
      for (const other of kept) if (other !== group && other.has(item)) together.addAll(other);
      return group.without(together).isEmpty;
    });
    if (isNeedless) kept.delete(group);
  }
  return [...kept];
}

/** Letters by the first members of the groups. */
function named(groups: readonly Items[], count: number): string[] {
  const members = new Map(groups.map((group) => [group, group.list()]));
  const first = (group: Items) => members.get(group)![0]!;
  const last = (group: Items) => members.get(group)!.at(-1)!;
  const sorted = groups.toSorted((a, b) => first(a) - first(b) || last(a) - last(b));
  return Array.from(
    { length: count },
    (_, item) => sorted.flatMap((group, i) => group.has(item) ? [letter(i)] : []).join(""),
  );
}

function letter(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode("a".charCodeAt(0) + index % 26) + (round === 0 ? "" : round + 1);
}
