import assert from "node:assert/strict";
import { count, formatNumber } from "../lib/numbers.ts";

Deno.test("thousands are separated, whatever the locale of the machine", () => {
  assert.equal(formatNumber(1_281_167), "1,281,167");
  assert.equal(formatNumber(999), "999");
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  assert.deepEqual([2.1, 1287].map((value) => formatNumber(value, digits)), ["2.10", "1,290"]);
});

Deno.test("a noun is singular for one thing alone", () => {
  assert.deepEqual([0, 1, 2000].map((number) => count(number, "row")), [
    ...["0 rows", "1 row", "2,000 rows"],
  ]);
  assert.equal(count(2, "class", "classes"), "2 classes");
});
