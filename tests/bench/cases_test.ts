import assert from "node:assert/strict";
import { isSelected, races, waits } from "../../lib/bench/cases.ts";
import { countParameters } from "../../lib/vgg/configs.ts";

Deno.test("each case has a unique name, and JSON preserves all of it", () => {
  const cases = [...races(["a.jpg"], ["a.safetensors"]), ...waits()];
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  assert.deepEqual(JSON.parse(JSON.stringify(cases)), cases);
});

Deno.test("full D is Table 2's D; divided by 8 it has an eighth of the channels", () => {
  const layersOf = (name: string) => {
    const what = races([], []).find((what) => what.name === name);
    assert.ok(what?.kind === "training");
    return what.layers;
  };
  assert.equal(countParameters(layersOf("train D, 224 px, batch 8, float32")), 138_357_544);
  const convs = layersOf("train A/8, 56 px, batch 16, bfloat16").flatMap((layer) =>
    layer.kind === "conv" ? [layer.outputs] : []
  );
  assert.deepEqual(convs, [8, 16, 32, 32, 64, 64, 64, 64, 512, 512, 20]);
});

Deno.test("stock tfjs-node trains in float32; its wide nets are also compared with our bfloat16", () => {
  const racing = races([], []).filter(({ peers }) => peers.includes("stock tfjs-node, float32"));
  const names = racing.map(({ name }) => name);
  const float32 = races([], []).filter(({ name }) => /^train .* float32$/.test(name));
  assert.deepEqual(names.filter((name) => name.endsWith("float32")), [
    ...float32.map(({ name }) => name),
  ]);
  assert.deepEqual(names.filter((name) => name.endsWith("bfloat16")), [
    "train D/4, 64 px, batch 64, bfloat16",
    "train D, 224 px, batch 8, bfloat16",
  ]);
});

Deno.test("a phrase selects cases with all of its words; several phrases select the union", () => {
  const names = [...races([], []), ...waits()].map(({ name }) => name);
  const meant = (...phrases: string[]) => names.filter((name) => isSelected(name, phrases));
  assert.deepEqual(meant("train A/8, batch 16,", "score"), [
    "train A/8, 56 px, batch 16, float32",
    "train A/8, 56 px, batch 16, bfloat16",
    "score 7 x 50,000 x 1,000 posteriors",
  ]);
  assert.deepEqual(meant("cut", "cut"), ["cut 56-pixel crops out of memory"]);
  assert.deepEqual(meant(), names);
  assert.deepEqual(meant("train Z/8"), []);
});
