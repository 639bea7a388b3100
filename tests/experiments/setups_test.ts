import assert from "node:assert/strict";
import { setups } from "../../experiments/mod.ts";

Deno.test("every setup computes in float32, on every machine, so that keys do not depend on it", () => {
  for (const { name, train } of Object.values(setups)) {
    assert.equal(train.precision, "float32", name);
  }
});
