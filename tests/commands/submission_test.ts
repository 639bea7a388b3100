import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { UserError } from "../../lib/errors.ts";
import { plannedRun } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { madeIlsvrc, nameOf } from "../support/ilsvrc2012/made.ts";
import { solidPng } from "../support/datasets.ts";
import { CommandSandbox } from "../support/command_sandbox.ts";

Deno.test("ImageNet's archives are trained on and tested in sandbox, up to the server's file", async () => {
  using sandbox = new CommandSandbox();
  const folder = madeIlsvrc({
    ...{ train: "archive", val: "archive", devkit: "archive", test: "archive" },
  });
  // 12 updates; of the validation images only some are looked at
  const setup = [
    ...["width=0.03125", "fc=16", "batch=4", "validations=1", "validationImages=4"],
    "schedules.first.images=48",
  ].join(",");
  const here = ["--dataset", "ilsvrc2012", "--data", folder, "--set", setup];
  await assert.rejects(sandbox.records("submission", ["table3/A/256"], ...here, "--seeds", "2"));
  const planned = await sandbox.records("submission", ["table3/A/256"], ...here, "--dry-run");
  assert.deepEqual(planned.map(({ run }) => run), [
    "train A 256",
    "test A 256 at Q = 256, dense, test images",
  ]);
  const [written] = await sandbox.records("submission", ["table3/A/256"], ...here);
  assert.equal(written.images, 3);
  const lines = Deno.readTextFileSync(written.file).trimEnd().split("\n");
  assert.equal(lines.length, 3);
  for (const line of lines) {
    const ids = line.split(" ").map(Number);
    assert.equal(new Set(ids).size, 5);
    assert.ok(ids.every((id) => Number.isInteger(id) && id >= 1 && id <= 1000), line);
  }
  const [kept] = await sandbox.records("submission", ["table3/A"], ...here, "--score", "6.8");
  assert.deepEqual([kept.score, kept.key], [6.8, written.key]);
  await assert.rejects(
    sandbox.records("submission", ["table3/B"], ...here, "--score", "6.8"),
    /no submission of them was written/,
  );
  await assert.rejects(sandbox.records("submission", ["table7/9"], ...here), /result of others/);

  // a row of a study has fields of its own; one with the setup's is the row of Table 3
  const grid = `${sandbox.folder}/grid.json`;
  const study = { name: "grid", caption: "", grid: { weightDecay: [0.0005, 0.001] } };
  Deno.writeTextFileSync(grid, JSON.stringify(study));
  const [same] = await sandbox.records("submission", [`${grid}/0.0005`], ...here);
  assert.deepEqual([same.key, same.file], [written.key, written.file]);
  const [other] = await sandbox.records("submission", [`${grid}/0.001`], ...here);
  assert.notEqual(other.key, written.key);
  assert.equal(Deno.readTextFileSync(other.file).split("\n").length, 4);
  Deno.writeTextFileSync(grid, JSON.stringify({ ...study, seeds: 2 }));
  await assert.rejects(
    sandbox.records("submission", [`${grid}/0.001`], ...here),
    /uses one seed; .* of a study with several, with --seeds 1, too$/,
  );
});

Deno.test("a test image that cannot be read is not left out: the server takes a line for each", async () => {
  using sandbox = new CommandSandbox();
  const folder = madeIlsvrc({ train: "archive", val: "archive", devkit: "archive" });
  Deno.mkdirSync(`${folder}/test`);
  for (const i of [1, 2, 3]) {
    const bytes = i === 2 ? new TextEncoder().encode("not an image") : solidPng(1, 2, 3);
    Deno.writeFileSync(`${folder}/test/${nameOf("test", i)}`, bytes);
  }
  const here = ["--dataset", "ilsvrc2012", "--data", folder, "--skip-unreadable"];
  await assert.rejects(
    sandbox.records("submission", ["table3/A/256"], ...here, "--dry-run"),
    /^UserError: Cannot write a submission: 1 test image cannot be read, and the server takes a line/,
  );
});

Deno.test("a data set without test images says which files are looked for", async () => {
  using sandbox = new CommandSandbox();
  await assert.rejects(sandbox.records("submission", ["table3/A/256"]), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /no test images.*ILSVRC2012_img_test_v10102019\.tar/);
    return true;
  });
});

Deno.test("a submission of several seeds is refused before anything is looked for", async () => {
  using sandbox = new CommandSandbox();
  for (const word of ["table3/A/256", "0123456789ab"]) {
    await assert.rejects(
      sandbox.records("submission", [word], "--seeds", "2"),
      /^UserError: A submission uses one seed; choose it with --seed N, without --seeds/,
    );
  }
});

Deno.test("an evaluation of another seed than the options say is not submitted", async () => {
  using sandbox = new CommandSandbox();
  const options = sandbox.options("submission", "--seed", "1");
  const { contexts: [context], dataset } = await sandbox.study(options);
  const [run] = evaluations(net("A", 256), [256], "dense");
  const planned = plannedRun(run!, context!);
  const store = makeStore(options.results);
  store.begin(planned);
  const labels = Int32Array.from(dataset.val.keys(), (image) => image % 2);
  const values = new Float32Array(2 * labels.length).fill(0.5);
  store.writePosteriors(planned, { classes: 2, values, labels });
  const submitted = (...args: string[]) => sandbox.records("submission", [planned.key], ...args);
  await assert.rejects(
    submitted(),
    /^UserError: Cannot submit A 256 at Q = 256, dense \([0-9a-f]{12}\): it is of another seed, setup or/,
  );
  // its own: what is missing are test images
  await assert.rejects(submitted("--seed", "1"), /folder has no test images in/);
});
