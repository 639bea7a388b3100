import assert from "node:assert/strict";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { UsageError } from "../../lib/errors.ts";

/** What options of a net come to. */
function options(...args: string[]) {
  const takes = [
    ...[
      "config",
      "S",
      "Q",
      "method",
      "layers",
      "update",
      "init-from",
      "weights",
      "compare",
    ] as const,
  ];
  return resolveOptions(readCommandLine(args), { command: "train", takes });
}

Deno.test("a training scale is one, or a range in either way to write it", () => {
  assert.equal(options("--S", "384").S, 384);
  for (const jittered of ["256,512", "[256;512]", "[256, 512]", "256;512"]) {
    assert.deepEqual(options("--S", jittered).S, [256, 512]);
  }
});

Deno.test("several Q, methods and layers have commas between them; each counts once", () => {
  assert.deepEqual(options("--Q", "256,384,512").Q, [256, 384, 512]);
  assert.deepEqual(options("--Q", "256, 256").Q, [256]);
  assert.deepEqual(options("--method", "multi-crop,dense").methods, ["multi-crop", "dense"]);
  assert.deepEqual(options("--layers", "fc6,conv1_1").layers, ["fc6", "conv1_1"]);
});

Deno.test("what a command line does not say of a net is absent", () => {
  const { config, S, Q, methods, update } = options("--config", "A-LRN", "--update", "fc");
  assert.deepEqual([config, S, Q, methods, update], [
    "A-LRN",
    undefined,
    undefined,
    undefined,
    "fc",
  ]);
});

Deno.test("a row to compare with is a number or a name", () => {
  const found = ["3", "best", "baseline"].map((word) => options("--compare", word).compare);
  assert.deepEqual(found, [3, "best", "baseline"]);
  assert.equal(options().compare, undefined);
});

Deno.test("what cannot be is refused in a sentence that says what can", () => {
  const least = 'whole number, 224 or more, not "';
  const cases: [string[], string][] = [
    [["--S", "200"], least + "200\": the smallest side of an image, in the paper's pixels"],
    [["--S", "small"], least + 'small"'],
    [["--S", "256,"], least + '"'],
    [["--S", "512,256"], 'two ends of a range, as in --S 256,512, not "512,256"'],
    [["--S", "256,384,512"], 'not "256,384,512"'],
    [["--Q", "256,100"], least + '100"'],
    [["--Q", "256.5"], least + '256.5"'],
    [["--Q", "1e3"], least + '1e3"'],
    [["--config", "a-lrm"], 'not "a-lrm". Did you mean "A-LRN"?'],
    [["--method", "dense,multicrop"], 'not "multicrop". Did you mean "multi-crop"?'],
    [["--compare", "0"], 'number of a row, 1 or more, or best, or baseline, not "0"'],
    [["--compare", "worst"], 'not "worst"'],
    [["--update", "fcs"], '--update is one of all, fc, not "fcs".'],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => options(...args), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.ok(error.message.includes(message), error.message);
      return true;
    });
  }
});
