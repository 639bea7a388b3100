import assert from "node:assert/strict";
import type { Table } from "../../lib/experiment.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { UnreadableError } from "../../lib/errors.ts";
import { afterwards, bytes, cells, coverUp, text, verify } from "../support/bundles.ts";
import { whileFailing, whileOneReadFails } from "../support/failing_calls.ts";
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

Deno.test("a bundle that a disk withholds in part is unreadable, not one that does not agree", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/all.zip`;
    for (const small of [false, true]) {
      await writeBundle(file, { ...input, small });
      // the first opening is the archive's, later ones are those of posteriors
      for (const skip of [0, 1, 2, 3]) {
        await assert.rejects(
          whileFailing({ call: "openSync", part: file, skip }, () => verify(file)),
          (error: Error) => {
            if (skip > 0) assert.ok(error instanceof UnreadableError, String(error));
            assert.match(error.message, /^Cannot (read|open) ".*all\.zip": Input\/output error; /);
            return true;
          },
        );
      }
    }
  }));

Deno.test("no reading of a bundle that fails once makes it one that does not agree", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/all.zip`;
    const [tables, contexts] = [input.tables.slice(0, 1), input.contexts.slice(0, 1)];
    await writeBundle(file, { ...input, tables, contexts });
    let skip = 0;
    for (let isWhole = false; !isWhole; skip++) {
      try {
        const { problems } = await whileOneReadFails(skip, () => verify(file));
        assert.deepEqual(problems, [], `reading ${skip + 1}`);
        isWhole = true;
      } catch (error) {
        assert.ok(error instanceof UnreadableError, String(error));
      }
    }
    // logs, recipes, posteriors and cards, each more than once
    assert.ok(skip > 50, String(skip));
  }));
