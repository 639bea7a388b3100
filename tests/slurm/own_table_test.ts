/** A table in a file outside the project, on a cluster. */
import assert from "node:assert/strict";
import { TINY, tinyFolder } from "../support/command_sandbox.ts";
import { hasSlurm, TestCluster } from "./cluster.ts";

const TABLE = `import { evaluations, net, ownNet } from "verydeep";
const mine = ownNet({ config: "mine", blocks: [[64], [128]], average: true }, 256);
const row = (run) => ({ evaluations: evaluations(run, [256], "dense") });
export default {
  name: "own", caption: "", headings: ["config"], rows: [row(net("A", 256)), row(mine)],
};`;

Deno.test({
  name: "a table of one's own is carried out by a cluster, and gives the CSV of this machine",
  ignore: !hasSlurm,
  async fn() {
    await using cluster = await TestCluster.start({ nodes: 1 });
    tinyFolder(cluster.folder("data"));
    Deno.writeTextFileSync(`${cluster.folder("user")}/mine.ts`, TABLE);
    const options = (results: string) => [
      ...["--setup", "smoke", "--dataset", "folder", "--set", TINY, "--format", "csv"],
      ...["--data", cluster.folder("data"), "--results", cluster.folder(results)],
    ];
    const there = ["table", "./mine.ts", ...options("there"), "--executor", "slurm", "--wait"];
    const done = await cluster.verydeep(...there);
    assert.equal(done.code, 0, done.err);
    const here = await cluster.verydeep("table", "./mine.ts", ...options("here"));
    assert.equal(here.code, 0, here.err);
    assert.equal(done.out, here.out);
    assert.match(done.out, /^own,2,.*mine/m);
  },
});
