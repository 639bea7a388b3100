import assert from "node:assert/strict";
import { codeBlocksOf, importsOf, importsStatedIn } from "../support/readme.ts";
import { tensorflow } from "../support/run_graph.ts";
import { trainXor } from "./xor.ts";

Deno.test("the example in lib/tensorflow's README learns XOR", async () => {
  await tensorflow();
  const { losses, probabilities } = await trainXor(200);
  assert.ok(losses[0]! > 0.5 && losses.at(-1)! < 0.01, `${losses[0]}, ${losses.at(-1)}`);
  for (const [i, truth] of [0, 1, 1, 0].entries()) {
    assert.ok(Math.abs(probabilities[i]! - truth) < 0.01, `${probabilities}`);
  }
  const file = Deno.readTextFileSync(new URL("./xor.ts", import.meta.url));
  const example = file.replace("../../lib/tensorflow/mod.ts", "./mod.ts");
  assert.deepEqual(codeBlocksOf("tensorflow"), [example]);
});

Deno.test("lib/tensorflow needs of the project what its README states", () => {
  assert.deepEqual(importsOf("tensorflow"), importsStatedIn("tensorflow"));
});
