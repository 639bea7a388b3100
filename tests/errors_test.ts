import assert from "node:assert/strict";
import { firstOf, printable, quote } from "../lib/errors.ts";

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
