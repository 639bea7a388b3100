import assert from "node:assert/strict";
import { assertNear } from "../support/near.ts";
import { codeBlocksOf, importsOf } from "../support/readme.ts";
import { compare } from "./two_classifiers.ts";

Deno.test("the example in lib/statistics' README compares two classifiers", () => {
  // of 100 images 70 are right for both, 10 wrong for both, 12 for the first alone, 8 for the second
  const wrong = (only: number, both: number, from: number) =>
    Array.from({ length: 100 }, (_, i) => i < both || i >= from && i < from + only);
  const result = compare(wrong(12, 10, 10), wrong(8, 10, 22));
  // scipy.stats.binomtest(8, 20).pvalue, binomtest(22, 100).proportion_ci(method="wilson")
  assertNear(result.pValue, 0.5034446716308594);
  assertNear(result.firstError.low, 0.15001282384605402);
  const file = Deno.readTextFileSync(new URL("./two_classifiers.ts", import.meta.url));
  const example = file.replace("../../lib/statistics/mod.ts", "./mod.ts");
  assert.deepEqual(codeBlocksOf("statistics"), [example]);
});

Deno.test("lib/statistics needs nothing else of the project", () => {
  assert.deepEqual(importsOf("statistics"), []);
});
