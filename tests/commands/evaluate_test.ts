/** `evaluate` on ImageNet's later labels, which are a protocol of their own. */
import assert from "node:assert/strict";
import { CATALOGUE } from "../../lib/command_line/catalogue.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { commandNamed } from "../../lib/commands/mod.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { verifyBundle } from "../../lib/bundle/verify.ts";
import { UsageError } from "../../lib/errors.ts";
import { isEvaluation, type Table } from "../../lib/experiment.ts";
import { findStudy } from "../../lib/reproduce.ts";
import { resultsOf } from "../../lib/results/mod.ts";
import { layersOf, weightShapes } from "../../lib/vgg/configs.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { noises } from "../support/formula.ts";
import { idOfVal, IDS, madeIlsvrc, wnidOf } from "../support/ilsvrc2012/made.ts";

const SORTED = IDS.map((id) => wnidOf(id)).sort();
const labelOf = (number: number) => SORTED.indexOf(wnidOf(idOfVal(number)));

/** Weights of the least net A of ImageNet's classes, by formula. */
function writeNet(file: string) {
  const layers = layersOf("A", { crop: 28, width: 1 / 32, fc: 16, classes: 1000 });
  const tensors = [...weightShapes(layers)].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    const scale = shape.length === 1 ? 0.1 : Math.sqrt(6 * shape.at(-1)! / count);
    return [name, { shape, values: noises(count, { from: 100_000 * i, scale }) }] as const;
  });
  writeSafetensors(file, {
    tensors: new Map(tensors),
    metadata: { mean: "123.68 116.779 103.939" },
  });
}

Deno.test("a net's error under ReaL's labels is that of its first guesses in the lists", async () => {
  const folder = madeIlsvrc({ train: "none", val: "flat", devkit: "folder" });
  writeNet(`${folder}/a.safetensors`);
  const optionsFor = (...more: string[]) =>
    resolveOptions(
      readCommandLine([
        ...["--setup", "paper", "--set", "crop=28,width=0.03125,fc=16", "--precision", "float32"],
        ...["--data", folder, "--results", `${folder}/results`, "--config", "A", ...more],
        ...["--weights", `${folder}/a.safetensors`, "--method", "centre-crop", "--Q", "256"],
      ]),
      { command: "evaluate", takes: CATALOGUE.evaluate!.takes },
    );
  /** Evaluates, and opens the study of that with its only evaluation. */
  const evaluated = async (...more: string[]) => {
    const { log } = console;
    console.log = () => {};
    try {
      await commandNamed("evaluate")!.run(optionsFor(...more), []);
    } finally {
      console.log = log;
    }
    const study = await findStudy(optionsFor(...more));
    return { study, run: study.store.runs().find(({ run }) => isEvaluation(run))! };
  };

  // nothing of an imported net is drawn
  await assert.rejects(
    evaluated("--seeds", "2"),
    /^UserError: --seeds does nothing here: this net/,
  );
  const own = await evaluated();
  using posteriors = own.study.store.openPosteriors(own.run);
  const values = posteriors.rows(0, 1000);
  /** First guess by the number of the image, which its place in the list of images follows from. */
  const guesses = new Map(IDS.map((number) => {
    const place = labelOf(number); // one image a class, in the order of classes
    const row = [...values.subarray(1000 * place, 1000 * (place + 1))];
    return [number, row.indexOf(Math.max(...row))];
  }));
  const lists = IDS.map((number) => {
    if (number % 10 === 0) return [];
    return number % 3 === 0 ? [labelOf(number), guesses.get(number)!] : [labelOf(number)];
  });
  Deno.writeTextFileSync(`${folder}/real.json`, JSON.stringify(lists));

  const real = await evaluated("--labels", "real");
  const scores = real.study.store.scoresOf([real.run]);
  const listed = IDS.filter((number) => lists[number - 1]!.length > 0);
  assert.equal(scores.ranks.length, listed.length);
  const hits = listed.filter((number) => lists[number - 1]!.includes(guesses.get(number)!));
  assert.ok(hits.length >= 270, String(hits.length));
  assert.equal(scores.ranks.filter((rank) => rank === 0).length, hits.length);

  // its own protocol: another key, no comparison with what is published for ILSVRC's labels
  assert.notEqual(real.run.key, own.run.key);
  assert.notEqual(real.study.store.folder, own.study.store.folder);
  assert.ok(isEvaluation(real.run.run));
  const table: Table = {
    name: "real",
    caption: "Later labels",
    headings: ["config"],
    rows: [{ evaluations: [real.run.run], published: { top1: 23.6 } }],
  };
  const [result] = resultsOf([table], real.study, { includeAtChance: true });
  const [row] = result!.rows;
  assert.equal(row!.protocol.dataset, "ilsvrc2012-real");
  assert.deepEqual([row!.protocol.images, row!.comparison!.status], [900, "protocol differs"]);
  assert.equal(row!.measured!.top1, 100 - 100 * hits.length / listed.length);

  // a whole bundle has all lists; a small one keeps one label
  const file = `${folder}/real.zip`;
  await writeBundle(file, { ...real.study, tables: [table] });
  const { paper, setup } = real.study;
  const { problems } = await verifyBundle(file, {
    paper,
    tablesUnder: () => Promise.resolve([]),
    setupNamed: () => setup,
  });
  assert.deepEqual(problems, []);
  await assert.rejects(
    writeBundle(file, { ...real.study, tables: [table], small: true }),
    /^UserError: Cannot keep only five classes of ".*": its images have several right classes; leave --small/,
  );

  for (const dataset of ["scenes", "imagenetv2-top-images"]) {
    assert.throws(() => optionsFor("--labels", "real", "--dataset", dataset), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /^--labels real are labels of ilsvrc2012, not of .*; name it with/,
      );
      return true;
    });
  }
  assert.throws(() => optionsFor("--labels", "true"), /--labels is real, not "true"/);
});
