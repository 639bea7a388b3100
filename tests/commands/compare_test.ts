/** Bundles side by side: the same, other numbers, other protocols, and what is refused. */
import assert from "node:assert/strict";
import { compare } from "../../lib/commands/compare.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { PLAN } from "../../lib/bundle/contents.ts";
import { type BundleInput, writeBundle } from "../../lib/bundle/write.ts";
import { UserError } from "../../lib/errors.ts";
import { isEvaluation } from "../../lib/experiment.ts";
import { contextsOf, plan, type PlannedRun } from "../../lib/plan.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { MOST_ROWS, sideBySide } from "../../lib/results/side_by_side.ts";
import { executionsText } from "../../lib/store/run_files.ts";
import { environment } from "../../lib/system/environment.ts";
import { afterwards, bytes, coverUp, text } from "../support/bundles.ts";
import { codeIn, tableRows } from "../support/markdown.ts";
import { CLASSES, IMAGES, withStore } from "../support/made_store.ts";

/** What `compare` prints, and its exit code. */
async function compared(files: readonly string[], ...args: string[]) {
  const options = resolveOptions(readCommandLine(args), { command: "compare", takes: ["format"] });
  const { log } = console;
  const lines: string[] = [];
  console.log = (text: string) => lines.push(text);
  try {
    const code = await compare(files, options);
    return { code, text: lines.join("\n") };
  } finally {
    console.log = log;
  }
}

/** The same as records. */
async function records(files: readonly string[]) {
  const { code, text } = await compared(files, "--format", "json");
  // deno-lint-ignore no-explicit-any
  return { code, records: JSON.parse(text) as any[] };
}

async function refused(work: Promise<unknown>, message: RegExp) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String((error as Error).stack));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n|\p{Cc}/u);
    return true;
  });
}

/** Stores posteriors that get the images of these places wrong, and all others right. */
function answer({ store }: BundleInput, run: PlannedRun, wrong: (image: number) => boolean) {
  const labels = Int32Array.from({ length: IMAGES }, (_, image) => image % CLASSES);
  const values = Float32Array.from([...labels].flatMap((label, image) => {
    const guess = wrong(image) ? (label + 1) % CLASSES : label;
    // each net is as sure as its key says, so that no two share posteriors
    const sure = 0.5 + parseInt(run.key.slice(0, 6), 16) / 2 ** 26 + image / 2 ** 12;
    return Array.from(
      { length: CLASSES },
      (_, other) => other === guess ? sure : (1 - sure) / (CLASSES - 1),
    );
  }));
  store.writePosteriors(run, { classes: CLASSES, values, labels });
}

/** The evaluations of the first seed, with their contexts. */
function testsOf({ tables, contexts }: BundleInput): PlannedRun[] {
  return plan(tables, contexts.slice(0, 1)).filter(({ run }) => isEvaluation(run));
}

const oneSeed = (input: BundleInput, seed = 0): BundleInput => (
  { ...input, contexts: input.contexts.slice(seed, seed + 1) }
);

Deno.test("all posteriors and five classes of each image: every cell is the same", () =>
  withStore(async (input, folder) => {
    const files = [`${folder}/all.zip`, `${folder}/small.zip`];
    await writeBundle(files[0]!, input);
    await writeBundle(files[1]!, { ...input, small: true });
    const { code, text } = await compared(files);
    assert.equal(code, 0);
    assert.match(text, /^made up, side by side$/m);
    assert.match(
      text,
      /16 of 16 runs of 1 have the same keys in 2: the same recipes, seeds and data/,
    );
    assert.match(text, /^6 cells: 6 the same\.$/m);
    assert.match(text, /│ 1: A, 256 +│ top-1 .* │ same +│/);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    const found = await records(files);
    // the reference has every column
    const reference = Deno.readTextFileSync(
      new URL("../../docs/reference/csv.md", import.meta.url),
    );
    const section = reference.split("## Reproductions side by side\n")[1]!.split("\n## ")[0]!;
    const columns = tableRows(section).flatMap(([names]) => codeIn(names!));
    assert.deepEqual(Object.keys(found.records[0]).sort(), columns.sort());
    assert.deepEqual(found.records.map(({ verdict, difference }) => [verdict, difference]), [
      ...Array(6).fill(["same", 0]),
    ]);
  }));

