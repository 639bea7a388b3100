import assert from "node:assert/strict";
import { draftOf } from "../../lib/system/files.ts";
import { asTask, IN_PID_NAMESPACE, spawn, withNamespaces } from "../support/tasks.ts";

const MODULE = new URL("../../lib/system/files.ts", import.meta.url);

Deno.test("drafts of one file have different names, beside it, that end in .part", () => {
  const drafts = Array.from({ length: 100 }, () => draftOf("/results/table3.csv"));
  assert.equal(new Set(drafts).size, 100);
  for (const draft of drafts) assert.match(draft, /^\/results\/table3\.csv\.[0-9a-f-]{36}\.part$/);
});

Deno.test("processes of one number in different PID namespaces write the same files", () =>
  withNamespaces(async () => {
    const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
    const program = `
      import { writeAtomically } from "${MODULE}";
      let failures = 0;
      for (let i = 0; i < 300; i++) {
        try {
          writeAtomically(${JSON.stringify(folder)} + "/table" + i % 3 + ".csv", "x".repeat(i));
        } catch (error) {
          failures++;
          console.error(error.message);
        }
      }
      console.log(JSON.stringify([Deno.pid, failures]));
    `;
    const children = [0, 1].map(() =>
      spawn([...IN_PID_NAMESPACE, ...asTask("train", program, folder)]).output()
    );
    for (const { stdout } of await Promise.all(children)) {
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [1, 0]);
    }
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => !name.endsWith(".ts")).sort(), [
      ...["table0.csv", "table1.csv", "table2.csv"],
    ]);
    Deno.removeSync(folder, { recursive: true });
  }));
