import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { openArchive, SUMS } from "../../lib/bundle/archive.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { type Context, isEvaluation, type Row } from "../../lib/experiment.ts";
import { plan, plannedRun } from "../../lib/plan.ts";
import { csvOf } from "../../lib/report/csv.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { CLASSES, IMAGES, keepInvalid, withStore } from "../support/made_store.ts";
import {
  afterwards,
  bytes,
  cells,
  coverUp,
  type Entries,
  files,
  named,
  rows,
  text,
  verify,
} from "../support/bundles.ts";

for (const small of [false, true]) {
  const kind = small ? "a small bundle" : "a bundle";

  Deno.test(`${kind} agrees with itself, cell by cell, and holds the tables of the store`, () =>
    withStore(async (input, folder) => {
      const file = `${folder}/some.zip`;
      const { runs, missing } = await writeBundle(file, { ...input, small });
      // A, D 256, D 384 and D [256;512] trained, and four evaluations, under two seeds
      assert.deepEqual([runs, missing], [16, []]);
      const { problems, cells, plan, files } = await verify(file);
      assert.deepEqual(problems, []);
      const [first, second] = resultsOf(input.tables, input).map(recordsOf);
      const columns = Object.keys(first![0]!).length;
      assert.equal(cells, columns * 4);
      assert.equal(plan.small, small);
      using archive = await openArchive(file);
      assert.equal(archive.text("first.csv"), `${csvOf(first!)}\n`);
      assert.equal(archive.text("second.csv"), `${csvOf(second!)}\n`);
      assert.match(String(first![1]!.top1_error), /^\d/);
      // 16 recipes, 8 logs, 8 posteriors, 4 cards, 2 tables, plan, lineage, environment; 2 means if small
      assert.equal(files, 16 + 8 + 8 + 4 + 2 + 3 + (small ? 2 : 0));
    }));

  Deno.test(`${kind} has the doubts about its data, in every row`, () =>
    withStore(async (input, folder) => {
      const doubts = ["3 of 40 validation images are training images."];
      const file = `${folder}/some.zip`;
      await writeBundle(file, { ...input, dataset: { ...input.dataset, doubts }, small });
      const { problems, plan } = await verify(file);
      assert.deepEqual([problems, plan.dataset.doubts], [[], doubts]);
      using archive = await openArchive(file);
      assert.match(archive.text("first.csv"), /; doubtful data: 3 of 40 validation images are/);
    }));

  Deno.test(`${kind} is the same when it is made twice`, () =>
    withStore(async (input, folder) => {
      const [one, other] = [`${folder}/one.zip`, `${folder}/other.zip`];
      const { fingerprint } = await writeBundle(one, { ...input, small });
      assert.equal((await writeBundle(other, { ...input, small })).fingerprint, fingerprint);
      assert.deepEqual(Deno.readFileSync(one), Deno.readFileSync(other));
    }));

  Deno.test(`${kind} of a store that lacks runs says so, and agrees`, () =>
    withStore(async (input, folder) => {
      const file = `${folder}/some.zip`;
      const { missing } = await writeBundle(file, { ...input, small });
      assert.equal(missing.length, 1);
      assert.deepEqual((await verify(file)).problems, []);
    }, (number) => number === 7)); // the last evaluation of seed 0

  Deno.test(`one bit of ${kind}'s posteriors: the file is named`, () =>
    withStore(async (input, folder) => {
      let name = "";
      const { problems } = await afterwards({ ...input, small }, folder, (entries) => {
        name = named(entries, /^eval\/A-256-.*safetensors$/);
        const content = entries.get(name)!;
        content[content.length - 400]! ^= 1;
      });
      assert.deepEqual(files(problems).map(({ file }) => file), [name]);
      assert.match(files(problems)[0]!.reason, /^was altered/);
    }));

  Deno.test(`a number changed in the CSV of ${kind}: file and cell are named`, () =>
    withStore(async (input, folder) => {
      const records = recordsOf(resultsOf(input.tables, input)[0]!);
      const measured = String(records[1]!.top1_error);
      const change = (entries: Entries) => {
        const [header, one, two] = text(entries, "first.csv").split("\n") as [
          string,
          string,
          string,
        ];
        const better = two.replace(`,${measured},`, ",1.23,");
        assert.notEqual(better, two);
        entries.set("first.csv", bytes([header, one, better, ""].join("\n")));
      };
      const cell = {
        ...{ kind: "cell", table: "first", row: 2, head: "D + A, 256 384 512" },
        ...{ column: "top1_error", found: "1.23", recomputed: measured },
      };
      const { problems } = await afterwards({ ...input, small }, folder, change);
      assert.deepEqual(problems, [
        { kind: "file", file: "first.csv", reason: `was altered: ${SUMS} has another hash` },
        cell,
      ]);
      const covered = await afterwards({ ...input, small }, folder, (entries) => {
        change(entries);
        coverUp(entries);
      });
      assert.deepEqual(covered.problems, [cell]);
    }));

  Deno.test(`posteriors removed from ${kind}: the file and the rows are named, others computed`, () =>
    withStore(async (input, folder) => {
      let name = "";
      const remove = (entries: Entries) => {
        name = named(entries, /^eval\/D-256-512-Q384.*safetensors$/);
        entries.delete(name);
      };
      const { problems } = await afterwards({ ...input, small }, folder, remove);
      assert.deepEqual(files(problems), [{ kind: "file", file: name, reason: "is missing" }]);
      assert.deepEqual(rows(problems).map(({ table, row }) => [table, row]), [
        ["first", 2],
        ["second", 1],
      ]);
      assert.ok(rows(problems).every(({ reason }) => reason === `${name} missing`));
      assert.deepEqual(cells(problems), []);
      const covered = await afterwards({ ...input, small }, folder, (entries) => {
        remove(entries);
        coverUp(entries);
      });
      assert.equal(covered.problems.length, 2);
    }));

  Deno.test(`posteriors of another run in ${kind}: refused by the keys in them`, () =>
    withStore(async (input, folder) => {
      const { problems } = await afterwards({ ...input, small }, folder, (entries) => {
        const [one, other] = [/Q256-dense/, /Q512-dense/].map((Q) =>
          named(entries, new RegExp(`^eval/D-256-512-${Q.source}.*safetensors$`))
        );
        entries.set(one!, entries.get(other!)!);
        coverUp(entries);
      });
      assert.match(rows(problems)[0]!.reason, /Q256-dense.*": it belongs to [0-9a-f]{12}, not to/);
    }));
}

Deno.test("a better posterior, with all hashes made right: the cells that it changes are named", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      for (const name of entries.keys()) {
        if (!/^eval\/A-256-.*safetensors$/.test(name)) continue;
        const content = entries.get(name)!;
        // a header, [40, 7] posteriors, 40 labels; class 1 is made sure of for every image
        const values = Float32Array.from({ length: 40 * 7 }, (_, i) => i % 7 === 1 ? 0.94 : 0.01);
        content.set(new Uint8Array(values.buffer), content.length - 4 * 40 * 8);
      }
      coverUp(entries);
    });
    // the same posteriors for all images are those of nets at chance: other nets may have them, too
    assert.deepEqual(files(problems), []);
    // 6 of the images 0 to 39 are of class 1: 34 of 40 are wrong, all ties counted
    const [cell] = cells(problems).filter(({ column }) => column === "top1_error");
    assert.deepEqual([cell!.table, cell!.row, cell!.recomputed], ["first", 1, "85"]);
  }));

