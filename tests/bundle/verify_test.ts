import assert from "node:assert/strict";
import type { Table } from "../../lib/experiment.ts";
import { afterwards, bytes, cells, coverUp, text } from "../support/bundles.ts";
import { withStore } from "../support/made_store.ts";

Deno.test("differences from a baseline are computed again, too", () =>
  withStore(async (input, folder) => {
    const [first, ...others] = input.tables as [Table, ...Table[]];
    const compared = { ...input, tables: [{ ...first, baseline: 2 }, ...others] };
    const { problems } = await afterwards(compared, folder, () => {});
    assert.deepEqual(problems, []);
    const changed = await afterwards(compared, folder, (entries) => {
      const [header, one, ...more] = text(entries, "first.csv").split("\n");
      const at = header!.split(",").indexOf("difference");
      // the cells before it have quotes only where texts have commas, after which a split is wrong
      const own = one!.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
      assert.match(own[at]!, /^-?\d/);
      own[at] = "-9.99";
      entries.set("first.csv", bytes([header, own.join(","), ...more].join("\n")));
      coverUp(entries);
    });
    assert.deepEqual(cells(changed.problems).map(({ row, column }) => [row, column]), [
      [1, "difference"],
    ]);
  }));
