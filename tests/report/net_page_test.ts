/**
 * The page of a net in a real browser, opened from the disk: the posteriors that it shows are those of ONNX
 * Runtime in Python for the same pixels.
 */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { netPage, type ShownNet, writeNetPage } from "../../lib/report/net_page/mod.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { onnxOf } from "../../lib/vgg/onnx.ts";
import { askOnnx, onnxVersion } from "../parity/onnx.ts";
import { place, SMALL } from "../parity/released.ts";
import { chromium, type OpenPage, openPage } from "../support/chromium.ts";
import { noises } from "../support/formula.ts";
import { noisyPng } from "../support/tiny.ts";

const MEAN = [123.68, 116.779, 103.939];
const { train } = SMALL.setup;
const CLASSES = Array.from({ length: 10 }, (_, i) => i === 3 ? "</script><b>three" : `class ${i}`);

/** Net A by formula: ten classes, crops of 64 pixels. */
function netByFormula(): ShownNet {
  const layers = layersOf("A", netShapeOf(train, 10));
  const tensors = new Map([...weightShapes(layers)].map(([name, shape], i) => {
    const count = shape.reduce((product, side) => product * side);
    const scale = shape.length === 1 ? 0.1 : Math.sqrt(6 * shape.at(-1)! / count);
    return [name, { shape, values: noises(count, { from: 100_000 * i, scale }) }];
  }));
  const model = onnxOf({
    ...{ layers, tensors, mean: MEAN, inputScale: train.inputScale },
    evaluate: SMALL.setup.evaluate,
    ...{ description: "a net", metadata: {} },
  });
  return {
    ...{ name: "A 256", key: "0123456789ab", model, layers, crop: train.crop, S: 256 },
    ...{ classes: CLASSES, words: ["Its data: made up."] },
  };
}

/** Drops a file on a page, and waits until it says what it found. */
async function drop(page: OpenPage, bytes: Uint8Array, name: string, type = "image/png") {
  return await page.value(`(async () => {
    const file = new File([Uint8Array.fromBase64("${bytes.toBase64()}")], "${name}", { type: "${type}" });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(file);
    const ended = new Promise((resolve) => {
      const check = () => /^(done|failed)$/.test(document.body.dataset.state) && resolve();
      new MutationObserver(check).observe(document.body, { attributes: true });
    });
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    await ended;
    return { state: document.body.dataset.state, said: document.getElementById("status").textContent };
  })()`);
}

const hasPython = await onnxVersion() !== undefined;
if (!chromium) console.warn("Chromium is not installed: opening the page of a net is left out");
if (!hasPython) {
  console.warn("Python has no onnxruntime: the numbers on a net's page are not checked");
}

Deno.test({
  name:
    "a picture that is dropped gets ONNX Runtime's posteriors and score map (where there is Chromium)",
  ignore: !chromium,
  fn: async () => {
    using here = place();
    const net = netByFormula();
    writeNetPage(`${here.folder}/net`, net);
    // S = 256 of the paper's pixels are 73 here: the browser has nothing to rescale
    const [height, width] = [73, 101];
    await using page = await openPage(pathToFileURL(`${here.folder}/net/index.html`).href);
    const { state, said } = await drop(page, noisyPng(height, width), "noise.png");
    assert.equal(state, "done", `${said} ${page.errors}`);
    // 73 and 101 pixels are 3 and 4 after five halvings, and fc6 covers 2: 2 by 3 places
    assert.equal(said, "A score map of 3 by 2 places.");
    const rows: [number, string, number][] = await page.value(
      `[...document.querySelectorAll("#all tr")].map((row) =>
        [Number(row.dataset.label), row.cells[0].textContent, Number(row.cells[1].textContent)])`,
    );
    assert.deepEqual(rows.map(([label]) => label).sort(), [...CLASSES.keys()]);
    assert.ok(rows.every(([label, name]) => name === CLASSES[label]));
    assert.deepEqual(rows.map(([, , p]) => p), rows.map(([, , p]) => p).sort((a, b) => b - a));
    assert.equal(await page.value(`document.querySelectorAll("#classes b, #all b").length`), 0);
    if (hasPython) {
      const file = `${here.folder}/a.onnx`;
      Deno.writeFileSync(file, net.model);
      const looks = [[1, height, width]] as const;
      const [found] = await askOnnx({ files: [file], looks, mean: MEAN, scale: train.inputScale });
      const [{ posteriors, scores }] = found!.answers as [Record<string, number[]>];
      for (const [label, , p] of rows) assert.ok(Math.abs(p - posteriors![label]!) < 1e-5);
      // the mean over the places of ten scores, from what the page keeps of them: their soft-max
      const map: number[][] = await page.value("found.map");
      assert.equal(map.length, 6);
      for (const place of map) {
        assert.ok(Math.abs(place.reduce((sum, p) => sum + p, 0) - 1) < 1e-6);
      }
      const mean = scores!.map((_, label) =>
        map.reduce((sum, place) => sum + Math.log(place[label]!) - Math.log(place[0]!), 0) / 6
      );
      for (const [label, found] of mean.entries()) {
        assert.ok(Math.abs(found - (scores![label]! - scores![0]!)) < 1e-4);
      }
    }
    // a larger Q, and the place of another class
    await page.value(`(async () => {
      const Q = document.getElementById("Q");
      Q.value = 448;
      const ended = new Promise((resolve) => {
        const check = () => document.body.dataset.state === "done" && resolve();
        new MutationObserver(check).observe(document.body, { attributes: true });
      });
      Q.dispatchEvent(new Event("change"));
      await ended;
      document.querySelectorAll("#classes button")[1].click();
    })()`);
    // 128 pixels and 177: 4 and 6 after five halvings
    assert.match(
      await page.value(`document.getElementById("status").textContent`),
      /5 by 3 places/,
    );
    assert.equal(
      await page.value(
        `[...document.querySelectorAll("#classes button")].findIndex((b) => b.ariaPressed === "true")`,
      ),
      1,
    );
    // the picture is darkened by the map: what is drawn has other colours than the picture alone
    assert.ok(await page.value(`document.getElementById("view").width`) >= 600);
    assert.deepEqual(page.errors, []);
  },
});