Deno.test("other labels in one evaluation are noticed, though its hash is right", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      const name = named(entries, /^eval\/D-256-512-Q512.*safetensors$/);
      const content = entries.get(name)!;
      content[content.length - 4]! = 0; // the last image's label
      coverUp(entries);
    });
    assert.match(rows(problems)[0]!.reason, /it has other labels than "eval/);
  }));

Deno.test("a recipe, the plan and the lineage must say the same", () =>
  withStore(async (input, folder) => {
    let name = "";
    const { problems } = await afterwards(input, folder, (entries) => {
      name = named(entries, /^train\/A-256-.*recipe\.json$/);
      entries.set(name, bytes(text(entries, name).replace('"dropout": 0.1', '"dropout": 0.5')));
      entries.set("lineage.json", bytes("[]\n"));
      coverUp(entries);
    });
    assert.deepEqual(problems, [
      { kind: "file", file: "lineage.json", reason: "does not follow from plan.json" },
      { kind: "file", file: name, reason: "does not follow from plan.json" },
    ]);
  }));

Deno.test("another recipe in the plan is another run, whose posteriors are not there", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      const plan = text(entries, "plan.json").replace('"dropout": 0.1', '"dropout": 0.5');
      entries.set("plan.json", bytes(plan));
      coverUp(entries);
    });
    assert.deepEqual(rows(problems).map(({ table, row }) => [table, row]), [
      ["first", 1],
      ["first", 2],
      ["second", 1],
    ]);
  }));

