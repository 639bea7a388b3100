import assert from "node:assert/strict";
import { override } from "../../commands/overrides.ts";
import { UsageError } from "../../lib/errors.ts";
import { paper, small } from "../../experiments/setups.ts";

Deno.test("--set changes the fields that it names and no others", () => {
  const changed = override(small, "kernels=glorot,biases.rate=1,schedules.finer.images=5");
  assert.equal(changed.train.kernels, "glorot");
  assert.deepEqual(changed.train.biases, { rate: 1, decay: 0 });
  assert.equal(changed.train.schedules.finer.images, 5);
  assert.deepEqual(changed.train.schedules.first, small.train.schedules.first);
  assert.equal(small.train.kernels, "he");
});

Deno.test("--set reaches how nets are evaluated, and the plateau rule", () => {
  const changed = override(paper, "scoreMap=softmax-then-average,schedules.first.drops.patience=3");
  assert.equal(changed.evaluate.scoreMap, "softmax-then-average");
  assert.deepEqual(changed.train.schedules.first.drops, {
    rule: "plateau",
    patience: 3,
    times: 3,
  });
});

Deno.test("--set changes the pictures that are made; a setup on others has no such field", () => {
  assert.deepEqual(override(small, "scenes.classes=50,scenes.val=5000").scenes, {
    classes: 50,
    train: 12_000,
    val: 5000,
  });
  assert.throws(() => override(paper, "scenes.classes=50"), /Cannot set "scenes.classes"/);
});

Deno.test("--set says what a field may be", () => {
  const cases: [changes: string, message: RegExp][] = [
    ["kernel=he", /Did you mean "kernels"\?/],
    ["kernels=hee", /Did you mean "he"\?/],
    ["kernels", /--set kernels=VALUE/],
    ["batch=1.5", /a whole number above 0/],
    ["scenes.train=1.5", /a whole number above 0/],
    ["dropout=-1", /not negative/],
    ["dropout=much", /not negative/],
  ];
  for (const [changes, message] of cases) {
    assert.throws(() => override(small, changes), (error) => {
      return error instanceof UsageError && message.test(error.message);
    }, changes);
  }
});
