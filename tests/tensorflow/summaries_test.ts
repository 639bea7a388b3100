import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { openSummaries } from "../../lib/tensorflow/summaries.ts";
import { folderWith } from "../support/datasets.ts";
import { eventFilesIn, scalarsIn } from "../support/event_files.ts";
import { tensorflow } from "../support/run_graph.ts";

Deno.test("numbers are in the event file as soon as they are written", async () => {
  const binding = await tensorflow();
  const folder = folderWith({});
  const before = binding.getNumOfTensors();
  try {
    const summaries = openSummaries(binding, folder);
    assert.deepEqual(scalarsIn(folder), []);
    summaries.write(1, { "loss": 2.5, "validation/top-1 error": 75 });
    const first = [
      { step: 1, tag: "loss", value: 2.5 },
      { step: 1, tag: "validation/top-1 error", value: 75 },
    ];
    assert.deepEqual(scalarsIn(folder), first);
    summaries.write(370_000, { loss: 0.125 });
    summaries.close();
    assert.deepEqual(scalarsIn(folder), [...first, { step: 370_000, tag: "loss", value: 0.125 }]);
    assert.equal(binding.getNumOfTensors(), before);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a new event file takes the place of the old ones, and of nothing else", async () => {
  const binding = await tensorflow();
  const folder = folderWith({
    "events.out.tfevents.1.old": new Uint8Array(3),
    "log.jsonl": new Uint8Array(3),
  });
  try {
    openSummaries(binding, folder).close();
    const [name] = eventFilesIn(folder);
    assert.match(name!, /^events\.out\.tfevents\.\d{10}\./);
    assert.deepEqual(scalarsIn(folder), []);
    assert.equal(Deno.statSync(`${folder}/log.jsonl`).size, 3);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test({
  name: "where no event file can be written, a message says so, and what to do",
  // a folder in which not even root can make a file
  ignore: Deno.build.os !== "linux",
  async fn() {
    const binding = await tensorflow();
    assert.throws(() => openSummaries(binding, "/proc/self"), (error: Error) => {
      assert.ok(error instanceof UserError);

      assert.match(error.message, /^Cannot write TensorBoard's event file in "\/proc\/self": /);
      assert.match(error.message, /--results DIR$/);
      return true;
    });
  },
});