Deno.test("files that nobody listed, tables that are gone or of other columns are named", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      entries.set("notes.txt", bytes("trust me"));
      entries.delete("first.csv");
      entries.set("second.csv", bytes("table,row\nsecond,1\n"));
    });
    const found = files(problems).map(({ file, reason }) => `${file} ${reason}`);
    assert.ok(found.includes(`notes.txt is not in ${SUMS}`), found.join("\n"));
    assert.ok(found.includes("first.csv is missing"));
    assert.ok(
      found.some((line) => line.startsWith("second.csv does not have the computed columns")),
    );
  }));

const shapes: Record<string, [(entries: Entries) => void, RegExp]> = {
  "no plan": [(entries) => void entries.delete("plan.json"), /"plan.json" is missing$/],
  "no hashes": [(entries) => void entries.delete(SUMS), /"SHA256SUMS" is missing$/],
  "a line that is not a hash": [
    (entries) => entries.set(SUMS, bytes("abc  plan.json\n")),
    /a line of its SHA256SUMS is not a hash$/,
  ],
  "a plan that is not JSON": [
    (entries) => entries.set("plan.json", bytes("{")),
    /is not valid JSON/,
  ],
  "a plan of another kind": [
    (entries) => entries.set("plan.json", bytes("[]")),
    /its plan.json is not valid: all of it: .*expected object/,
  ],
  "a plan of another format": [
    (entries) => entries.set("plan.json", bytes('{"format": 1}')),
    /its plan.json has format 1, this version reads format 2; use the version/,
  ],
  "a net of no shape": [
    (entries) =>
      entries.set(
        "plan.json",
        bytes(text(entries, "plan.json").replace('"init": "random"', '"init": {"from": null}')),
      ),
    /its plan.json is not valid: tables\.0\.rows\.0\.evaluations\.0\.net\.init: /,
  ],
  "a net of nets without end": [
    (entries) => entries.set("plan.json", bytes('{"from":'.repeat(1e5) + "1" + "}".repeat(1e5))),
    /its plan.json is nested too deep$/,
  ],
};

for (const [what, [change, reason]] of Object.entries(shapes)) {
  Deno.test(`refused in a sentence: ${what}`, () =>
    withStore(async (input, folder) => {
      await assert.rejects(
        afterwards(input, folder, change),
        (error) => error instanceof UserError && reason.test(error.message),
      );
    }));
}

Deno.test("a damaged header of posteriors is named, and the other rows are computed", () =>
  withStore(async (input, folder) => {
    const { problems } = await afterwards(input, folder, (entries) => {
      const name = named(entries, /^eval\/A-256-.*safetensors$/);
      entries.set(name, entries.get(name)!.subarray(0, 100));
      coverUp(entries);
    });
    assert.match(rows(problems)[0]!.reason, /^Cannot read "eval\/A-256-.*" in ".*": its header/);
  }));

Deno.test("a store in which nothing is done is not bundled; the command that does it is named", () =>
  withStore(async (input, folder) => {
    await assert.rejects(
      writeBundle(`${folder}/some.zip`, input),
      /^UserError: Cannot bundle first, second: none of their 8 evaluations .*deno task first/,
    );
  }, () => true));