Deno.test("other numbers: McNemar's exact test, with Holm's correction over distinct cells", () =>
  withStore(async (mine, folder) => {
    await withStore(async (theirs) => {
      // fused rows see four nets that agree; the table's rows share one evaluation
      for (const run of testsOf(mine)) answer(mine, run, () => false);
      for (const run of testsOf(theirs)) {
        const isD = isEvaluation(run.run) && run.run.net.config === "D";
        answer(theirs, run, (image) => isD ? image === 3 : image < 12);
      }
      const files = [`${folder}/mine.zip`, `${folder}/theirs.zip`];
      await writeBundle(files[0]!, oneSeed(mine));
      await writeBundle(files[1]!, oneSeed(theirs));
      const { code, records: cells } = await records(files);
      assert.equal(code, 1);
      const top1 = cells.filter(({ error }) => error === "top-1");
      assert.deepEqual(
        top1.map((
          { table, row, first_error, second_error, difference, verdict },
        ) => [`${table}/${row}`, first_error, second_error, difference, verdict]),
        [
          ["first/1", 0, 30, 30, "differs"],
          ["first/2", 0, 2.5, 2.5, "within chance"],
          ["second/1", 0, 2.5, 2.5, "within chance"],
        ],
      );
      // scipy.stats.binomtest(0, 12).pvalue; statsmodels' multipletests([p, 1, 1, 1], method="holm")
      assert.deepEqual(top1.map(({ p }) => p), [0.00048828125, 1, 1]);
      assert.deepEqual(top1.map(({ p_holm }) => p_holm), [4 * 0.00048828125, 1, 1]);
      assert.deepEqual([...new Set(cells.map(({ test }) => test))], ["paired"]);
      const { text } = await compared(files);
      assert.match(text, /corrected\s+for 4 cells \(Holm\)/);
      assert.match(text, /\+30\.0 \[.*\] │ 0\.002\*/);
      assert.match(text, /2 other numbers than chance allows/);
    }, () => false);
  }, () => false));

Deno.test("other seeds have other keys and the same protocol", () =>
  withStore(async (input, folder) => {
    const files = [0, 1].map((seed) => `${folder}/seed${seed}.zip`);
    for (const [seed, file] of files.entries()) await writeBundle(file, oneSeed(input, seed));
    const { text } = await compared(files);
    assert.match(text, /0 of 8 runs of 1 have the same keys in 2: other seeds\./);
    const { records: cells } = await records(files);
    assert.deepEqual([...new Set(cells.map(({ test }) => test))], ["paired"]);
    // three bundles: a column of errors for each
    const both = `${folder}/both.zip`;
    await writeBundle(both, input);
    const three = await compared([...files, both]);
    assert.match(three.text, /│ +1 │ +2 │ +3 │ verdict/);
    assert.match(three.text, /3: both\.zip: smoke, made up, seeds 0 1; /);
  }));

