import assert from "node:assert/strict";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { comparison } from "./same_files.ts";

/** Makes a folder of results with a table and a net's weights. */
function made(csv: string, values: readonly number[]): string {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  Deno.writeTextFileSync(`${folder}/table3.csv`, csv);
  Deno.mkdirSync(`${folder}/train/A-256-00`, { recursive: true });
  const tensors = new Map([
    ["conv1_1.bias", { shape: [values.length], values: Float32Array.from(values) }],
  ]);
  writeSafetensors(`${folder}/train/A-256-00/weights.safetensors`, { tensors, metadata: {} });
  return folder;
}

Deno.test("results with the same bytes are the same, whatever other files are in their folders", () => {
  const [one, other] = [made("a,b\n1,2\n", [1, 2]), made("a,b\n1,2\n", [1, 2])];
  Deno.writeTextFileSync(`${one}/environment.json`, "[]");
  const { tables, weights, posteriors } = comparison(one, other);
  assert.deepEqual(tables, { same: ["table3.csv"], different: [] });
  assert.deepEqual(weights, { same: ["train/A-256-00/weights.safetensors"], different: [] });
  assert.deepEqual(posteriors, { same: [], different: [] });
});

Deno.test("a line, a number or a file that differs is named", () => {
  const [one, other] = [made("a,b\n1,2\n", [1, 2]), made("a,b\n1,3\n", [1, 2.5])];
  Deno.writeTextFileSync(`${other}/table4.csv`, "a\n");
  const { tables, weights } = comparison(one, other);
  assert.deepEqual(tables.different, [
    { file: "table3.csv", detail: 'line 2 is "1,2" and "1,3"' },
    { file: "table4.csv", detail: "only one folder has it" },
  ]);
  assert.deepEqual(weights.different, [{
    file: "train/A-256-00/weights.safetensors",
    detail: "the largest difference of two numbers is 0.50",
  }]);
});