Deno.test("values that are not posteriors are not bundled, whatever their checksum says", () =>
  withStore(async (input, folder) => {
    keepInvalid(input);
    await assert.rejects(
      writeBundle(`${folder}/some.zip`, input),
      /^UserError: Cannot score ".*eval\/A-256-Q256-.*": .* they sum to 2\.1.*; remove the file to/,
    );
  }, () => false));

Deno.test("a row that a store leaves out is left out of its bundle, with the same reason", () =>
  withStore(async (input, folder) => {
    // all images of one label: a net that always predicts it is right
    for (const run of plan(input.tables, input.contexts)) {
      if (!isEvaluation(run.run)) continue;
      const values = Float32Array.from(
        { length: IMAGES * CLASSES },
        (_, i) => i % CLASSES ? 0.01 : 0.94,
      );
      input.store.writePosteriors(run, {
        ...{ classes: CLASSES, values, labels: new Int32Array(IMAGES) },
      });
    }
    const file = `${folder}/some.zip`;
    await writeBundle(file, input);
    const { problems } = await verify(file);
    assert.deepEqual(problems, []); // nets at chance may have the same posteriors
    using archive = await openArchive(file);
    assert.match(archive.text("first.csv"), /left out,"all images have one label, so a net/);
  }, () => false));

Deno.test("a net whose log is missing is not bundled: verify would refuse it", () =>
  withStore(async (input, folder) => {
    const [run] = plan(input.tables, input.contexts);
    Deno.removeSync(`${input.store.folderOf(run!)}/log.jsonl`);
    await assert.rejects(
      writeBundle(`${folder}/some.zip`, input),
      /^UserError: Cannot bundle A 256: ".*log\.jsonl" is missing; remove the folder/,
    );
  }, () => false));

Deno.test("a score of the test server belongs to its row only", async () => {
  await withStore(async (input, folder) => {
    const { tables, contexts } = input;
    const keysOf = (row: Row, context: Context) =>
      row.evaluations.map((run) => plannedRun(run, context).key);
    const [row] = tables[0]!.rows;
    const scores = contexts.map((context) => (
      { evaluations: keysOf(row!, context), images: 100_000, predictions: "", top5: 7.3 }
    ));
    const other = { evaluations: ["0123456789ab"], images: 3, predictions: "", top5: 99 };
    const scored = { ...input, testScores: [...scores, other] };
    const honest = await afterwards(scored, folder, (entries) => {
      assert.match(text(entries, "first.csv"), /,7\.3,100000/);
      assert.ok(!text(entries, "plan.json").includes('"top5": 99'));
    });
    assert.deepEqual(honest.problems, []);
    const altered = await afterwards(scored, folder, (entries) => {
      entries.set("first.csv", bytes(text(entries, "first.csv").replace(",7.3,", ",6.3,")));
      coverUp(entries);
    });
    const [problem, ...more] = altered.problems;
    assert.deepEqual(more, []);
    assert.ok(problem?.kind === "cell");
    assert.deepEqual(
      [problem.column, problem.found, problem.recomputed],
      ["top5_test_error", "6.3", "7.3"],
    );
  });
});

for (
  const [part, call] of [
    ["log.jsonl", "readTextFileSync"],
    ["posteriors.safetensors", "openSync"],
    ["posteriors.safetensors", "statSync"],
  ] as const
) {
  Deno.test(`no bundle is written while a disk withholds any ${part} (${call})`, () =>
    withStore(async (input, folder) => {
      const file = `${folder}/some.zip`;
      const { fingerprint } = await writeBundle(file, input);
      const { ancestor } = plan(input.tables, input.contexts).find(({ run }) => isEvaluation(run))!;
      const name = part === "log.jsonl" ? `${ancestor!.key}/${part}` : part;
      // tables, cards and the check before them read the same files: from each reading on it fails
      let seen = 0;
      const attempt = () =>
        whileFailing({ call, part: name, skip: seen }, () => writeBundle(file, input));
      for (;; seen++) {
        try {
          assert.equal((await attempt()).fingerprint, fingerprint);
          break;
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.ok(error.message.includes(part), error.message);
        }
      }
      assert.ok(seen > 3, String(seen));
    }));
}
