// What is expected here is what @std/cli/parse-args gives, from its documentation and tests.
import { parseArgs } from "@std/cli/parse-args";
import assert from "node:assert/strict";

Deno.test("options without a kind are guessed", () => {
  assert.deepEqual({ ...parseArgs(["--foo", "--bar=baz", "--pow", "5", "./quux.txt"]) }, {
    foo: true,
    bar: "baz",
    pow: 5,
    _: ["./quux.txt"],
  });
});

Deno.test("strings stay strings, switches take no value", () => {
  const args = parseArgs(["--s", "0001234", "--t", "moo"], { string: ["s"], boolean: ["t", "u"] });
  assert.deepEqual(args, { s: "0001234", t: true, u: false, _: ["moo"] });
  assert.equal(parseArgs(["--s"], { string: ["s"] }).s, "");
  assert.equal(parseArgs([], { string: ["s"] }).s, undefined);
  assert.equal(parseArgs(["--t=false"], { boolean: ["t"] }).t, false);
  assert.equal(parseArgs([], { boolean: ["t"], default: { t: null } })["t"], null);
});

Deno.test("the last value counts, except where all are collected", () => {
  assert.deepEqual(parseArgs(["-v", "a", "-v", "b", "-v", "c"]), { v: "c", _: [] });
  assert.deepEqual(parseArgs(["--foo", "bar", "--foo", "baz"], { collect: ["foo"] }), {
    foo: ["bar", "baz"],
    _: [],
  });
  assert.deepEqual(parseArgs([], { string: ["s"], boolean: ["b"], collect: ["s", "b"] }), {
    s: [],
    b: [],
    _: [],
  });
});

Deno.test("--no- belongs to a name", () => {
  assert.deepEqual(parseArgs(["--no-moo"]), { "no-moo": true, _: [] });
});

Deno.test("what stands after -- is not read", () => {
  assert.deepEqual(parseArgs(["--a", "--", "--b"]), { a: true, _: ["--b"] });
});

Deno.test("aliases have the same value", () => {
  const args = parseArgs(["-h", "x"], { boolean: ["help"], alias: { help: "h" } });
  assert.deepEqual(args, { help: true, h: true, _: ["x"] });
});

Deno.test("unknown arguments are reported as they were written", () => {
  const seen: string[] = [];
  const args = parseArgs(["word", "--known", "1", "--what", "2", "--which=3", "--no-way"], {
    string: ["known"],
    unknown: (arg) => {
      seen.push(arg);
    },
  });
  assert.deepEqual(args, { known: "1", what: 2, which: 3, "no-way": true, _: ["word"] });
  assert.deepEqual(seen, ["word", "--what", "--which=3", "--no-way"]);
});
