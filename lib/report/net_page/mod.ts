/** A page that shows a net at work in a browser: one folder, without network access. */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { TrainScale } from "../../experiment.ts";
import { formatNumber } from "../../numbers.ts";
import { reading } from "../../system/file_errors.ts";
import { entriesIn, removeIfPossible, writeAtomically } from "../../system/files.ts";
import { lastMapOf, type Layer } from "../../vgg/configs.ts";
import { middleOf, PAPER_CROP } from "../../vgg/images.ts";
import { h, raw } from "../markup.ts";
import palette from "../palette.css" with { type: "text" };
import css from "./net_page.css" with { type: "text" };
import script from "./net_page_script.js" with { type: "text" };

/** How every such page begins. */
export const NET_PAGE_START = "<!doctype html>\n<!-- the page of a net, written by verydeep -->\n";

/** A net to show. */
export interface ShownNet {
  /** As in `D 384`. */
  readonly name: string;
  readonly key: string;
  /** Its ONNX model, mean and soft-max included. */
  readonly model: Uint8Array;
  readonly layers: readonly Layer[];
  readonly crop: number;
  readonly S: TrainScale;
  /** Names of its classes, if they are known. */
  readonly classes: readonly string[] | undefined;
  /** What it was trained and tested on, as sentences. */
  readonly words: readonly string[];
}

/** Bytes of a net in one file, a multiple of 3; the largest text of a browser has 2^29 letters. */
const PART = 12 * 2 ** 20;

/** Scales Q to choose from, in the paper's pixels, in steps of 32, the stride of the paper's nets. */
const [STEP, LARGEST, LARGEST_SMALL] = [32, 768, 2048];

/**
 * The page may load what is beside it, and nothing else; ONNX Runtime is a module that it makes of such a
 * file.
 */
const POLICY = "default-src 'none'; img-src blob: data:; style-src 'unsafe-inline'; " +
  `script-src 'self' file: blob: 'wasm-unsafe-eval' 'sha256-${
    createHash("sha256").update(script).digest("base64")
  }'`;

/**
 * Writes the page and what it needs into `folder`: `index.html`, ONNX Runtime as `runtime.js`, and the net
 * as `net-0.js` and so on. They are scripts because a page that was opened from a disk may load no
 * other files.
 *
 * @throws {UserError} The folder cannot be written, or the package of ONNX Runtime cannot be read.
 */
export function writeNetPage(folder: string, net: ShownNet) {
  const parts = Math.ceil(net.model.length / PART);
  for (let part = 0; part < parts; part++) {
    const text = net.model.subarray(part * PART, (part + 1) * PART).toBase64();
    writeAtomically(
      join(folder, `net-${part}.js`),
      `(globalThis.verydeepNet ??= [])[${part}] = "${text}";\n`,
    );
  }
  for (const { name } of entriesIn(folder)) {
    const [, part] = /^net-(\d+)\.js$/.exec(name) ?? [];
    if (part !== undefined && Number(part) >= parts) removeIfPossible(join(folder, name));
  }
  writeAtomically(join(folder, "runtime.js"), runtime());
  writeAtomically(join(folder, "index.html"), netPage(net)); // last: the others are whole then
}

/** ONNX Runtime for browsers, its module and its WebAssembly, as a script that defines both as texts. */
function runtime(): string {
  const { resolve } = createRequire(import.meta.url);
  const wasm = resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  const files = { module: join(dirname(wasm), "ort.wasm.bundle.min.mjs"), wasm };
  const [module, binary] = Object.values(files).map((file) =>
    reading(file, () => Deno.readFileSync(file)).toBase64()
  );
  return `/*\n${LICENCE}*/\nglobalThis.verydeepRuntime = { module: "${module}", wasm: "${binary}" };\n`;
}

/** That of ONNX Runtime, whose copies have to contain it. */
const LICENCE = `ONNX Runtime

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.
IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION
WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** The text of the page. */
export function netPage(net: ShownNet): string {
  const { name, key, model, layers, crop, S, classes, words } = net;
  const parts = Math.ceil(model.length / PART);
  const stride = strideOf(layers);
  const facts = {
    ...{ parts, bytes: model.length, crop, paperCrop: PAPER_CROP, stride },
    window: stride * lastMapOf(layers, crop),
    ...classes && { classes },
  };
  const Q = middleOf(S);
  const scripts = ["runtime.js", ...Array.from({ length: parts }, (_, i) => `net-${i}.js`)];
  const head = h(
    "head",
    {},
    h("meta", { charset: "utf-8" }),
    h("meta", { "http-equiv": "Content-Security-Policy", "content": POLICY }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("title", {}, `${name} at work`),
    h("style", {}, raw(palette + css)),
    scripts.map((src) => h("script", { src, defer: "" })),
  );
  const body = h(
    "body",
    {},
    h("h1", {}, `${name} at work`),
    h("p", { class: "muted" }, `Key ${key}. `, words.join(" ")),
    h(
      "label",
      { id: "drop" },
      h("input", { id: "picture", type: "file", accept: "image/*" }),
      "Drop a picture anywhere, paste one, or click here. It stays on this machine.",
    ),
    h("p", { id: "status", role: "status" }, "Opening the net ..."),
    h(
      "div",
      { id: "found", hidden: "" },
      h(
        "div",
        {},
        h("canvas", { id: "view", role: "img" }),
        h("p", { class: "muted", id: "words" }),
        h(
          "label",
          { class: "scale" },
          h("span", { id: "scale" }),
          h("input", {
            ...{ id: "Q", type: "range", step: STEP, value: Q },
            min: Math.min(PAPER_CROP, Q),
            max: crop < PAPER_CROP / 2 ? LARGEST_SMALL : LARGEST,
          }),
        ),
        h(
          "p",
          { class: "muted" },
          `Q is in the paper's pixels; the net was trained at S = ${
            typeof S === "number" ? S : `[${S.join(";")}]`
          }. The browser rescales the picture, by another filter than the tests: posteriors may ` +
            "differ in the third decimal.",
        ),
      ),
      h(
        "div",
        {},
        h("ol", { id: "classes" }),
        h(
          "details",
          {},
          h("summary", {}, classes ? `All ${formatNumber(classes.length)} classes` : "All classes"),
          h("table", {}, h("tbody", { id: "all" })),
        ),
      ),
    ),
    h(
      "script",
      { id: "facts", type: "application/json" },
      raw(JSON.stringify(facts).replaceAll("<", "\\u003c")),
    ),
    h("script", {}, raw(script)),
  );
  return `${NET_PAGE_START}${h("html", { lang: "en" }, head, body).markup}`;
}

/** How many pixels two neighbouring places of a score map are apart. */
function strideOf(layers: readonly Layer[]): number {
  const halvings = layers.filter((layer) =>
    layer.kind === "maxpool" || layer.kind === "conv" && layer.stride === 2
  );
  return 2 ** halvings.length;
}
