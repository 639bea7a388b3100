import assert from "node:assert/strict";
import { evaluations, net } from "../../experiments/protocol.ts";
import { paper, small } from "../../experiments/setups.ts";
import type { DatasetDescription } from "../../lib/datasets/dataset.ts";
import { UnreadableError, UserError } from "../../lib/errors.ts";
import { type Context, displayName, type EvalRun, folderName } from "../../lib/experiment.ts";
import { plannedRun } from "../../lib/plan.ts";
import { recordsOf } from "../../lib/report/records.ts";
import { sheetOf } from "../../lib/report/results_sheet.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import {
  keepScore,
  mustRankFive,
  onTest,
  testScoresIn,
  writeSubmission,
} from "../../lib/results/submission.ts";
import { inStore } from "../support/in_store.ts";
import { whileUnreadable } from "../support/unreadable.ts";

const CLASSES = 6;
const FINGERPRINT = "0123456789ab";
const dataset: DatasetDescription = {
  name: "made up",
  classes: Array.from({ length: CLASSES }, (_, label) => `class ${label}`),
  train: { length: 16 },
  val: Array(2).fill({ width: 40, height: 40 }),
  fingerprint: "made-up",
};
const context: Context = {
  ...{ train: small.train, evaluate: small.evaluate, seed: 0, data: dataset.fingerprint },
};
const runs = evaluations(net("A", 256), [224, 256], "dense") as [EvalRun, EvalRun];
const members = runs.map((run) => plannedRun(run, context));

/** ILSVRC2012_IDs by label, in no order. */
const ids = [30, 10, 60, 50, 20, 40];

/** Keeps posteriors of a run. */
function keep(
  store: Store,
  run: EvalRun,
  { rows, labels }: { readonly rows: readonly (readonly number[])[]; readonly labels: number[] },
) {
  store.writePosteriors(plannedRun(run, context), {
    classes: CLASSES,
    values: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
  });
}

/** Posteriors of three test images at each scale. */
const first = [
  [0.5, 0.1, 0.1, 0.1, 0.1, 0.1],
  [0.0, 0.1, 0.2, 0.3, 0.4, 0.0],
  [0.1, 0.1, 0.1, 0.2, 0.2, 0.3],
];
const second = [
  [0.1, 0.2, 0.1, 0.1, 0.4, 0.1],
  [0.0, 0.1, 0.2, 0.3, 0.4, 0.0],
  [0.2, 0.1, 0.4, 0.1, 0.1, 0.1],
];

function keepTest(store: Store) {
  for (const [i, rows] of [first, second].entries()) {
    keep(store, onTest(runs[i]!, FINGERPRINT), { rows, labels: [-1, -1, -1] });
  }
}

Deno.test("a line an image: the five best of the mean posterior, best first, by the kit's numbers", () => {
  inStore((store) => {
    keepTest(store);
    const { file, images } = writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    assert.equal(images, 3);
    // means .3 .15 .1 .1 .25 .1: labels 0 4 1 2 3; of equal ones the lower label is first
    // then 4 3 2 1 0; then .15 .1 .25 .15 .15 .2: 2 5 0 3 4
    assert.equal(
      Deno.readTextFileSync(file),
      "30 20 10 60 50\n20 50 60 10 30\n60 40 30 50 20\n",
    );
    assert.ok(file.startsWith(`${store.folder}/submissions/`));
  });
});

Deno.test("summed scores are not submitted: their soft-max is 1 for one class, and ranks no other four", () => {
  inStore((store) => {
    keepTest(store);
    const evaluate = { scoreMap: "sum-then-softmax" } as const;
    const summing = runs.map((run) => plannedRun(run, { ...context, evaluate }));
    const refused = {
      name: UserError.name,
      message: /its scores are summed, which ranks one class/,
    };
    assert.throws(
      () => writeSubmission(summing, { store, ids, fingerprint: FINGERPRINT }),
      refused,
    );
    assert.throws(() => keepScore(summing, 10, store), refused);
    // crops have one place, so that nothing is summed
    const crops = evaluations(net("A", 256), [256], "multi-crop");
    mustRankFive(crops.map((run) => plannedRun(run, { ...context, evaluate })));
  });
});

Deno.test("an evaluation of test images is another run, of a name that says so", () => {
  const run = onTest(runs[0], FINGERPRINT);
  const [ours, theirs] = [plannedRun(run, context), plannedRun(runs[0], context)];
  assert.notEqual(ours.key, theirs.key);
  assert.deepEqual(ours.ancestor, theirs.ancestor); // the same net
  assert.notEqual(plannedRun(onTest(runs[0], "other"), context).key, ours.key);
  assert.equal(displayName(run), "A 256 at Q = 224, dense, test images");
  assert.equal(folderName(run), "A-256-Q224-dense-test");
});

const published = { top1: 23.7, top5: 6.8, testTop5: 6.8 };
const table = {
  ...{ name: "table6", caption: "made up", headings: ["config"] as const },
  rows: [{ evaluations: runs, published }, { evaluations: [runs[0]], published }],
};

