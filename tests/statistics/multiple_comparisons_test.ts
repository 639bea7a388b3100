import assert from "node:assert/strict";
import { uniform } from "../../lib/statistics/random.ts";
import { fewLetters, holm, letters, ones } from "../../lib/statistics/mod.ts";
import { assertNear } from "../support/near.ts";

Deno.test("Holm's corrected p-values agree with statsmodels'", () => {
  // statsmodels.stats.multitest.multipletests(p, method="holm")[1]
  const p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.0004, 0.04];
  const expected = [0.05, 0.12, 0.12, 0.03, 0.5, 0.0028, 0.12];
  holm(p).forEach((value, i) => assertNear(value, expected[i]!));
  assert.deepEqual(holm([]), []);
  assert.deepEqual(holm([0.03]), [0.03]);
  assert.deepEqual(holm([1, 0.7]), [1, 1]);
  assert.throws(() => holm([0.5, 1.5]), /1\.5/);
  assert.throws(() => holm([NaN]), /NaN/);
});

Deno.test("letters of small examples", () => {
  const of = (count: number, ...pairs: readonly (readonly [number, number])[]) =>
    letters(count, (a, b) => pairs.some(([first, second]) => first === a && second === b));
  assert.deepEqual(of(0), []);
  assert.deepEqual(of(1), ["a"]);
  assert.deepEqual(of(3), ["a", "a", "a"]);
  assert.deepEqual(of(2, [0, 1]), ["a", "b"]);
  assert.deepEqual(of(3, [0, 2]), ["a", "ab", "b"]);
  assert.deepEqual(of(4, [0, 2], [0, 3], [1, 3]), ["a", "ab", "bc", "c"]);
  // by hand: eight means in order, and the pairs that differ
  const eight = of(8, [0, 6], [0, 7], [1, 6], [1, 7], [2, 6], [2, 7], [3, 7]);
  assert.deepEqual(eight, ["a", "a", "a", "ab", "abc", "abc", "bc", "c"]);
  const all = Array.from(
    { length: 28 },
    (_, b) => Array.from({ length: b }, (_, a) => [a, b] as const),
  );
  // a ring of four has a letter for each of its edges
  assert.deepEqual(of(4, [0, 2], [1, 3]), ["ab", "ac", "cd", "bd"]);
  // R, multcompView: multcompLetters(c("A-B" = FALSE, "A-C" = FALSE, "B-C" = TRUE)): A "ab", B "a", C "b"
  assert.deepEqual(of(3, [1, 2]), ["ab", "a", "b"]);
  assert.deepEqual(of(28, ...all.flat()).slice(24), ["y", "z", "a2", "b2"]);
});

Deno.test("two items share a letter exactly if they do not differ, and no letter is needless", () => {
  const draw = uniform(1, 2, 3);
  for (let trial = 0; trial < 300; trial++) {
    const count = 2 + Math.floor(draw() * 9);
    const share = draw();
    const differs = Array.from(
      { length: count },
      () => Array.from({ length: count }, () => draw() < share),
    );
    const found = letters(count, (a, b) => differs[a]![b]!);
    const sets = found.map((text) => new Set(text));
    const isRight = (left: string | undefined) =>
      sets.every((first, a) =>
        sets.every((second, b) => {
          const shared = [...first].some((each) => each !== left && second.has(each));
          return a > b || shared === (a === b || !differs[a]![b]!);
        })
      );
    assert.ok(isRight(undefined), found.join(" "));
    for (const each of new Set(found.join(""))) {
      assert.ok(!isRight(each), `${each}: ${found.join(" ")}`);
    }
  }
});

Deno.test("a display with more than 52 letters is none, and is given up soon", () => {
  // items differ from 30 places on: windows of 30 of 1,000 items
  assert.equal(fewLetters(1_000, (i, j) => j - i >= 30), undefined);
  assert.equal(fewLetters(53, () => true), undefined);
  assert.equal(fewLetters(52, () => true)!.at(-1), "z2");
  // 30 pairs, each of two that differ: 2^30 largest groups
  assert.equal(fewLetters(60, (i, j) => i % 2 === 0 && j === i + 1), undefined);
  // all of 1,000 items are alike
  assert.deepEqual(new Set(letters(1_000, () => false)), new Set(["a"]));
});

Deno.test("ones counts the bits of words of both signs", () => {
  for (const [word, bits] of [[0, 0], [1, 1], [-1, 32], [0x55555555, 16], [-(2 ** 31), 1]]) {
    assert.equal(ones(word!), bits);
  }
});
