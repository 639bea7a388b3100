/** A card of a net: its metadata as the hub's own library reads it, and what it says. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { plannedRun } from "../../lib/plan.ts";
import { net } from "../../experiments/protocol.ts";
import { CARD_START, type CardInput, cardOf } from "../../lib/report/card.ts";
import { python } from "../../lib/system/subprocess.ts";
import { wilson } from "../../lib/statistics/mod.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { versionsOf } from "../support/python_packages.ts";

/** A card of net B in a sandbox, which was tested once: 5 of 6 images are right by these labels. */
async function madeCard(
  sandbox: CommandSandbox,
  { labels = [0, 1, 0, 1, 0, 1], ...more }: Partial<CardInput> & { labels?: number[] } = {},
): Promise<string> {
  const options = sandbox.options("export");
  const study = await sandbox.study(options);
  const run = net("B", 256);
  const planned = { ...plannedRun(run, study.contexts[0]!), run };
  const store = makeStore(options.results);
  const test = plannedRun({ net: run, Q: 256, method: "dense" }, study.contexts[0]!);
  store.begin(planned);
  store.writeWeights(planned, new Map());
  store.begin(test);
  store.writePosteriors(test, {
    classes: 2,
    values: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.4, 0.6, 0.6, 0.4, 0.75, 0.25),
    labels: Int32Array.from(labels),
  });
  return cardOf({
    ...{ planned, study: { ...study, store } },
    file: { library: "ONNX", input: "It takes <images>.", code: 'session = open("b.onnx")' },
    ...more,
  });
}

Deno.test("a card has the key, the errors with intervals, departures, lineage and licence", async () => {
  using sandbox = new CommandSandbox();
  const card = await madeCard(sandbox);
  assert.ok(card.startsWith(CARD_START));
  const { low, high } = wilson(1, 6);
  const interval = `16.7 (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
  assert.match(
    card,
    /^\| dense, Q = 256 \| 6 +\| 16\.7 \([\d.]+ to [\d.]+\) \| – +\| `[0-9a-f]{12}` \|$/m,
  );
  assert.ok(card.includes(interval), interval);
  // 256 x 28 / 224
  assert.match(
    card,
    /those of this net have 28\. So the smallest side .* has 32 pixels at Q = 256\./,
  );
  assert.match(card, /key `[0-9a-f]{12}`\./);
  assert.match(card, /^- B 256 \(`[0-9a-f]{12}`\) from conv1_1 .*of A 256$/m);
  assert.match(card, /^- A 256 \(`[0-9a-f]{12}`\) from random weights$/m);
  assert.match(
    card,
    /## Departures from the paper\n\n\| field .*\n.*\n\| dataset +\| ilsvrc2012 +\| folder/,
  );
  assert.match(card, /12 training and 6 validation images, fingerprint [0-9a-f]{12}/);
  assert.match(card, /The licence of the images is not known to this program: say here what it is/);
  assert.ok(card.includes('```python\nsession = open("b.onnx")\n```'));
  const licensed = await madeCard(sandbox, { credits: "Pictures: CC BY 4.0\n" });
  assert.ok(licensed.endsWith("```text\nPictures: CC BY 4.0\n```\n"));
  // the same store gives the same card
  assert.equal(await madeCard(sandbox), card);
});

Deno.test("a card's metadata have the accuracies that its errors leave", async () => {
  using sandbox = new CommandSandbox();
  const [, metadata = ""] = (await madeCard(sandbox)).split(/^---$/m);
  assert.deepEqual(parse(metadata), {
    pipeline_tag: "image-classification",
    tags: ["vgg", "verydeep", "onnx"],
    metrics: ["accuracy"],
    "model-index": [{
      name: "B 256",
      results: [{
        task: { type: "image-classification" },
        dataset: { name: "folder", type: "folder", split: "validation" },
        metrics: [{ type: "accuracy", name: "top-1 accuracy, dense, Q = 256", value: 0.833333 }],
      }],
    }],
  });
});

Deno.test("errors that mean nothing are called so on a card, and are not in its metadata", async () => {
  using sandbox = new CommandSandbox();
  const card = await madeCard(sandbox, { labels: [0, 0, 0, 0, 0, 0] });
  const [, metadata = ""] = card.split(/^---$/m);
  assert.match(card, /^Doubtful: .*label/m);
  assert.deepEqual(parse(metadata), {
    pipeline_tag: "image-classification",
    tags: ["vgg", "verydeep", "onnx"],
  });
});

const version = await versionsOf("huggingface_hub");
if (version === undefined) console.warn("Python has no huggingface_hub: reading cards is left out");

Deno.test({
  name: "the hub's own library reads a card (where Python has huggingface_hub)",
  ignore: version === undefined,
  async fn() {
    using sandbox = new CommandSandbox();
    const file = `${sandbox.folder}/README.md`;
    Deno.writeTextFileSync(file, await madeCard(sandbox));
    const script = `
import json, sys
from huggingface_hub import ModelCard
card = ModelCard.load(sys.argv[1])
[result] = card.data.eval_results
print(json.dumps([card.data.model_name, card.data.pipeline_tag, result.dataset_name,
                  result.metric_type, result.metric_name, result.metric_value]))`;
    const [program = "", ...args] = python();
    const { stdout, stderr } = await new Deno.Command(program, {
      args: [...args, "-c", script, file],
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    assert.deepEqual(JSON.parse(text), [
      ...["B 256", "image-classification", "folder"],
      ...["accuracy", "top-1 accuracy, dense, Q = 256", 0.833333],
    ]);
  },
});
