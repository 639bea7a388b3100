import assert from "node:assert/strict";
import { sheet as table1 } from "../../../lib/commands/table1.ts";
import table7 from "../../../experiments/table7.ts";
import { page, type PageContent } from "../../../lib/report/html/page.ts";
import { mostConfidentMistakes } from "../../../lib/report/mistakes.ts";
import { figuresOf } from "../../../lib/report/plots/mod.ts";
import { sheetOf } from "../../../lib/report/results_sheet.ts";
import { HOSTILE, madeUpRunDetails, madeUpScores, measured } from "../../support/pages.ts";
import { empty } from "../../support/results.ts";
import { assertSnapshot } from "../../support/snapshot.ts";

function contentOf({ seeds = 1 } = {}): PageContent {
  const results = [measured({ seeds }), empty(table7)];
  const runDetails = madeUpRunDetails({ seeds });
  return {
    ...{ results, runDetails },
    sheets: [table1(), ...results.map(sheetOf)],
    figures: figuresOf(results, runDetails),
    mistakes: mostConfidentMistakes(madeUpScores(), 4).map((mistake) => (
      { ...mistake, picture: "data:image/jpeg;base64,AAAA", file: `${HOSTILE[0]}.jpg` }
    )),
    credits: "Drawn by <somebody>",
  };
}

const NO_RUNS = { ...madeUpRunDetails(), trainings: [], evaluations: [] };

const text = page(contentOf());
const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;

Deno.test("a page of two rows and their trainings, without plots, style and script", () => {
  const { runDetails, ...content } = contentOf();
  const [result] = content.results as [typeof content.results[number]];
  const results = [{ ...result, rows: result.rows.slice(0, 2) }];
  const { trainings, evaluations } = runDetails;
  const html = page({
    ...{ ...content, results, sheets: results.map(sheetOf), figures: figuresOf([], NO_RUNS) },
    runDetails: {
      ...{ ...runDetails, evaluations: evaluations.slice(0, 2) },
      trainings: trainings.slice(0, 2).map((each) => ({ ...each, log: each.log.slice(-2) })),
    },
  });
  const keys = [...new Set(html.match(/\b[0-9a-f]{12}\b/g))];
  assertSnapshot(
    html.replace(/<style>.*?<\/style>/s, "<style></style>")
      .replace(/<script>.*?<\/script>/s, "<script></script>")
      .replace(/sha256-[\w+/]*=/, "sha256-of-the-script")
      .replace(/<pre>.*?<\/pre>/gs, "<pre>recipe</pre>")
      .replace(/\b[0-9a-f]{12}\b/g, (key) => `key${keys.indexOf(key) + 1}`),
    "page.html",
  );
});

Deno.test("energy is in the facts of a training and beside the errors of its evaluations, if it is known", () => {
  assert.doesNotMatch(text, /kWh/);
  const runDetails = madeUpRunDetails({ energy: { energy: 1.2345, isWhole: false } });
  const html = page({ ...contentOf(), runDetails });
  assert.match(html, /<dt>Energy<\/dt><dd>at least 1\.23 kWh, of all that its GPUs did<\/dd>/);
  assert.match(html, /<th scope="col" class="right">kWh<\/th>/);
  assert.match(html, /<td class="right">at least 1\.23<\/td>/);
});

Deno.test("every element that begins ends, in the right order", () => {
  const open: string[] = [];
  const empty = new Set(["meta", "br", "img"]);
  const body = text.replace(/^<!doctype html>/, "").replace(/<(style|script)>.*?<\/\1>/gs, "");
  for (const [, end, name, rest] of body.matchAll(/<(\/?)([a-z]\w*)((?:"[^"]*"|[^">])*)>/gi)) {
    if (end) assert.equal(open.pop(), name);
    else if (!empty.has(name!) && !rest!.endsWith("/")) open.push(name!);
  }
  assert.deepEqual(open, []);
});

Deno.test("each table's numbers are there; a measured one leads to the runs behind it", () => {
  // row 9 of Table 3: measured 18 % and 3 %, published 25.6 % and 8.1 %
  assert.match(
    text,
    new RegExp(
      `<td class="right measured"><a href="#table3-row9" title="95 % interval: 9.0 to 22.0">18.0</a></td>` +
        `<td class="right measured"><a [^>]*>3.0</a></td>` +
        `<td class="right">25.6</td><td class="right">8.1</td>`,
    ),
  );
  assert.match(text, /<b>10\.0<\/b>/);
  // GoogLeNet's one cell for two columns
  assert.match(text, /<td colspan="2" class="center">7\.9<\/td>/);
  assert.ok(text.includes("conv3-512"));
});

Deno.test("every link leads to a place in the page, and no two places have one name", () => {
  const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const targets = [...text.matchAll(/href="([^"]*)"/g)].map(([, target]) => target!);
  assert.ok(targets.length > 60);
  for (const target of targets) {
    assert.ok(target.startsWith("#") && ids.includes(target.slice(1)), target);
  }
  for (const [, name] of text.matchAll(/aria-labelledby="([^"]*)"/g)) {
    for (const id of name!.split(" ")) assert.ok(ids.includes(id), id);
  }
});

