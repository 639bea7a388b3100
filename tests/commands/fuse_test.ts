/** `fuse` and `evaluate` of nets whose errors mean nothing. */
import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { isEvaluation } from "../../lib/experiment.ts";
import { planOf } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";
import { hearing } from "../support/hearing.ts";
import { logOf } from "../support/logs.ts";

Deno.test("a net at chance is warned of where evaluations are fused, and where one is printed", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("evaluate", "--config", "A", "--S", "256");
  const { contexts, dataset } = await sandbox.study(options);
  const store = makeStore(options.results);
  const runs = planOf(evaluations(net("A", 256), [256, 288], "dense"), contexts);
  const [, one, other] = runs.map(({ key }) => key);
  const labels = Int32Array.from(dataset.val.keys(), (image) => image % 2);
  const values = Float32Array.from([...labels].flatMap((label) => label ? [0.4, 0.6] : [0.6, 0.4]));
  /** What both commands say beside their results, of a net with this loss after its rate's first step. */
  const said = async (loss: number) => {
    for (const planned of runs) {
      store.begin(planned);
      if (isEvaluation(planned.run)) {
        store.writePosteriors(planned, { classes: 2, values, labels });
        continue;
      }
      for (const line of logOf(planned.run, planned.context.train)) {
        store.appendLog(planned, { ...line, loss });
      }
      store.writeWeights(planned, new Map());
    }
    const fused = await hearing(() => sandbox.printed("fuse", [one!, other!]));
    const tested = await hearing(() =>
      sandbox.printed("evaluate", [], "--config", "A", "--S", "256", "--Q", "256")
    );
    return [fused, tested].map(({ said }) => said.replace(/\s+/g, " "));
  };
  // two classes, each as often: chance is ln 2 = 0.693
  for (const line of await said(0.6)) assert.doesNotMatch(line, /warning/);
  for (const line of await said(0.69)) {
    assert.match(line, /warning: A 256 is at chance: .* its loss is 0\.69, and .* gives 0\.69/);
  }
});
