import assert from "node:assert/strict";
import { headInWords, isPlace, placeOf, rowAt } from "../../lib/command_line/row_names.ts";
import { TABLES } from "../../lib/command_line/tables.ts";
import { UsageError } from "../../lib/errors.ts";

const found = (place: string) => {
  const { table, row } = rowAt(place, TABLES);
  return `${table.name} ${row}`;
};

Deno.test("a row is found by what its first headings say, as far as it takes", () => {
  assert.equal(found("table3/D/384"), "table3 8");
  assert.equal(found("table3/A"), "table3 1"); // not A-LRN
  assert.equal(found("table3/A-LRN"), "table3 2");
  assert.equal(found("table3/C/384/384"), "table3 5");
  assert.equal(found("table4/B"), "table4 1");
  assert.equal(found("table5/E/multi-crop"), "table5 5"); // not multi-crop & dense
  assert.equal(found("table5/E/multi-crop & dense"), "table5 6");
  assert.equal(found("table6/ILSVRC submission"), "table6 1");
  assert.equal(found("initialisation/B/from net A 7"), "initialisation 6");
  assert.equal(found("initialisation/A/again"), "initialisation 2"); // not again, with noise
});

Deno.test("neither case nor what stands between letters counts", () => {
  for (const scale of ["[256;512]", "256-512", "256 512"]) {
    assert.equal(found(`table3/d/${scale}`), "table3 9");
  }
});

Deno.test("a row is found by its number", () => {
  assert.equal(found("table6/4"), "table6 4");
  assert.equal(found("table3/12"), "table3 12");
});

Deno.test("each row is found by the place that it is given", () => {
  const places = TABLES.flatMap((table) =>
    table.rows.map((_, index) => placeOf({ table, row: index + 1 }))
  );
  assert.deepEqual(
    places.map(found),
    TABLES.flatMap(({ name, rows }) => rows.map((_, index) => `${name} ${index + 1}`)),
  );
  assert.deepEqual(places.slice(0, 6), [
    ...["table3/A", "table3/A-LRN", "table3/B", "table3/C/256", "table3/C/384"],
    "table3/C/256-512",
  ]);
  for (const place of places) assert.match(place, /^[\w./-]+$/); // no shell needs quotes
});

Deno.test("several rows or none: those that may be meant are named", () => {
  const refused = (place: string, message: RegExp) =>
    assert.throws(
      () => rowAt(place, TABLES),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  refused(
    "table3/D",
    /"table3\/D" is: it may be table3\/D\/256, table3\/D\/384, table3\/D\/256-512$/,
  );
  refused("table5", /it may be table5\/D\/dense, .*table5\/E\/multi-crop-dense$/);
  refused("table3/F", /the rows of table3 are table3\/A, /);
  refused("table3/13", /the rows of table3 are/);
  refused("table7/GoogLeNet", /it may be table7\/4 \(GoogLeNet .* \(1 net\)\), table7\/5 \(Goog/);
  refused("tabel3/D/384", /There is no table "tabel3".*Did you mean "table3"/);
  refused("table1/A", /table1 needs no runs/);
});

Deno.test("a place is told from a key", () => {
  assert.deepEqual(["table3/D", "table3", "filter-size", "0a1b2c"].map(isPlace), [
    ...[true, true, true, false],
  ]);
});

Deno.test("a row's headings in a line", () => {
  assert.equal(headInWords(rowAt("table3/9", TABLES)), "D, [256;512], 384");
  assert.equal(headInWords(rowAt("table6/1", TABLES)), "ILSVRC submission, dense");
});
