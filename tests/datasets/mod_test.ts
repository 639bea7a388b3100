import assert from "node:assert/strict";
import { DATASET_NAMES, describeDataset, openDataset } from "../../lib/datasets/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { smallestFolder } from "../support/datasets.ts";

Deno.test("a data set is opened by its name", async () => {
  const { name, train } = await openDataset("folder", { folder: smallestFolder() });
  assert.deepEqual([name, train.length], ["folder", 2]);
});

Deno.test("a data set is described by its name, under the same name", async () => {
  const folder = smallestFolder();
  for (const name of ["scenes", "folder", "ilsvrc2012"]) {
    const where = name === "ilsvrc2012" ? Deno.makeTempDirSync() : folder;
    assert.equal((await describeDataset(name, { folder: where })).name, name);
  }
  for (const name of ["cifar10", "cifar100"]) {
    const reason = new RegExp(`Cannot find ${name}:.*--data DIR`);
    await assert.rejects(describeDataset(name, { folder }), reason);
  }
  await assert.rejects(describeDataset("toString", { folder }), UserError);
});

Deno.test("an unknown name is refused with all names, and the most similar one", async () => {
  await assert.rejects(openDataset("fasion-mnist", { folder: "." }), (error) => {
    assert(error instanceof UserError);
    for (const name of DATASET_NAMES) assert(error.message.includes(name), error.message);
    assert.match(error.message, /"fasion-mnist".*did you mean "?fashion-mnist"?\?/);
    return true;
  });
  await assert.rejects(openDataset("constructor", { folder: "." }), UserError);
});

Deno.test("what a data set warns of is a part of it, so that it is named with its numbers", async () => {
  const folder = smallestFolder();
  const [other] = Deno.readDirSync(`${folder}/train`);
  const [image] = Deno.readDirSync(`${folder}/train/${other!.name}`);
  const path = `${other!.name}/${image!.name}`;
  Deno.copyFileSync(`${folder}/train/${path}`, `${folder}/val/${path}`);
  const warnings: string[] = [];
  const options = { folder, onWarning: (text: string) => warnings.push(text) };
  const { doubts } = await openDataset("folder", options);
  assert.deepEqual(doubts, warnings);
  assert.match(doubts![0]!, /^\d of 2 validation images (is a|are) training image/);
  assert.deepEqual((await describeDataset("folder", { folder })).doubts, doubts);
});
