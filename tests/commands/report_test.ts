import assert from "node:assert/strict";
import { join } from "node:path";
import { smoke } from "../../experiments/setups.ts";
import initialisation, { trainedAgain } from "../../experiments/initialisation.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { PAPER_TABLES } from "../../lib/command_line/tables.ts";
import { isEvaluation, lineageOf } from "../../lib/experiment.ts";
import { judgedClaims } from "../../lib/commands/claims.ts";
import { plan } from "../../lib/plan.ts";
import { runDetailsOf } from "../../lib/report/run_details.ts";
import { findStudy } from "../../lib/reproduce.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import type { TableResult } from "../../lib/results/row_result.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { whileFailing } from "../support/failing_calls.ts";
import { filesBelow } from "../support/files.ts";
import { commandLine } from "../support/tasks.ts";

/** The smoke setup's store, all runs done, net A again, too: of image i every third net takes another class. */
async function filledStore() {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  const args = ["--setup", "smoke", "--data", join(folder, "data"), "--results", folder];
  const options = resolveOptions(readCommandLine(args), {
    command: "report",
    takes: ["setup", "data", "results"],
  });
  const study = await findStudy(options);
  const store = makeStore(options.results);
  const classes = study.dataset.classes.length;
  const labels = Int32Array.from(study.dataset.val, (_, i) => i % classes);
  const control = { ...initialisation, rows: [trainedAgain] };
  for (const [r, planned] of plan([...PAPER_TABLES, control], study.contexts).entries()) {
    store.begin(planned);
    if (isEvaluation(planned.run)) {
      const values = new Float32Array(labels.length * classes).fill(0.1);
      labels.forEach((label, i) => {
        const said = (i + r) % 3 === 0 ? (label + 1) % classes : label;
        values[i * classes + said] = 1 - 0.1 * (classes - 1);
      });
      store.writePosteriors(planned, { classes, values, labels });
    } else {
      const line = { step: 300, epoch: 6, loss: 1.5, learningRate: 5e-5, imagesPerSecond: 1000 };
      store.appendLog(planned, { ...line, step: 150, epoch: 3, loss: 2 });
      store.appendLog(planned, { ...line, validation: { top1: 40, top5: 0 } });
      store.writeWeights(planned, new Map());
    }
  }
  return { folder, args, options, study, results: options.results };
}

async function run(args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: commandLine("report", ...args),
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1", INIT_CWD: "" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  return { out: text(stdout), err: text(stderr) };
}

/** Every file of a report, by its path below the folder of the results. */
function filesOf(results: string): Map<string, string> {
  const names = filesBelow(results).filter((name) => !/^(train|eval)\/|^store/.test(name));
  return new Map(names.map((name) => [name, Deno.readTextFileSync(join(results, name))]));
}

const store = await filledStore();

