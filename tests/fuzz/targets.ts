/** Every reader of files that may come from strangers, or from a disc that lost some of them. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { paper, small, smoke } from "../../experiments/setups.ts";
import { describeCifar10 } from "../../lib/datasets/cifar10.ts";
import { describeCifar100 } from "../../lib/datasets/cifar100.ts";
import { listingDigest, readIndex } from "../../lib/datasets/folder/index_file.ts";
import { decodeBitmap } from "../../lib/datasets/folder/bitmaps.ts";
import {
  hasEndMark,
  isBaselineJpeg,
  oddTiff,
  unreadableFormat,
  withEndMark,
} from "../../lib/datasets/folder/formats.ts";
import { listFolder } from "../../lib/datasets/folder/listing.ts";
import { openFolder } from "../../lib/datasets/folder/mod.ts";
import {
  encodeJpeg,
  encodePng,
  type Picture,
  probeImage,
  sharp,
} from "../../lib/datasets/pixels.ts";
import { openBytes, partOf } from "../../lib/datasets/ilsvrc2012/bytes.ts";
import { devkitOf } from "../../lib/datasets/ilsvrc2012/devkit.ts";
import { sizeIn } from "../../lib/datasets/ilsvrc2012/header.ts";
import {
  indexOf,
  readIndex as readSplitIndex,
  writeIndex as writeSplitIndex,
} from "../../lib/datasets/ilsvrc2012/index_file.ts";
import { membersOf } from "../../lib/datasets/ilsvrc2012/tar.ts";
import { openSetup } from "../../lib/command_line/setup_file.ts";
import { tableOfStudy } from "../../lib/command_line/study_rows.ts";
import { openTableFile } from "../../lib/tables/mod.ts";
import { readIdx } from "../../lib/datasets/raw_images/idx.ts";
import { estimateSpeed } from "../../lib/estimates/speed.ts";
import { UserError } from "../../lib/errors.ts";
import { openArchive, SUMS } from "../../lib/bundle/archive.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { verifyBundle } from "../../lib/bundle/verify.ts";
import { openRecords, readRecords } from "../../lib/executors/slurm/records.ts";
import { readConfig } from "../../lib/executors/slurm/resources.ts";
import { isEvaluation, type Run } from "../../lib/experiment.ts";
import { testScoresIn } from "../../lib/results/submission.ts";
import { withChecksum } from "../../lib/system/checksums.ts";
import { prefersBfloat16 } from "../../lib/system/device.ts";
import { writeAtomically } from "../../lib/system/files.ts";
import { leftoversIn } from "../../lib/store/audit.ts";
import { scored } from "../../lib/score.ts";
import { importedNet, type ImportTarget, noteIn } from "../../lib/store/import.ts";
import { posteriorsIn } from "../../lib/store/run_files.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import { layersOf, netShapeOf, weightShapes } from "../../lib/vgg/configs.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import type { TensorFile } from "../../lib/weights/weights_file.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import {
  openSafetensors,
  readSafetensors,
  safetensorsBytes,
} from "../../lib/weights/safetensors.ts";
import { openTorch } from "../../lib/weights/torch.ts";
import { cifar100Labels, cifarRecords } from "../support/cifar.ts";
import { smallestFolder } from "../support/datasets.ts";
import { filesBelow } from "../support/files.ts";
import { readKaggle } from "../../lib/datasets/ilsvrc2012/kaggle.ts";
import { readReal } from "../../lib/datasets/ilsvrc2012/real.ts";
import { kaggleFiles, META, tarOf } from "../support/ilsvrc2012/made.ts";
import { synsets } from "../support/ilsvrc2012/mats.ts";
import { withStore } from "../support/made_store.ts";
import { setup as tiny } from "../support/tiny.ts";
import { withoutChecksums, zipOf } from "../support/zips.ts";
import type { GoodFile, Target } from "./hunt.ts";

/** A file of JSON. */
function json(path: string, value: unknown): GoodFile {
  return { path, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

/** Parts of a file as one. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

const counting = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Posteriors of six images and three classes. */
function posteriors(): Uint8Array {
  const values = Float32Array.from(
    counting(18),
    (i) => [0.5, 0.25, 0.25][(i + Math.floor(i / 3)) % 3]!,
  );
  return joined(safetensorsBytes({
    metadata: { run: "made up", note: "fuzz" },
    tensors: new Map([
      ["posteriors", { shape: [6, 3], values }],
      ["labels", { shape: [6], values: Int32Array.from(counting(6), (i) => i % 3) }],
    ]),
  }));
}

/** An IDX file of bytes with this shape. */
function idx(...shape: readonly number[]): Uint8Array {
  const count = shape.reduce((product, side) => product * side, 1);
  const header = [0, 0, 8, shape.length, ...shape.flatMap((side) => [0, 0, 0, side])];
  return Uint8Array.from([...header, ...counting(count).map((i) => i % 10)]);
}

const picture: Picture = {
  ...{ width: 24, height: 17, channels: 3 },
  pixels: Uint8Array.from(counting(24 * 17 * 3), (i) => i * 31 % 256),
};

function writeBelow(folder: string, path: string, bytes: Uint8Array) {
  const file = join(folder, path);
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeFileSync(file, bytes);
}

/** Where a reader's own answer to a bad file is any error: its caller puts it into words. */
async function refusing(work: Promise<unknown>) {
  await work.catch((error) => {
    throw new UserError(error.message);
  });
}

/** Files that other libraries wrote. */
function weightsFiles(...names: readonly string[]): GoodFile[] {
  const folder = new URL("../weights/files/", import.meta.url);
  return names.map((path) => ({ path, bytes: Deno.readFileSync(new URL(path, folder)) }));
}

/** Reads tensors that are not larger than a net of a few channels has; others fit none. */
function readSmall({ shapes, read }: Pick<TensorFile, "shapes" | "read">) {
  for (const [name, shape] of shapes) {
    if (shape.reduce((product, side) => product * side, 1) < 1000) read(name);
  }
}

/** A BMP of 4 by 3 pixels and 8 bits, with a palette of four colours. */
function bmp(): Uint8Array {
  const bytes = new Uint8Array(54 + 16 + 12).fill(2, 70);
  bytes.set([0x42, 0x4D, bytes.length, 0, 0, 0, 0, 0, 0, 0, 70, 0, 0, 0, 40]);
  bytes.set([4, 0, 0, 0, 3, 0, 0, 0, 1, 0, 8], 18);
  return bytes;
}

/** A tiny A, and what its weights are read for. */
const IMPORT: ImportTarget = {
  ...{ config: "A", S: 256, setup: { ...smoke, train: tiny } },
  dataset: { name: "made up", classes: ["a", "b"], fingerprint: "made-up" },
};

/** Tensors of its shapes, under other names. */
function tensorsOf(rename: (name: string) => string) {
  const shapes = weightShapes(layersOf("A", netShapeOf(tiny, 2)));
  return new Map([...shapes].map(([name, shape]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return [rename(name), { shape, values: new Float32Array(size).fill(0.25) }];
  }));
}

/** Its weights as this project writes them, with notes, and without. */
function ownFiles(): GoodFile[] {
  const recipe = JSON.stringify({ run: { config: "A", S: 256, init: "random" }, train: tiny });
  const content = { tensors: tensorsOf((name) => name), metadata: { recipe, mean: "1 2 3" } };
  const whole = joined(safetensorsBytes(content));
  // without its checksum damage reaches what is behind it
  const text = Buffer.from(whole).toString("latin1").replace("sha256:", "sha257:");
  const bare = Uint8Array.from(Buffer.from(text, "latin1"));
  return [{ path: "own.safetensors", bytes: whole }, { path: "bare.safetensors", bytes: bare }];
}

/** A layer of torchvision's, and of timm's, under their names, and a checkpoint's. */
function torchFiles(): GoodFile[] {
  const layer = (prefix: string) => {
    const tensors = new Map([
      [`${prefix}features.0.weight`, { shape: [2, 3, 3, 3], values: new Float32Array(54).fill(1) }],
      [`${prefix}features.0.bias`, { shape: [2], values: Float32Array.of(1, 2) }],
      [`${prefix}pre_logits.fc1.weight`, { shape: [4, 2, 1, 1], values: new Float32Array(8) }],
      [`${prefix}pre_logits.fc1.bias`, { shape: [4], values: new Float32Array(4) }],
    ]);
    return joined(safetensorsBytes({ tensors, metadata: { format: "pt" } }));
  };
  return ["", "module."].map((prefix, i) => ({ path: `${i}.safetensors`, bytes: layer(prefix) }));
}

export const targets: readonly Target[] = [
  {
    name: "safetensors",
    files: () => [{ path: "a.safetensors", bytes: posteriors() }],
    read: (file) => readSafetensors(file),
  },
  {
    name: "posteriors",
    files: () => [{ path: "a.safetensors", bytes: posteriors() }],
    read(file) {
      using open = posteriorsIn(openSafetensors(file), file);
      scored([open]);
    },
  },
  {
    name: "weights of Keras",
    files: () => weightsFiles("keras.h5", "keras3.weights.h5", "keras-half.h5", "keras-gzip.h5"),
    async read(file) {
      using weights = await openWeights(file);
      readSmall(weights);
    },
  },
  {
    name: "weights of PyTorch",
    // with zeros for checksums damage reaches what is behind them
    files: () =>
      weightsFiles(
        ...["tensors.pth", "tensors-legacy.pth", "training.pth", "oldest.pth"],
        ...["protocol-4.pth", "protocol-4-legacy.pth"],
      ).map(({ path, bytes }) => ({ path, bytes: withoutChecksums(bytes) })),
    async read(file) {
      using weights = await openTorch(file, /(-legacy|oldest)\.pth$/.test(file));
      readSmall(weights);
    },
  },
  {
    name: "weights of torchvision and timm",
    files: () => torchFiles(),
    async read(file) {
      await noteIn(file);
      using weights = await openWeights(file, { input: "caffe" });
      readSmall(weights);
    },
  },
  {
    name: "weights of this project",
    files: () => ownFiles(),
    read: (file) => importedNet(file, IMPORT),
  },
  {
    name: "idx",
    files: () => [
      { path: "images", bytes: idx(5, 4, 3) },
      { path: "images.gz", bytes: gzipSync(idx(5, 4, 3)) },
    ],
    read: (file) => readIdx(Deno.readFileSync(file), { file, rank: 3 }),
  },
  {
    name: "cifar10",
    files(folder) {
      const bytes = cifarRecords([[0], [1]]);
      const names = [...counting(5).map((i) => `data_batch_${i + 1}.bin`), "test_batch.bin"];
      for (const name of names) Deno.writeFileSync(`${folder}/${name}`, bytes);
      return [
        { path: "data_batch_2.bin", bytes },
        { path: "test_batch.bin", bytes },
        { path: "batches.meta.txt", bytes: new TextEncoder().encode("airplane\nautomobile\n") },
      ];
    },
    read: (_, folder) => describeCifar10({ folder }),
  },
  {
    name: "cifar100",
    files: () => [
      { path: "train.bin", bytes: cifarRecords(cifar100Labels().slice(0, 3)) },
      { path: "test.bin", bytes: cifarRecords(cifar100Labels().slice(0, 2)) },
      { path: "fine_label_names.txt", bytes: new TextEncoder().encode("apple\naquarium_fish\n") },
    ],
    read: (_, folder) => describeCifar100({ folder, onWarning: () => {} }),
  },
  {
    name: "images",
    files: async () => [
      { path: "a.jpg", bytes: await encodeJpeg(picture) },
      { path: "a.png", bytes: await encodePng(picture) },
      ...await Promise.all(
        (["tiff", "webp", "gif"] as const).map(async (format) => ({
          path: `a.${format}`,
          bytes: await sharp(picture.pixels, { raw: picture }).toFormat(format).toBuffer(),
        })),
      ),
    ],
    read(file) {
      // as the worker does that probes a folder's files
      const bytes = Deno.readFileSync(file);
      if (oddTiff(bytes) !== undefined || unreadableFormat(bytes) !== undefined) return;
      hasEndMark(bytes, bytes.subarray(-4096));
      return refusing(probeImage(isBaselineJpeg(bytes) ? withEndMark(bytes) : bytes));
    },
  },
  {
    name: "bitmaps",
    files: () => [
      { path: "a.ppm", bytes: new TextEncoder().encode("P3 2 2 255 1 2 3 4 5 6 7 8 9 10 11 12") },
      {
        path: "a.pgm",
        bytes: Uint8Array.from(
          [..."P5 4 3 65535\n"].map((c) => c.charCodeAt(0)).concat(counting(24)),
        ),
      },
      { path: "a.bmp", bytes: bmp() },
    ],
    // a reader's errors are put into words by the worker that calls it
    read: (file) =>
      refusing(Promise.resolve(file).then((file) => decodeBitmap(Deno.readFileSync(file)))),
  },
  {
    name: "labels of Kaggle's ImageNet",
    files: () =>
      Object.entries(kaggleFiles()).map(([path, bytes]) => ({
        path,
        bytes: Uint8Array.from(bytes),
      })),
    read(_, folder) {
      const [solution, mapping] = Object.keys(kaggleFiles());
      readKaggle({ solution: `${folder}/${solution}`, mapping: `${folder}/${mapping}` });
    },
  },
  {
    name: "ReaL's labels",
    files: () => [json("real.json", [[0], [], [2, 1], [3]])],
    read(_, folder) {
      readReal(`${folder}/real.json`, { classes: 4, labels: [0, 1, 2, 3] });
    },
  },
  {
    name: "index of a folder",
    async files(folder) {
      const made = smallestFolder();
      Deno.renameSync(made, `${folder}/pictures`);
      await openFolder({ folder: `${folder}/pictures` });
      const path = "pictures/.verydeep/index.json";
      return [{ path, bytes: Deno.readFileSync(`${folder}/${path}`) }];
    },
    async read(_, folder) {
      const listing = listingDigest(listFolder(`${folder}/pictures`));
      await readIndex(`${folder}/pictures/.verydeep`, listing);
    },
  },
  {
    name: "tar",
    files() {
      const bytes = tarOf([
        ...[{ name: "a/", kind: "5" }, { name: "a/one.JPEG", bytes: idx(9, 9, 9) }],
        { name: "x", kind: "x", bytes: new TextEncoder().encode("14 path=b.PNG\n") },
        { name: "two.JPEG", bytes: idx(5, 4, 3) },
      ]);
      return [{ path: "a.tar", bytes }];
    },
    read(file) {
      using tar = openBytes(file);
      for (const { at, size } of membersOf(tar)) sizeIn(partOf(tar, at, size));
    },
  },
  {
    name: "headers of images",
    files: async () => [
      { path: "a.jpg", bytes: await encodeJpeg(picture) },
      { path: "a.png", bytes: await encodePng(picture) },
    ],
    read(file) {
      using image = openBytes(file);
      sizeIn(image);
    },
  },
  {
    name: "development kit",
    files: () => [
      { path: "a.mat", bytes: META },
      { path: "b.mat", bytes: synsets([{ id: 1, wnid: "n00000001", children: 0 }]) },
    ],
    read: (file) => devkitOf({ meta: Deno.readFileSync(file), truth: "1\n" }, file),
  },
  {
    name: "index of ImageNet",
    files(folder) {
      const faults = { 1: "is empty" };
      const shelf = { names: ["a", "b"], at: Float64Array.of(512, 1024), faults };
      const sizes = { bytes: Uint32Array.of(5, 6), sides: Uint16Array.of(1, 2, 3, 4) };
      const digests = Uint32Array.of(1, 2, 3, 4);
      writeSplitIndex(folder, "val", "", indexOf([["", { ...shelf, ...sizes, digests }]]));
      const path = "ilsvrc2012-val.index";
      return [{ path, bytes: Deno.readFileSync(`${folder}/${path}`) }];
    },
    read: (_, folder) => void readSplitIndex(folder, "val", "")?.names(),
  },
  {
    name: "bundle",
    async files() {
      const files: GoodFile[] = [];
      await withStore(async (input, folder) => {
        for (const small of [false, true]) {
          await writeBundle(`${folder}/a.zip`, { ...input, small });
          files.push({ path: `${small}.zip`, bytes: Deno.readFileSync(`${folder}/a.zip`) });
        }
      });
      return files;
    },
    read: (file) =>
      verifyBundle(file, {
        paper,
        tablesUnder: () => Promise.resolve([]),
        setupNamed: () => paper,
      }),
  },
  {
    name: "entries of a bundle",
    async files(folder) {
      const files: GoodFile[] = [];
      await withStore(async (input, elsewhere) => {
        await writeBundle(`${elsewhere}/a.zip`, input);
        const all = Deno.readFileSync(`${elsewhere}/a.zip`);
        using archive = await openArchive(`${elsewhere}/a.zip`);
        for (const { name, at, size } of archive.entries.values()) {
          if (name !== SUMS) {
            files.push({ path: `entries/${name}`, bytes: all.slice(at, at + size) });
          }
        }
      });
      for (const { path, bytes } of files) writeBelow(folder, path, bytes);
      return files;
    },
    async read(_, folder) {
      const entries = filesBelow(`${folder}/entries`).map((name) => {
        return { name, bytes: Deno.readFileSync(`${folder}/entries/${name}`) };
      });
      const sums = entries.map(({ name, bytes }) =>
        `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`
      );
      const list = { name: SUMS, bytes: new TextEncoder().encode(sums.join("")) };
      Deno.writeFileSync(`${folder}/a.zip`, zipOf([...entries, list]));
      await verifyBundle(`${folder}/a.zip`, {
        paper,
        tablesUnder: () => Promise.resolve([]),
        setupNamed: () => paper,
      });
    },
  },
  {
    name: "results",
    async files(folder) {
      const place = `${folder}/results`;
      const store = makeStore(place);
      await withStore(async ({ store: all }) => {
        for (const isWanted of [isEvaluation, (run: Run) => !isEvaluation(run)]) {
          const run = all.runs().find(({ run }) => isWanted(run))!;
          const [from, to] = [all.folderOf(run), store.folderOf(run)];
          for (const path of filesBelow(from)) {
            writeBelow(to, path, await Deno.readFile(`${from}/${path}`));
          }
        }
      });
      const trained = store.runs().find(({ run }) => !isEvaluation(run))!;
      const log = { epoch: 0, loss: 0.5, learningRate: 0.1, imagesPerSecond: 7 };
      for (const step of [1, 2]) {
        store.appendLog(trained, { ...log, step });
        const tensors = new Map([["x", { shape: [3], values: Float32Array.of(1, 2, 3) }]]);
        store.writeCheckpoint(trained, { step, plateau: INITIAL_PLATEAU, tensors });
      }
      const divergence = { what: "the loss is NaN", step: 3, rate: 0.1 };
      writeAtomically(`${store.folderOf(trained)}/diverged.json`, JSON.stringify(divergence));
      writeAtomically(`${place}/leases/${trained.key}.1`, '{"host":"elsewhere","pid":7}');
      Deno.mkdirSync(`${place}/jobs`);
      openRecords(store)({
        ...{ job: "7_1", name: "train", run: trained.key, log: "jobs/7.log" },
        submitted: "2026-01-31T12:00:00.000Z",
      });
      return filesBelow(place).map((path) => {
        return { path: `results/${path}`, bytes: Deno.readFileSync(`${place}/${path}`) };
      });
    },
    read(_, folder) {
      const store = openStore(`${folder}/results`);
      for (const run of store.runs()) {
        store.status(run);
        store.damage(run);
        store.readLog(run);
        store.readExecutions(run);
        store.readDivergence(run);
        store.readCheckpoint(run);
      }
      leftoversIn(store);
      readRecords(store);
    },
  },
  {
    name: "scores of the test server",
    files(folder) {
      const place = "submissions/0123456789ab";
      const predictions = new TextEncoder().encode("1 2 3 4 5\n");
      writeBelow(folder, `${place}/predictions.txt`, predictions);
      const digest = createHash("sha256").update(predictions).digest("hex");
      const score = { evaluations: ["0123456789ab"], images: 1, predictions: digest, top5: 7.5 };
      const text = JSON.stringify(withChecksum(score));
      return [
        { path: `${place}/submission.json`, bytes: new TextEncoder().encode(text) },
        { path: `${place}/predictions.txt`, bytes: predictions },
      ];
    },
    read: (_, folder) => testScoresIn(folder),
  },
  {
    name: "notes of this machine",
    files() {
      const speed = {
        ...{ host: Deno.hostname(), device: "CPU", crop: 28, width: 0.25, fc: 512 },
        ...{
          precision: "float32",
          training: 1e9,
          testing: 2e9,
          images: { training: 5, testing: 9 },
        },
        ...{ bfloat16: false, load: 0, measured: "2026-01-31T12:00:00.000Z" },
      };
      const gpu = { name: "NVIDIA A2", memory: 2 ** 34, capability: 8.6, driver: "550.54.15" };
      return [json("speeds.json", [speed]), json("gpus.json", [gpu])];
    },
    read(file, folder) {
      const train = { ...small.train, width: 0.5 };
      estimateSpeed(train, { device: { kind: "cpu" }, file: `${folder}/speeds.json` });
      if (file.endsWith("gpus.json")) prefersBfloat16(file);
    },
  },
  {
    name: "settings of a cluster",
    files: () => [
      json("verydeep.json", {
        executors: { slurm: { partition: "gpu", train: { gpus: 1, cpus: 8 }, maxJobs: 100 } },
      }),
    ],
    read: (file) => readConfig(file),
  },
  {
    name: "tables and studies",
    files: () => [
      json("table.json", {
        ...{ name: "mine", caption: "One row", headings: ["config", "S"], columns: ["top1"] },
        rows: [{
          evaluations: [{
            net: {
              ...{ config: "mine", blocks: [[32], ["lrn", { size: 1, channels: 32 }]], S: 256 },
              init: { from: { config: "A", S: [256, 512], init: "random" }, layers: ["fc7"] },
            },
            ...{ Q: 256, method: "dense" },
          }],
          published: { top1: 28.5 },
        }],
      }),
      json("study.json", {
        ...{ name: "grid", caption: "Two by two", seeds: 2 },
        grid: { config: ["A", { blocks: [[32], [64]] }], Q: [[224, 256]], dropout: [0, 0.5] },
      }),
    ],
    read: (file) =>
      openTableFile(file, {
        ...{ setup: smoke, listed: [], taken: [], word: "a.json" },
        variant: crypto.randomUUID(), // the file is another one each time
        tableOf: (study) => tableOfStudy(study, { setup: smoke, word: "a.json", isAllowed: false }),
      }),
  },
  {
    name: "setups",
    files: () => [
      json("setup.json", {
        ...{ from: "small", name: "mine", note: "a note", scenes: { seed: 7 } },
        train: { batch: 32, transfer: "paper", schedules: { first: { images: 1000 } } },
        evaluate: { scoreMap: "softmax-then-average" },
      }),
    ],
    read: (file) => openSetup(file, { word: "a.json", setups: { small, smoke } }),
  },
];