Deno.test("another protocol is named with its fields, and not compared", () =>
  withStore(async (input, folder) => {
    const { smoke: _, ...setup } = { smoke: 0, ...input.setup };
    const other = { ...setup, train: { ...setup.train, momentum: 0.8 } };
    const dataset = { fingerprint: "made-up" };
    const files = [`${folder}/one.zip`, `${folder}/other.zip`];
    await writeBundle(files[0]!, oneSeed(input));
    await withStore(async (theirs) => {
      const contexts = contextsOf({ setup: other, seeds: [0] }, dataset);
      const { store } = theirs;
      for (const [i, run] of plan(theirs.tables, contexts).entries()) {
        const like = plan(theirs.tables, theirs.contexts.slice(0, 1))[i]!;
        store.begin(run);
        if (isEvaluation(run.run)) answer(theirs, run, (image) => image < 12);
        else for (const line of store.readLog(like)) store.appendLog(run, line);
      }
      await writeBundle(files[1]!, { ...theirs, setup: other, contexts });
    }, () => false);
    const { code, text } = await compared(files);
    assert.equal(code, 1);
    assert.match(
      text,
      /Another protocol, not compared, in all rows \(1's values in brackets\): 2 has/,
    );
    assert.match(text.replace(/\s+/g, " "), /2 has momentum 0\.8 \(0\.9\)\./);
    assert.match(
      text,
      /note: other\.zip is of another version of verydeep: setup "smoke" has momentum/,
    );
    assert.match(text.replace(/\s+/g, " "), /6 cells: 6 of another protocol, not compared\./);
    const { records: cells } = await records(files);
    for (const cell of cells) {
      assert.equal(cell.verdict, "other protocol");
      assert.equal(cell.difference, null);
      assert.equal(cell.other_protocol, "momentum 0.8 (0.9)");
    }
  }));

Deno.test("other pictures of the same kind are two proportions", () =>
  withStore(async (input, folder) => {
    const files = [`${folder}/one.zip`, `${folder}/other.zip`];
    await writeBundle(files[0]!, oneSeed(input));
    await withStore(async (theirs) => {
      const dataset = { ...theirs.dataset, fingerprint: "made up otherwise" };
      const contexts = contextsOf({ setup: theirs.setup, seeds: [0] }, dataset);
      const { store } = theirs;
      for (const [i, run] of plan(theirs.tables, contexts).entries()) {
        const like = plan(theirs.tables, theirs.contexts.slice(0, 1))[i]!;
        store.begin(run);
        if (isEvaluation(run.run)) answer(theirs, run, (image) => image < 12);
        else for (const line of store.readLog(like)) store.appendLog(run, line);
      }
      await writeBundle(files[1]!, { ...theirs, dataset, contexts });
    }, () => false);
    const { records: cells } = await records(files);
    assert.deepEqual([...new Set(cells.map(({ test }) => test))], ["two proportions"]);
    const { text } = await compared(files);
    assert.match(text, /0 of 8 runs of 1 have the same keys in 2: other images\./);
  }));

Deno.test("refused: other tables, the same bundle, an older format, one that does not verify", () =>
  withStore(async (input, folder) => {
    const [first, second] = input.tables as [typeof input.tables[0], typeof input.tables[0]];
    const [one, other, all, copy, old, forged] = [
      ...["one", "other", "all", "copy", "old", "forged"].map((name) => `${folder}/${name}.zip`),
    ] as [string, string, string, string, string, string];
    await writeBundle(one, { ...input, tables: [first] });
    await writeBundle(other, { ...input, tables: [second] });
    await writeBundle(all, input);
    Deno.copyFileSync(all, copy);
    await refused(
      compared([one, other]),
      /^Cannot compare bundles without a common table: "one\.zip" has first, "other\.zip" has second; /,
    );
    await refused(
      compared([all, copy]),
      /copy\.zip" with ".*all\.zip": they are the same bundle, of/,
    );
    await refused(
      compared([all]),
      /compare needs 2 to 20 bundles, not 1: deno task compare A\.zip/,
    );
    // some tables in common: the others are named
    const { text: some } = await compared([one, all]);
    assert.match(some, /Not compared: second of all\.zip\./);

    await afterwards(input, folder, (entries) => {
      const plan = JSON.parse(text(entries, PLAN));
      entries.set(PLAN, bytes(`${JSON.stringify({ ...plan, format: 1 }, null, 2)}\n`));
      coverUp(entries);
    }).catch(() => {});
    Deno.renameSync(`${folder}/changed.zip`, old);
    await refused(
      compared([all, old]),
      /has format 1, this version reads format 2; use the version of verydeep that wrote it/,
    );

    // a version whose tables had fewer columns
    await afterwards(input, folder, (entries) => {
      const lines = text(entries, "first.csv").split("\n");
      entries.set("first.csv", bytes(lines.map((line) => line.replace(/,[^,]*$/, "")).join("\n")));
      coverUp(entries);
    });
    Deno.renameSync(`${folder}/changed.zip`, forged);
    await refused(
      compared([all, forged]),
      /forged\.zip": it does not agree with itself \(1 problem, first: first\.csv does not have the/,
    );
  }));

Deno.test("the fingerprint of data binds its labels", () =>
  withStore(async (input, folder) => {
    const files = [`${folder}/one.zip`, `${folder}/other.zip`];
    await writeBundle(files[0]!, oneSeed(input));
    await withStore(async (theirs) => {
      const labels = new Int32Array(IMAGES);
      const values = new Float32Array(IMAGES * CLASSES).fill(0);
      for (const [number, run] of testsOf(theirs).entries()) {
        for (let image = 0; image < IMAGES; image++) {
          values[image * CLASSES] = 0.5 + (number * IMAGES + image) / 1024;
          values[image * CLASSES + 1] = 1 - values[image * CLASSES]!;
        }
        theirs.store.writePosteriors(run, { classes: CLASSES, values, labels });
      }
      await writeBundle(files[1]!, oneSeed(theirs));
    }, () => false);
    await refused(
      compared(files),
      /fingerprint of their data is the same, but their labels are not/,
    );
  }));

Deno.test("a machine's name cannot give orders to a terminal", () =>
  withStore(async (input, folder) => {
    const [run] = testsOf(input);
    const machine = { cpu: "\x1b[2J\nEvil | CPU", cores: 2, memory: 24, gpus: [], os: "none" };
    const execution = {
      ...environment(),
      ...{ machine, device: "cpu", precision: "float32", towers: 1, started: "" } as const,
    };
    const place = `${input.store.folderOf(run!)}/environment.json`;
    Deno.writeTextFileSync(place, executionsText([execution]));
    const files = [`${folder}/one.zip`, `${folder}/small.zip`];
    await writeBundle(files[0]!, input);
    await writeBundle(files[1]!, { ...input, small: true });
    const { text } = await compared(files);
    assert.doesNotMatch(text, /[^\P{C}\n]/u);
    assert.match(
      text.replace(/\s+/g, " "),
      /1: one\.zip: smoke, made up, seeds 0 1; \ufffd\[2J\ufffdEvil/,
    );
  }, () => false));

Deno.test("long texts in a bundle are cut, and rows without end refused", () =>
  withStore(async (input, folder) => {
    const long = "x".repeat(1e6);
    const [first] = input.tables;
    const table = { ...first!, caption: long, headings: ["title"] as const };
    const tables = [{ ...table, rows: first!.rows.map((row) => ({ ...row, title: long })) }];
    const files = [`${folder}/one.zip`, `${folder}/small.zip`];
    await writeBundle(files[0]!, { ...input, tables });
    await writeBundle(files[1]!, { ...input, tables, small: true });
    const { text } = await compared(files);
    assert.ok(text.length < 10_000, `${text.length}`);
    const [result] = resultsOf([first!], input);
    const many = { ...result!, rows: Array(MOST_ROWS + 1).fill(result!.rows[0]) };
    const sides = files.map((name) => ({
      ...{ name, contexts: input.contexts, results: [many] },
      dataset: { ...input.dataset, train: 80, val: IMAGES },
    }));
    assert.throws(
      () => sideBySide(sides),
      /Cannot compare 10,001 rows: at most 10,000 can stand side by side; bundle fewer tables/,
    );
  }));