Deno.test("report makes the seven tables in every format, one CSV, one document and a page", async () => {
  const { out, err } = await run(store.args);
  assert.equal(out.match(/^Table [1-7]: /gm)?.length, 7);
  const files = filesOf(store.results);
  for (const ending of ["csv", "md", "tex"]) {
    for (let n = 1; n <= 7; n++) assert.ok(files.has(`table${n}.${ending}`));
  }
  assert.ok(err.includes(`written: ${store.results}/table7.{csv,md,tex}\n`));
  // all but small-filters and random-start, which have rows of other tables
  assert.match(err, /^The paper's claims about these rows: \d+ of 11 hold/m);
  // Tables 3 to 7 have 12, 10, 6, 4 and 15 rows
  assert.equal(files.get("all.csv")!.trimEnd().split("\n").length, 1 + 12 + 10 + 6 + 4 + 15);
  assert.equal(files.get("tables.tex")!.match(/\\input\{table/g)?.length, 7);
  const plots = [...files.keys()].filter((name) => /^plots\/.*\.svg$/.test(name));
  // a control of another table
  assert.match(files.get("plots/depth-measured.svg")!, /<title>A again, S = 256: \d+\.\d % \[/);
  // scatter, depth and cost twice, scale and losses for three S, classes, confusions; 13 nets, twice each
  assert.equal(plots.length, 1 + 4 + 3 + 3 + 1 + 1 + 2 * 13);
  // the same for papers, but for the confusions, and a document of those that are not of one net
  const pictures = [...files.keys()].filter((name) => /^plots\/.*\.tex$/.test(name));
  assert.equal(pictures.length, plots.length - 1 + 1);
  assert.equal(
    files.get("plots/figures.tex")!.match(/\\input/g)?.length,
    plots.length - 1 - 2 * 13,
  );
  const page = files.get("report.html")!;
  assert.equal(page.match(/<article/g)?.length, 13);
  assert.equal(page.match(/ id="run-[0-9a-f]{12}"/g)?.length, 13 + 41);
  assert.match(page, /No mistakes\./); // two of three nets are right, so their mean always is

  for (const [name, text] of files) assert.ok(!text.includes(store.folder), name);
  await run(store.args);
  const again = filesOf(store.results);
  assert.deepEqual([...again.keys()], [...files.keys()]);
  for (const [name, text] of files) assert.ok(again.get(name) === text, `${name} differs`);
});

Deno.test("a page without the images of a data set that cannot be opened says why", async () => {
  const { classes, train, val } = smoke.scenes!;
  const folder = join(store.folder, "data", `scenes-${classes}x${train}-${val}-v1`);
  Deno.mkdirSync(folder, { recursive: true }); // its images are lost
  try {
    const { err } = await run(store.args);
    assert.match(
      err,
      /^warning: the page is written without images: Cannot open the images in .*; /m,
    );
    assert.ok(err.includes(`written: ${store.results}/report.html\n`));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a table by its name writes its own files only", async () => {
  const results = join(store.results, "../elsewhere");
  await Deno.mkdir(results, { recursive: true });
  const where = [...store.args.slice(0, -1), results, "--format", "latex"];
  const { out, err } = await run(["table5", ...where]);
  assert.doesNotMatch(err, /claims/); // nothing is measured
  assert.match(out, /^% Table 5: .*\n\\begin\{table\}/);
  assert.deepEqual([...filesOf(join(results, "smoke")).keys()], [
    ...["table5.csv", "table5.md", "table5.tex"],
  ]);
});

Deno.test("a table says how many of the claims hold that its rows decide", async () => {
  const { err } = await run(["table5", ...store.args]);
  // multi-crop and complementary; these nets are alike in all but which images they miss
  assert.match(err, /^The paper's claims about these rows: 0 of 2 hold, .* 200 images, 1 seed\./ms);
  assert.match(err, /deno\s+task\s+claims\s+\(same\s+options\)\n$/);
});

Deno.test("the row of --compare is one of the tables' that are printed, and not of the claims' controls", async () => {
  for (const row of ["3", "best"]) {
    const { out } = await run(["table3", ...store.args, "--compare", row]);
    assert.match(out, /^Differences: top-1 error minus that of row /m);
  }
  assert.match((await run([...store.args, "--compare", "2"])).out, /^Table 7: /m);
});

Deno.test("a control that a disk withholds is named, as it is in no printed table", async () => {
  const { study, options } = store;
  const [{ rows: [control] }] = resultsOf([{ ...initialisation, rows: [trainedAgain] }], study) as [
    TableResult,
  ];
  const said: string[] = [];
  const { error } = console;
  console.error = (text: string) => said.push(text);
  try {
    const known = resultsOf(PAPER_TABLES, study);
    const claims = await whileFailing({ call: "openSync", part: control!.runs[0]! }, () => {
      return judgedClaims(study, options, { known });
    });
    const depth = claims.claims.find(({ claim }) => claim.name === "depth")!;
    assert.equal(depth.pairs.filter(({ missing }) => missing.length > 0).length, 3);
  } finally {
    console.error = error;
  }
  assert.match(
    said.join("\n"),
    /^warning: claims are judged without a row: Cannot read\s+"eval\/A-256-Q256-dense-\w+\//m,
  );
});

Deno.test("run details have each run once, ancestors first, and each test with its own errors", () => {
  const { study, results } = store;
  const runDetails = runDetailsOf(resultsOf(PAPER_TABLES, study), {
    ...study,
    choice: "--setup smoke",
  });
  assert.deepEqual([runDetails.trainings.length, runDetails.evaluations.length], [13, 41]);
  const [first] = runDetails.trainings;
  assert.deepEqual([first!.run.config, first!.log.length, first!.table], ["A", 2, "table3"]);
  assert.equal(Deno.statSync(join(results, first!.folder, "log.jsonl")).isFile, true);
  // 200 images, every third is missed, the first of them at (0, 1 or 2): 66 or 67
  for (const { errors } of runDetails.evaluations) assert.ok([33, 33.5].includes(errors!.top1));
  const fusion = runDetails.evaluations.find(({ run }) => run.net.update === "fc")!;
  assert.equal(fusion.table, "table6");
  assert.deepEqual(lineageOf(fusion.run.net).map(({ config, S }) => `${config} ${S}`), [
    ...["A 256", "D 256", "D 384", "D 256,512"],
  ]);
});

globalThis.addEventListener("unload", () => Deno.removeSync(store.folder, { recursive: true }));