Deno.test("a score goes to the row that it is of, with its own split and images", () => {
  inStore((store) => {
    keepTest(store);
    for (const run of runs) keep(store, run, { rows: first.slice(0, 2), labels: [0, 1] });
    writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    assert.deepEqual(testScoresIn(store.folder), []); // no score yet
    keepScore(members, 7.25, store);
    const scores = testScoresIn(store.folder);
    assert.deepEqual(scores, [
      {
        ...{ evaluations: members.map(({ key }) => key), images: 3, top5: 7.25 },
        // sha256sum of the three lines of the first test
        predictions: "5645f4741ee3319d000f3e0be74b5e19edabb4af2a921ddcb69fe1c455956b40",
      },
    ]);
    // the same file may be written again
    writeSubmission(members.toReversed(), { store, ids, fingerprint: FINGERPRINT });
    assert.equal(testScoresIn(store.folder)[0]!.top5, 7.25);

    const results = (testScores?: typeof scores) =>
      resultsOf(
        [table],
        {
          ...{ setup: small, paper, store, dataset, contexts: [context] },
          ...testScores && { testScores },
        },
      )[0]!;
    const scored = results(scores);
    const [row, other] = scored.rows;
    assert.equal(row!.tested!.top5, 7.25);
    const { split, images, Q } = row!.tested!.protocol;
    assert.deepEqual([split, images, Q], ["test", 3, [224, 256]]);
    assert.deepEqual([row!.protocol.split, row!.protocol.images], ["val", 2]);
    assert.equal(other!.tested, undefined);
    assert.deepEqual(
      recordsOf(scored).map((record) => [record.top5_test_error, record.test_images]),
      [[7.25, 3], [undefined, undefined]],
    );

    const { header, body, caption } = sheetOf(scored);
    const texts = (row: typeof header[number]) => row.map(({ text }) => text);
    assert.deepEqual(texts(header[1]!).slice(1, 4), ["top-1", "top-5", "top-5\ntest"]);
    assert.deepEqual(body.flat().map((row) => row[3]!.text), ["7.3", "–"]);
    assert.ok(
      caption.some((sentence) => /reported by the test server for 3 images/.test(sentence)),
    );
    // without a score the column is not there
    assert.deepEqual(texts(sheetOf(results()).header[1]!).length, texts(header[1]!).length - 1);
  });
});

Deno.test("a score ends with the predictions that it is of", () => {
  inStore((store) => {
    keepTest(store);
    const { file } = writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    keepScore(members, 6.8, store);
    const kept = () => testScoresIn(store.folder).map(({ top5 }) => top5);
    assert.deepEqual(kept(), [6.8]);

    // the same evaluations on other test images
    for (const [i, rows] of [second, first].entries()) {
      keep(store, onTest(runs[i]!, "ba9876543210"), { rows: rows.slice(1), labels: [-1, -1] });
    }
    const { images } = writeSubmission(members, { store, ids, fingerprint: "ba9876543210" });
    assert.equal(images, 2);
    assert.deepEqual(kept(), []);
    keepScore(members, 7, store);
    assert.deepEqual(kept(), [7]);

    // a file that was changed by hand was not what the server got
    Deno.writeTextFileSync(file, "1 2 3 4 5\n");
    assert.deepEqual(kept(), []);
    assert.throws(() => keepScore(members, 6, store), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /predictions\.txt" is missing or was changed .* without --score$/,
      );
      return true;
    });
  });
});

Deno.test("a score of what was never written is refused; a damaged note counts as none", () => {
  inStore((store) => {
    assert.throws(() => keepScore(members, 7, store), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /without --score/);
      return true;
    });
    keepTest(store);
    const { file } = writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    const note = file.replace("predictions.txt", "submission.json");
    for (const text of ["", "[]", '{"evaluations":[1],"images":3,"top5":7}', "null"]) {
      Deno.writeTextFileSync(note, text);
      assert.deepEqual(testScoresIn(store.folder), []);
    }
    keepTest(store);
    writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    keepScore(members, 7.25, store);
    const text = Deno.readTextFileSync(note);
    assert.deepEqual(testScoresIn(store.folder).map(({ top5 }) => top5), [7.25]);
    Deno.writeTextFileSync(note, text.replace("7.25", "7.24"));
    assert.deepEqual(testScoresIn(store.folder), []);
    const outOfRange = JSON.stringify({ evaluations: ["a"], images: 3, top5: 700 });
    Deno.writeTextFileSync(note, outOfRange);
    assert.deepEqual(testScoresIn(store.folder), []);
  });
});

Deno.test("a score that a disk withholds is neither forgotten nor taken for none", () => {
  inStore((store) => {
    keepTest(store);
    const write = () => writeSubmission(members, { store, ids, fingerprint: FINGERPRINT });
    write();
    keepScore(members, 7.5, store);
    for (
      const work of [write, () => testScoresIn(store.folder), () => keepScore(members, 8, store)]
    ) {
      assert.throws(
        () => whileUnreadable<unknown>("submission.json", "EIO", work),
        (error: Error) => {
          assert.ok(error instanceof UnreadableError, String(error));
          assert.match(
            error.message,
            /^Cannot read ".*submission\.json": Input\/output error; check/,
          );
          return true;
        },
      );
    }
    write();
    assert.deepEqual(testScoresIn(store.folder).map(({ top5 }) => top5), [7.5]);
  });
});
