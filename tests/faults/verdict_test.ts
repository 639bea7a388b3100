/** What counts as said about a fault. */
import assert from "node:assert/strict";
import type { FaultName } from "./cases.ts";
import type { Ending } from "./sandbox.ts";
import { leavesDrafts, wrongUnderFault } from "./verdict.ts";

/** What is there after a command that removes `drafts` and writes `sheet.png`. */
const WHOLE = new Map([["data/", ""], ["data/sheet.png", "a picture"]]);

/** What is wrong with a command that ended with 0, wrote no sheet and said something. */
function wrongWith(fault: FaultName, err: string, at = "data/set/drafts"): string | undefined {
  const ending = (err: string, hit?: string): Ending => ({
    ...{ code: 0, signal: null, hangs: false, out: "done\n", err, hit, trace: "", seconds: 1 },
  });
  const one = {
    phase: "some",
    fault,
    call: { name: "unlink", place: at, number: 1 },
  } as const;
  return wrongUnderFault(
    { ending: ending(err, at), content: new Map([["data/", ""]]) },
    { one, unbroken: { ending: ending(""), content: WHOLE } },
  );
}

Deno.test("where a disk fails for good, it is enough to name the file that is missing then", () => {
  const said = 'warning: Cannot write "FOLDER/data/sheet.png": Read-only file system; free some\n';
  const silent =
    "ends with 0 and does not name data/set/drafts, although data/sheet.png is missing";
  assert.equal(wrongWith("EROFS", said), undefined);
  assert.equal(wrongWith("EROFS", ""), silent);
  // a fault that goes away leaves no other file missing
  assert.equal(wrongWith("EIO", said), silent);
});

Deno.test("where the scratch folder itself fails, a file in it is named, and not just any word", () => {
  const [said, vague] = ['"FOLDER/net": Input/output error; name another', "it failed; try again."]
    .map((words) => `error: Cannot write ${words}\n`);
  assert.equal(wrongWith("EIO", said!, "."), undefined);
  assert.equal(
    wrongWith("EIO", vague!, "."),
    "ends with 0 and does not name ., although data/sheet.png is missing",
  );
});

Deno.test("drafts may stay where they cannot be looked at or removed, and nowhere else", () => {
  const stays = (fault: FaultName, name: "list" | "open" | "stat" | "unlink", place: string) =>
    leavesDrafts({ phase: "some", fault, call: { name, place, number: 1 } });
  const draft = "results/*/leases/0123.1.UUID.part";
  assert.equal(stays("EIO", "stat", draft), true); // Deno looks at what it removes
  assert.equal(stays("EIO", "unlink", draft), true);
  assert.equal(stays("kill-before", "unlink", draft), true);
  assert.equal(stays("EIO", "stat", "results/*/leases/0123.1"), false);
  assert.equal(stays("EIO", "open", draft), false);
  for (const name of ["open", "list"] as const) {
    assert.equal(stays("EIO", name, "tmp/verydeep-graph-*"), true);
    assert.equal(stays("EIO", name, "tmp/verydeep-graph-*/saved_model.pb"), false);
    assert.equal(stays("EIO", name, "results/*/train"), false);
  }
});