Deno.test("a row names its comparison, its command and its tests", () => {
  const row = /<details id="table3-row9">.*?<\/details>/s.exec(text)![0];
  assert.match(row, /Row 9: D\/\[256;512\]\/384, dense/);
  assert.match(row, /top-1 18\.0 % \(95 %: 9\.0 to 22\.0\), top-5 3\.0 %/);
  assert.match(row, /<b>protocol differs<\/b>\. Not the paper&#39;s: setup, data set\./);
  assert.match(row, /<code>deno task table3 --setup small<\/code>/);
  assert.match(row, /D \[256;512\], dense, at Q = <a href="#run-[0-9a-f]{12}">384<\/a>/);
});

Deno.test("a training names where it comes from, its folder, its recipe and its log", () => {
  const articles = text.match(/<article.*?<\/article>/gs)!;
  assert.equal(articles.length, 12);
  const [jittered] = articles.filter((article) => article.includes("<h3>D [256;512]</h3>"));
  assert.match(jittered!, /random weights → <a [^>]*>A 256<\/a> → <a [^>]*>D 256<\/a> → /);
  assert.match(jittered!, /<code>folder-of-[0-9a-f]{12}<\/code>/);
  assert.match(jittered!, /all layers of D 384/);
  assert.match(jittered!, /&quot;momentum&quot;: 0\.9/);
  assert.equal(jittered!.match(/<svg/g)?.length, 2);
  assert.match(
    jittered!,
    /<th scope="row" class="right">2,000<\/th><td class="right">5\.00<\/td>/,
  );
});

Deno.test("names cannot become markup", () => {
  assert.equal(count(/<script/g), 1); // the page's own
  assert.ok(text.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.ok(text.includes("a &amp; &quot;b&quot;"));
  assert.ok(text.includes("=cmd()") && text.includes("\\input{x}"));
  assert.match(text, /alt="&lt;script&gt;alert\(1\)&lt;\/script&gt; predicted as a &amp; /);
  assert.ok(text.includes("Drawn by &lt;somebody&gt;"));
});

Deno.test("the page loads nothing, and forbids it", () => {
  assert.match(text, /Content-Security-Policy" content="default-src &#39;none&#39;; img-src data:/);
  assert.deepEqual(text.match(/(src|href|data|action)="(?!#|data:image\/)[^"]*"/g), null);
  assert.doesNotMatch(text, /https?:|url\((?!#)|@import|<link|<iframe|<object/);
});

Deno.test("the page's script is the one that its policy allows", async () => {
  const [, script] = /<script>(.*?)<\/script>/s.exec(text)!;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
  assert.ok(text.includes(`sha256-${new Uint8Array(digest).toBase64()}`));
});

Deno.test("the same content is the same page, to the last byte", () => {
  assert.equal(page(contentOf()), text);
});

Deno.test("several seeds: each has its own trainings, and commands ask for all of them", () => {
  const page3 = page(contentOf({ seeds: 3 }));
  assert.equal(page3.match(/<article/g)?.length, 36);
  assert.ok(page3.includes("deno task table3 --setup small --seeds 3"));
  assert.match(page3, /<h3>D 384<small> seed 2<\/small><\/h3>/);
  assert.match(page3, /deno task table3 --setup small --seed 2<\/code>/);
  assert.match(page3, /<dt>Seeds, top-1<\/dt><dd>10\.0 %, 12\.0 %, 14\.0 %<\/dd>/);
});

Deno.test("where images are not there, the page says so and names mistakes", () => {
  const content = contentOf();
  const text = page({ ...content, mistakes: mostConfidentMistakes(madeUpScores(), 4) });
  assert.match(text, /The images are not on this machine/);
  assert.match(text, /<small>image 35<\/small>/);
  assert.doesNotMatch(text, /<img|Credits of the pictures/);
});

Deno.test("nothing measured yet is a page, too", () => {
  const { figures, runDetails } = contentOf();
  const results = [empty(table7)];
  const text = page({
    ...{ results, runDetails: { ...runDetails, trainings: [], evaluations: [] }, figures },
    ...{ sheets: results.map(sheetOf), mistakes: [] },
  });
  assert.match(text, /3 of 3 rows not measured yet/);
  assert.doesNotMatch(text, /id="mistakes"/);
});

Deno.test("a loss that jumps up where the rate is divided is explained at its net, and nowhere else", () => {
  assert.doesNotMatch(text, /the loss rose|Why a loss rises/);
  const content = contentOf();
  const [first, ...others] = content.runDetails.trainings;
  const log = first!.log.map((line) => line.learningRate < 0.01 ? { ...line, loss: 2 } : line);
  const explained = (momentumForm: "caffe" | "pytorch") => {
    const train = { ...first!.context.train, momentumForm };
    const jumped = { ...first!, log, context: { ...first!.context, train } };
    const html = page({
      ...content,
      runDetails: { ...content.runDetails, trainings: [jumped, ...others] },
    });
    assert.match(html, /Why a loss rises there is said at its net\./);
    return [...html.matchAll(/<p class="words">Where the rate was divided.*?<\/p>/gs)].map(String);
  };
  const [words, ...more] = explained("caffe");
  // before: 3 * 2^(-i / 5) for i = 12, 13, 14: 0.568, 0.495 and 0.431
  assert.match(
    words!,
    /the loss rose from 0\.50 to 2\.00\. In the paper&#39;s form of momentum, v ← 0\.9 v/,
  );
  assert.match(words!, /--set momentumForm=pytorch/);
  assert.deepEqual(more, []);
  assert.doesNotMatch(explained("pytorch")[0]!, /momentumForm/);
});
