import assert from "node:assert/strict";
import { didYouMean, firstOf, nearest, oddTextIn, printable, quote } from "../lib/errors.ts";

const SETUPS = ["paper", "small", "smoke"];

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

Deno.test("a slip of the fingers is understood", () => {
  assert.equal(nearest("smal", SETUPS), "small"); // one letter missing
  assert.equal(nearest("somke", SETUPS), "smoke"); // two letters exchanged: two edits
  assert.equal(nearest("PAPER", SETUPS), "paper");
  assert.equal(nearest("fashionmnist", ["scenes", "fashion-mnist"]), "fashion-mnist");
});

Deno.test("another word is not", () => {
  assert.equal(nearest("imagenet", SETUPS), undefined);
  assert.equal(nearest("x", SETUPS), undefined);
  assert.equal(nearest("paper", []), undefined);
});

Deno.test("the suggestion ends a sentence, or is not there", () => {
  assert.equal(didYouMean("smal", SETUPS), ' Did you mean "small"?');
  assert.equal(didYouMean("imagenet", SETUPS), "");
});