Deno.test({
  name: "what is no picture, and a folder that lacks a file, are said so (where there is Chromium)",
  ignore: !chromium,
  fn: async () => {
    using here = place();
    writeNetPage(here.folder, netByFormula());
    const url = pathToFileURL(`${here.folder}/index.html`).href;
    {
      await using page = await openPage(url);
      const text = new TextEncoder().encode("no picture");
      assert.match(
        (await drop(page, text, "notes.txt", "text/plain")).said,
        /^Cannot read "notes\.txt" as a picture; drop a JPEG, PNG, WebP or GIF\.$/,
      );
      const { said } = await drop(page, noisyPng(2, 40), "strip.png");
      assert.match(said, /^Cannot look at "strip\.png": its sides are 40 and 2 pixels; drop one/);
      assert.equal((await drop(page, noisyPng(30, 40), "good.png")).state, "done");
    }
    Deno.removeSync(`${here.folder}/net-0.js`);
    await using page = await openPage(url);
    const { said } = await drop(page, noisyPng(30, 40), "good.png");
    assert.match(said, /net-0\.js cannot be read beside this page; copy the whole folder$/);
  },
});

Deno.test("the page is text without network access, and names cannot become markup", () => {
  const text = netPage(netByFormula());
  assert.equal(text.match(/<script/g)?.length, 4);
  assert.equal(text.match(/<\/script>/g)?.length, 4);
  assert.match(text, /default-src &#39;none&#39;/);
  assert.doesNotMatch(text, /https?:|url\(|@import|<link|<iframe/);
  const [, facts] = /<script id="facts"[^>]*>(.*?)<\/script>/s.exec(text)!;
  assert.deepEqual(JSON.parse(facts!), {
    ...{ parts: 1, bytes: netByFormula().model.length, crop: 64, paperCrop: 224 },
    ...{ stride: 32, window: 64, classes: CLASSES },
  });
});

Deno.test("a net is cut into parts that a browser can hold, and a smaller net leaves none behind", () => {
  using here = place();
  const net = netByFormula();
  const large = new Uint8Array(12 * 2 ** 20 + 5).fill(7);
  writeNetPage(here.folder, { ...net, model: large });
  const names = () => [...Deno.readDirSync(here.folder)].map(({ name }) => name).sort();
  assert.deepEqual(names(), ["index.html", "net-0.js", "net-1.js", "runtime.js"]);
  const [, base64] = /\[1\] = "(.*)";/.exec(Deno.readTextFileSync(`${here.folder}/net-1.js`))!;
  assert.deepEqual([...Uint8Array.fromBase64(base64!)], [7, 7, 7, 7, 7]);
  writeNetPage(here.folder, net);
  assert.deepEqual(names(), ["index.html", "net-0.js", "runtime.js"]);
});
