import assert from "node:assert/strict";
import { join } from "node:path";
import { paper, small } from "../experiments/setups.ts";
import { keepSpeed, type Speed, speedFor } from "../lib/speed.ts";

const { crop, width, fc } = paper.train;
const speed: Speed = {
  ...{ host: Deno.hostname(), device: "CPU", precision: "float32", crop, width, fc },
  ...{ training: 97e9, testing: 99e9, images: { training: 2.1, testing: 1.9 } },
  ...{ load: 0.1, measured: "2026-01-31T12:00:00.000Z" },
};

Deno.test("a speed is known of the machine, nets and precision that it was measured with", () => {
  const file = join(Deno.makeTempDirSync({ prefix: "verydeep-test-" }), "cache", "speeds.json");
  assert.equal(speedFor(paper.train, file), undefined);
  keepSpeed(speed, file);
  keepSpeed({ ...speed, host: "another", training: 1e12 }, file);
  keepSpeed({ ...speed, precision: "bfloat16", training: 180e9 }, file);
  assert.deepEqual(speedFor(paper.train, file), speed);
  assert.equal(speedFor({ ...paper.train, precision: "bfloat16" }, file)!.training, 180e9);
  assert.equal(speedFor(small.train, file), undefined);
  // measured again, it takes the place of the old one
  keepSpeed({ ...speed, training: 98e9 }, file);
  assert.equal(speedFor(paper.train, file)!.training, 98e9);
  assert.equal(JSON.parse(Deno.readTextFileSync(file)).length, 3);
});

Deno.test("a file that another hand broke tells no speed", () => {
  const file = Deno.makeTempFileSync({ prefix: "verydeep-test-" });
  for (const text of ["", "{", "{}", "null", '[{"training": 0}]']) {
    Deno.writeTextFileSync(file, text);
    assert.equal(speedFor(paper.train, file), undefined);
  }
});
