import assert from "node:assert/strict";
import { count, fixed, formatNumber } from "../lib/numbers.ts";

Deno.test("thousands are separated, whatever the locale of the machine", () => {
  assert.equal(formatNumber(1_281_167), "1,281,167");
  assert.equal(formatNumber(999), "999");
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  assert.deepEqual([2.1, 1287].map((value) => formatNumber(value, digits)), ["2.10", "1,290"]);
});

Deno.test("what rounds to 0 has no sign", () => {
  assert.deepEqual([-0.04, -0.05, -0, 0.04, -10].map((value) => fixed(value, 1)), [
    ...["0.0", "-0.1", "0.0", "0.0", "-10.0"],
  ]);
  assert.equal(fixed(-0.4, 0), "0");
});

Deno.test("a noun is singular for one thing alone", () => {
  assert.deepEqual([0, 1, 2000].map((number) => count(number, "row")), [
    ...["0 rows", "1 row", "2,000 rows"],
  ]);
  assert.equal(count(2, "class", "classes"), "2 classes");
});
