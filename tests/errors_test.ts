import assert from "node:assert/strict";
import { firstOf, oddTextIn, printable, quote } from "../lib/errors.ts";

Deno.test("long lists of names are cut", () => {
  assert.equal(firstOf(["a", "b"]), "a, b");
  assert.equal(firstOf([..."abcdefg"]), "a, b, c, d, e and 2 more");
  assert.equal(firstOf([..."abcd"], 3), "a, b, c and 1 more");
});

Deno.test("a name with control characters stays one line", () => {
  assert.equal(quote("fox"), '"fox"');
  assert.equal(quote("bell\x07, line\nbreak"), '"bell\\u0007, line\\nbreak"');
  assert.equal(
    printable("del\x7f, next\x85, \u2028, 50%\\"),
    "del\\u007f, next\\u0085, \\u2028, 50%\\",
  );
});

Deno.test("a name that turns the direction of what is behind it is escaped; letters from right to left are none", () => {
  assert.equal(quote("a\u202e44.0\u2066"), '"a\\u202e44.0\\u2066"');
  assert.equal(quote("\u05e9\u05dc\u05d5\u05dd"), '"\u05e9\u05dc\u05d5\u05dd"');
  assert.equal(oddTextIn({ rows: [{ title: "fine" }, { title: "odd\n" }] }), "odd\n");
  assert.equal(oddTextIn({ "odd\t": 1 }), "odd\t");
  assert.equal(oddTextIn({ rows: [1, null, "fine"] }), undefined);
});
