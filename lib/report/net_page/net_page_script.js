// Shows a net at work: what it says of a picture that is dropped here. The page has no network access.
const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);

// Pictures whose long side is so many times the short one have too many pixels at the scale of a net.
const LONGEST = 8;
const SHOWN = 5;

const say = (text, isWrong = false) => {
  byId("status").textContent = text;
  byId("status").className = isWrong ? "wrong" : "";
};
const fail = (text) => {
  say(text, true);
  byId("found").hidden = true;
  document.body.dataset.state = "failed";
};

const bytesOf = (base64) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

// ONNX Runtime and the net are in files beside the page, as texts: a page may not read other files.
const openNet = async () => {
  const { verydeepRuntime: runtime, verydeepNet: parts = [] } = globalThis;
  const missing = [
    ...(runtime === undefined ? ["runtime.js"] : []),
    ...Array.from({ length: facts.parts }, (_, i) => i).filter((i) => parts[i] === undefined)
      .map((i) => `net-${i}.js`),
  ];
  if (missing.length > 0) {
    throw new Error(`${missing.join(", ")} cannot be read beside this page; copy the whole folder`);
  }
  const bytes = new Uint8Array(facts.bytes);
  let at = 0;
  for (const part of parts.map(bytesOf)) {
    bytes.set(part, at);
    at += part.length;
  }
  const module = new Blob([bytesOf(runtime.module)], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(module));
  ort.env.wasm.wasmBinary = bytesOf(runtime.wasm).buffer;
  ort.env.wasm.numThreads = 1; // more need a server with headers of its own
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  globalThis.verydeepNet = globalThis.verydeepRuntime = undefined;
  return { ort, session };
};

// The picture as the net's tests see it: the smallest side is that of the scale.
const pixelsOf = (bitmap, side) => {
  const { width, height } = bitmap;
  const factor = side / Math.min(width, height);
  const [w, h] = [Math.round(width * factor), Math.round(height * factor)];
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, w, h);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, w, h);
  const { data } = context.getImageData(0, 0, w, h);
  const values = new Float32Array(3 * w * h);
  for (let i = 0; i < w * h; i++) {
    for (let c = 0; c < 3; c++) values[c * w * h + i] = data[4 * i + c];
  }
  return { values, w, h };
};

const soften = (scores) => {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

let bitmap, found, chosen;
const opened = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve))
  .then(openNet);
opened.then(() => {
  if (bitmap === undefined) say("The net is ready.");
  document.body.dataset.state ??= "ready";
}, ({ message }) => fail(`Cannot open the net: ${message}`));

const sideAt = (Q) => Math.round(Q * facts.crop / facts.paperCrop);

const look = async () => {
  const { ort, session } = await opened;
  document.body.dataset.state = "busy";
  say("Looking ...");
  const Q = Number(byId("Q").value);
  byId("scale").textContent = `Q = ${Q}: smallest side ${sideAt(Q)} pixels`;
  const { values, w, h } = pixelsOf(bitmap, sideAt(Q));
  const images = new ort.Tensor("float32", values, [1, 3, h, w]);
  const outputs = await session.run({ images });
  const [, classes, rows, columns] = outputs.score_map.dims;
  const map = Array.from({ length: rows * columns }, (_, place) =>
    soften(
      Array.from({ length: classes }, (_, c) => outputs.score_map.data[c * rows * columns + place]),
    ));
  found = { posteriors: [...outputs.posteriors.data], map, rows, columns, w, h };
  const order = found.posteriors.map((_, i) => i)
    .sort((a, b) => found.posteriors[b] - found.posteriors[a]);
  chosen = order[0];
  list(order);
  draw();
  byId("found").hidden = false;
  say(
    rows * columns === 1
      ? "One place of the score map: raise Q to see where a class is."
      : `A score map of ${columns} by ${rows} places.`,
  );
  document.body.dataset.state = "done";
};

const nameOf = (label) => facts.classes?.[label] ?? `class ${label}`;

const list = (order) => {
  byId("classes").replaceChildren(
    ...order.slice(0, SHOWN).map((label) => {
      const button = document.createElement("button");
      const share = `${(100 * found.posteriors[label]).toFixed(1)} %`;
      button.style.setProperty("--share", share.replace(" ", ""));
      button.setAttribute("aria-pressed", String(label === chosen));
      const [name, value] = [nameOf(label), share].map((text) => {
        const span = document.createElement("span");
        span.textContent = text;
        return span;
      });
      button.append(name, value);
      button.addEventListener("click", () => {
        chosen = label;
        list(order);
        draw();
      });
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  byId("all").replaceChildren(...order.map((label) => {
    const row = document.createElement("tr");
    const [head, cell] = [document.createElement("th"), document.createElement("td")];
    head.scope = "row";
    head.textContent = nameOf(label);
    cell.textContent = found.posteriors[label].toFixed(6);
    row.dataset.label = label;
    row.append(head, cell);
    return row;
  }));
};

// The map of a class over the picture: each place is drawn in the middle of what it sees, so that a
// margin, which no place has in its middle, stays as it is.
const draw = () => {
  const view = byId("view");
  const { map, rows, columns, w, h } = found;
  const zoom = 640 / Math.max(w, h);
  [view.width, view.height] = [Math.round(w * zoom), Math.round(h * zoom)];
  const context = view.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, view.width, view.height);
  view.setAttribute("aria-label", `The picture, and where the net sees ${nameOf(chosen)}`);
  byId("words").textContent = `Where it is bright, the net sees: ${
    nameOf(chosen)
  }. Elsewhere the picture is darkened.`;
  if (rows * columns === 1) {
    byId("words").textContent = "";
    return;
  }
  const cells = new OffscreenCanvas(columns, rows);
  const inks = cells.getContext("2d");
  const image = inks.createImageData(columns, rows);
  const highest = Math.max(...map.map((posteriors) => posteriors[chosen]));
  map.forEach((posteriors, place) => {
    image.data[4 * place + 3] = 165 * (1 - posteriors[chosen] / highest);
  });
  inks.putImageData(image, 0, 0);
  const { stride, window } = facts;
  const [x, y] = [columns, rows].map((count) => ({
    from: zoom * (window - stride) / 2,
    length: zoom * count * stride,
  }));
  context.drawImage(cells, x.from, y.from, x.length, y.length);
};

const take = async (file) => {
  if (file === undefined) return;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return fail(`Cannot read "${file.name}" as a picture; drop a JPEG, PNG, WebP or GIF.`);
  }
  const [short, long] = [bitmap.width, bitmap.height].sort((a, b) => a - b);
  if (long > LONGEST * short) {
    return fail(
      `Cannot look at "${file.name}": its sides are ${bitmap.width} and ${bitmap.height} pixels; ` +
        `drop one whose long side is at most ${LONGEST} times the short one.`,
    );
  }
  try {
    await look();
  } catch ({ message }) {
    fail(`Cannot look at "${file.name}": ${message}`);
  }
};

const drop = byId("drop");
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => take(event.clipboardData.files[0]));
byId("picture").addEventListener("change", ({ target }) => take(target.files[0]));
byId("Q").addEventListener("change", () => {
  if (bitmap) look().catch(({ message }) => fail(`Cannot look at the picture: ${message}`));
});
