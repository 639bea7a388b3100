import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  evaluate,
  evaluations,
  formatted,
  inMemory,
  net,
  reproduce,
  score,
  type Setup,
  smoke,
  study,
  train,
  UserError,
} from "../../mod.ts";
import { outcome, start } from "../support/commands.ts";
import { inFolder } from "../support/in_store.ts";
import { codeBlocks } from "../support/markdown.ts";
import { printedByScript } from "../support/library_script.ts";
import { override } from "../../lib/command_line/overrides.ts";
import { CommandSandbox, TINY } from "../support/command_sandbox.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = new URL("../../docs/how-to/library.md", import.meta.url);

Deno.test("the script of the documentation runs outside the project, and agrees with the command", async () => {
  await inFolder(async (folder) => {
    const script = codeBlocks(Deno.readTextFileSync(PAGE)).find(({ language }) =>
      language === "ts"
    )!;
    const out = await printedByScript(script.text, folder);
    const lines = out.split("\n");
    const [key, place] = lines[0]!.split(" ");
    assert.match(key!, /^[0-9a-f]{12}$/);
    assert.ok(
      place!.startsWith(`${Deno.realPathSync(folder)}/smoke/`) || place!.startsWith(folder),
    );
    assert.match(out, /^[+-]?\d+\.\d points, \S+ to \S+, p = \S+$/m);
    assert.match(out, /\|\s*256 \|/);
    assert.match(out, /top1: 50/); // of two images, the second is wrong
    // the command line finds the runs, and has the same errors
    const command = start(folder, [
      ...["evaluate", "--config", "A", "--S", "256", "--Q", "256", "--format", "json"],
    ], { stdout: "piped" });
    const { code: found, out: json, err: notes } = await outcome(command);
    assert.equal(found, 0, notes);
    assert.ok(!notes.includes("computing on"), notes);
    const error = JSON.parse(json)[0].top1_error;
    assert.equal(Number(/^([\d.]+) \{/m.exec(out)![1]), error);
  });
});

Deno.test("every export of the library, and every type in it, is documented", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "mod.ts"],
    ...{ cwd: ROOT, stdout: "null", stderr: "piped" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});

/** Calls that are refused before any work, and what is said. */
const REFUSED: readonly (readonly [what: string, call: () => Promise<unknown>, message: RegExp])[] =
  [
    ["an unknown setup", () => reproduce([], { setup: "smal" }), /--setup is one of .*"small"\?/],
    [
      "a setup with the name of another one",
      () => reproduce([], { setup: { ...smoke, sideBySide: 1 } }),
      /Cannot use the setup "smoke": name: "smoke" is a setup of the project with other fields/,
    ],
    [
      "a setup with a wrong field",
      () => reproduce([], { setup: changed({ dropout: 2 }) }),
      /Cannot use the setup "mine": train\.dropout: /,
    ],
    [
      "a setup that no net can have",
      () => reproduce([], { setup: changed({ batch: 100_000 }) }),
      /Cannot use the setup "mine": Cannot set batch to "100000"/,
    ],
    ["no seeds", () => reproduce([], { seeds: 0 }), /--seeds is a whole number from 1/],
    [
      "a table with two rows alike",
      () => {
        const row = { evaluations: evaluations(net("A", 256), [256], "dense") };
        return reproduce({ name: "t", caption: "", headings: ["Q"], rows: [row, row] });
      },
      /Cannot reproduce the table "t": rows\[1\] is rows\[0\] again/,
    ],
    [
      "a net below the crop",
      () => train({ config: "A", S: 100, init: "random" }),
      /Cannot train this: S is 100: the least scale is 224/,
    ],
    [
      "a test below the crop",
      () => evaluate({ net: net("A", 256), Q: 100, method: "dense" }),
      /Cannot evaluate this: \[0\]\.Q is 100: the least scale is 224/,
    ],
    [
      "a net in place of its evaluation",
      () => evaluate(net("A", 256) as unknown as Parameters<typeof evaluate>[0]),
      /Cannot evaluate a net without Q and method/,
    ],
    [
      "posteriors that are none",
      () => {
        const values = Float32Array.of(0.7, 0.7);
        return score(inMemory({ name: "x", classes: 2, values, labels: Int32Array.of(0) }));
      },
      /Cannot score "x": its values for image 0 are not posteriors/,
    ],
  ];

function changed(train: Partial<Setup["train"]>): Setup {
  return { ...smoke, name: "mine", train: { ...smoke.train, ...train } };
}

for (const [what, call, message] of REFUSED) {
  Deno.test(`the library refuses ${what}`, async () => {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a mean of posteriors is scored with its interval", async () => {
  const labels = Int32Array.of(0, 1, 1);
  const of = (...values: number[]) =>
    inMemory({ name: "x", classes: 2, values: Float32Array.from(values), labels });
  const { errors, intervals, scores } = await score([
    of(0.9, 0.1, 0.6, 0.4, 0.8, 0.2),
    of(0.4, 0.6, 0.2, 0.8, 0.7, 0.3),
  ]);
  // means of the true classes: 0.65, 0.6, 0.25: the third is wrong
  assert.equal(errors.top1, 100 / 3);
  assert.deepEqual([...scores.ranks], [0, 0, 1]);
  // SciPy: binomtest(1, 3).proportion_ci(method="wilson"): 0.0614919447, 0.7923403992
  assert.ok(Math.abs(intervals.top1.low - 6.14919447) < 1e-6);
  assert.ok(Math.abs(intervals.top1.high - 79.23403992) < 1e-6);
});

Deno.test("a study is reproduced by the library, too, and one that is none is told", async () => {
  using sandbox = new CommandSandbox();
  const options = {
    setup: { ...override(smoke, TINY), name: "tiny" },
    dataset: "folder",
    data: sandbox.folder,
    results: `${sandbox.folder}/results`,
    includeAtChance: true,
  };
  const scales = study({ name: "scales", caption: "Scales", grid: { Q: ["one", [256, 288]] } });
  const [result] = await reproduce(scales, options);
  assert.deepEqual(result!.rows.map(({ runs }) => runs.length), [1, 2]);
  assert.ok(result!.rows.every(({ measured }) => measured !== undefined));
  assert.match(await formatted(result!), /^Scales\n[\s\S]*│ +best │/);
  await assert.rejects(
    reproduce({ name: "scales", caption: "", grid: { Q: [] } }, options),
    /^UserError: Cannot reproduce the study "scales": grid\.Q: must have a value$/,
  );
});
