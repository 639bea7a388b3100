import assert from "node:assert/strict";
import { didYouMean, nearest } from "../lib/did_you_mean.ts";

const SETUPS = ["paper", "small", "smoke"];

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
