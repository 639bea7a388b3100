/** A result of another machine is seen although a network file system remembers that there was none. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { net } from "../../experiments/protocol.ts";
import { smoke } from "../../experiments/setups.ts";
import { plannedRun } from "../../lib/plan.ts";
import { inStore } from "../support/in_store.ts";

const context = { train: smoke.train, evaluate: smoke.evaluate, seed: 0, data: "made-up" };
const A = plannedRun(net("A", 256), context);

Deno.test("a result that this machine remembers as missing is looked for again in its folder", () =>
  inStore((store) => {
    store.writeWeights(A, new Map([["x", { shape: [1], values: Float32Array.of(1) }]]));
    const { statSync, openSync } = Deno;
    // folders whose names this machine learned before the result was written, as on NFS
    const remembered = new Set([dirname(store.folderOf(A)), store.folderOf(A)]);
    Deno.statSync = (path) => {
      const isRemembered = [...remembered].some((folder) => String(path).startsWith(folder));
      if (isRemembered) throw new Deno.errors.NotFound(`No such file or directory: ${path}`);
      return statSync(path);
    };
    Deno.openSync = (path, options) => {
      if (String(path).startsWith(store.folder)) remembered.delete(String(path));
      return openSync(path, options);
    };
    try {
      assert.deepEqual(store.status(A), { state: "done" });
    } finally {
      Object.assign(Deno, { statSync, openSync });
    }
  }));
