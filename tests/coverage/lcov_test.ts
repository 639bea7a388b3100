import assert from "node:assert/strict";
import { neverLoaded, ranges, readLcov, share } from "./lcov.ts";

const LCOV = `SF:/lib/one.ts
FN:1,f
FNDA:2,f
DA:1,2
DA:2,0
DA:4,0
DA:5,0
end_of_record
SF:/lib/other.ts
DA:7,1
end_of_record
SF:/lib/one.ts
DA:2,3
DA:9,0
end_of_record
`;

Deno.test("lines that ran in any process ran; those of a file that nobody loads did not", () => {
  const [one, other] = readLcov(LCOV);
  assert.deepEqual(one, { file: "/lib/one.ts", lines: 5, missed: [4, 5, 9] });
  assert.deepEqual(other, { file: "/lib/other.ts", lines: 1, missed: [] });
  assert.equal(share([one!]), 40);
  assert.equal(share([one!, other!]), 50);
  const unseen = neverLoaded("third.ts", "/** A file. */\n\nrun();\n");
  assert.deepEqual(unseen.missed, [1, 3]);
  assert.equal(share([one!, other!, unseen]), 37.5);
});

Deno.test("lines are named by ranges", () => {
  assert.equal(ranges([4, 5, 9, 11, 12, 13]), "4-5, 9, 11-13");
  assert.equal(ranges([]), "");
});
