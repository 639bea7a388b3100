import assert from "node:assert/strict";
import { type Listing, listing } from "../../lib/report/listing.ts";

const LIST: Listing = {
  title: "Runs",
  records: [
    { run: "train A", seconds: 90, key: "0a" },
    { run: "train D", seconds: undefined, key: "0b" },
  ],
  columns: [
    { field: "run" },
    { field: "seconds", heading: "time", show: (value) => `${Number(value) / 60} min` },
  ],
  notes: ["2 runs."],
};

Deno.test("people see chosen columns, headings and units; numbers stand to the right", () => {
  assert.equal(
    listing(LIST, "table"),
    `
Runs
┌─────────┬─────────┐
│ run     │ time    │
├─────────┼─────────┤
│ train A │ 1.5 min │
│ train D │         │
└─────────┴─────────┘
2 runs.`.slice(1),
  );
  assert.match(
    listing(LIST, "markdown"),
    /^## Runs\n\n\| run .*\| -{6}: \|\n.*1\.5 min.*2 runs\.$/s,
  );
});

Deno.test("programs see every field as it is", () => {
  assert.equal(listing(LIST, "csv"), "run,seconds,key\ntrain A,90,0a\ntrain D,,0b");
  assert.deepEqual(JSON.parse(listing(LIST, "json"))[1], {
    run: "train D",
    seconds: null,
    key: "0b",
  });
});

Deno.test("an empty list is its heading", () => {
  assert.match(listing({ ...LIST, records: [] }, "table"), /│ run │ time │\n└/);
  assert.equal(listing({ ...LIST, records: [] }, "csv"), "run,seconds");
});
