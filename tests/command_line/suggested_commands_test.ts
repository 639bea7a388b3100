import assert from "node:assert/strict";
import {
  evaluateLine,
  optionsFor,
  scoreLine,
  submissionLine,
  tableLine,
  trainLine,
} from "../../lib/command_line/suggested_commands.ts";
import { readCommandLine } from "../../lib/command_line/options.ts";
import { JITTERED, net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import table3 from "../../experiments/table3.ts";
import type { Context, TrainRun } from "../../lib/experiment.ts";
import { plannedRun } from "../../lib/plan.ts";

const context: Context = {
  ...{ train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" },
};
const planned = (run: TrainRun, seed = 0) => plannedRun(run, { ...context, seed });
const given = (line: string) => ({ given: readCommandLine(line.split(" ")).given });

Deno.test("a table's command has the options that were given here, or one seed alone", () => {
  const options = given("--setup smoke --seeds 3 --format csv --skip-unreadable");
  assert.equal(
    tableLine(table3, options),
    "deno task table3 --seeds 3 --setup smoke --skip-unreadable",
  );
  const one = "deno task table3 --seed 2 --setup smoke --skip-unreadable";
  assert.equal(tableLine(table3, options, 2), one);
});

Deno.test("the paper's nets are trained by their config and S, others from where they start", () => {
  const options = given("--setup smoke");
  const line = (run: TrainRun, seed?: number) =>
    trainLine(planned(run, seed), options).replace("deno task train ", "");
  assert.equal(line(net("D", JITTERED)), "--config D --S 256,512 --setup smoke");
  assert.equal(
    line({ ...net("D", JITTERED), update: "fc" }, 4),
    "--config D --S 256,512 --update fc --seed 4 --setup smoke",
  );
  const random: TrainRun = { config: "E", S: 256, init: "random" };
  assert.equal(line(random), "--config E --S 256 --init-from random --setup smoke");
  const { key } = planned(random);
  const some: TrainRun = {
    ...{ config: "D", S: 384, init: { from: random, layers: ["fc6", "fc7"] } },
  };
  assert.equal(
    line(some),
    `--config D --S 384 --init-from ${key} --layers fc6,fc7 --setup smoke`,
  );
});

Deno.test("test images are looked at by the submission of what looked at validation images", () => {
  const run = { net: net("A", 256), Q: 256, method: "dense" } as const;
  const { key } = plannedRun(run, context);
  assert.equal(
    submissionLine(plannedRun(run, context), given("--setup smoke --format csv")),
    `deno task submission ${key} --setup smoke`,
  );
});

Deno.test("a score is kept by the command that wrote the submission, wherever the data and results lie", () => {
  const options = given("--setup paper --data /imagenet --results /r --seed 1 --workers 1");
  assert.equal(
    scoreLine(["table3/D/[256;512]"], options),
    "deno task submission 'table3/D/[256;512]' --seed 1 --setup paper --data /imagenet --results /r " +
      "--score ERROR",
  );
});

Deno.test("values that a shell would take apart are quoted", () => {
  const options = { given: { data: "my $HOME", results: "it's" } };
  assert.equal(
    evaluateLine(planned(net("A", 256)), { Q: 256, method: "multi-crop", options }),
    "deno task evaluate --config A --S 256 --Q 256 --method multi-crop --data 'my $HOME' " +
      "--results 'it'\\''s'",
  );
});

Deno.test("a switch that is turned off is passed on as such", () => {
  const options = given("--setup smoke --deterministic=false --micro-batch 8");
  assert.equal(
    optionsFor("run", options),
    "--setup smoke --micro-batch 8 --deterministic=false",
  );
});
