import assert from "node:assert/strict";
import { verifyChecksum, withChecksum } from "../../lib/system/checksums.ts";

const record = { step: 3, loss: 0.1, validation: { top1: 20, top5: 1.5 } };

Deno.test("a record with its checksum is read again as it was", () => {
  // printf '%s' '{"step":3,"loss":0.1,"validation":{"top1":20,"top5":1.5}}' | sha256sum
  assert.deepEqual(withChecksum(record), { ...record, checksum: "8f768043" });
  assert.deepEqual(verifyChecksum(JSON.parse(JSON.stringify(withChecksum(record)))), record);
});

Deno.test("a changed record is refused; a record without a checksum is accepted", () => {
  const text = JSON.stringify(withChecksum(record));
  for (
    const [from, to] of [["0.1", "0.3"], ["top5", "top4"], ["checksum", "checksun"], [":20", ":21"]]
  ) {
    assert.equal(verifyChecksum(JSON.parse(text.replace(from!, to!))), undefined);
  }
  assert.deepEqual(verifyChecksum(record), record);
  for (const value of [null, 3, "text", undefined]) assert.equal(verifyChecksum(value), undefined);
});
