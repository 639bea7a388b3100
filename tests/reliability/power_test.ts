/** What a power failure leaves: of each file that has its name all bytes. */
import assert from "node:assert/strict";
import { net } from "../../experiments/protocol.ts";
import { indexOf, readIndex, writeIndex } from "../../lib/datasets/ilsvrc2012/index_file.ts";
import { openFolder } from "../../lib/datasets/folder/mod.ts";
import { makeImageFolder, writeFiles } from "../../lib/datasets/generated.ts";
import { encodeJpeg } from "../../lib/datasets/pixels.ts";
import { drawScenes } from "../../lib/datasets/scenes/mod.ts";
import { writeArchive } from "../../lib/bundle/archive.ts";
import { flushTree } from "../../lib/system/files.ts";
import { plannedRun } from "../../lib/plan.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { makeStampedFolder, replaceAtomically } from "../../lib/tensorflow/install/cache.ts";
import { INITIAL_PLATEAU } from "../../lib/vgg/schedule.ts";
import { writeHdf5 } from "../../lib/weights/hdf5.ts";
import { afterPowerFailure, isRoot } from "../support/disks.ts";
import { turned } from "../support/datasets.ts";
import { context } from "../support/tiny.ts";

const A = plannedRun(net("A", 256), context);
const PICTURE = {
  width: 24,
  height: 17,
  channels: 3,
  pixels: new Uint8Array(24 * 17 * 3),
} as const;
const BYTES = Uint8Array.from({ length: 5000 }, (_, i) => i * 7 % 256);

/** Everything that is written to be kept. */
const WRITERS: Readonly<Record<string, (folder: string) => Promise<unknown> | void>> = {
  results(folder) {
    const store = makeStore(folder);
    store.begin(A);
    const log = { epoch: 0, loss: 0.5, learningRate: 0.1, imagesPerSecond: 7 };
    for (const step of [1, 2, 3]) {
      store.appendLog(A, { ...log, step });
      const tensors = new Map([["x", {
        shape: [1250],
        values: new Float32Array(1250).fill(step),
      }]]);
      store.writeCheckpoint(A, { step, plateau: INITIAL_PLATEAU, tensors });
    }
    store.fail(A, "a failure");
  },
  async "pictures that are being drawn"(folder) {
    Deno.mkdirSync(`${folder}/.writing`);
    await drawScenes(folder, { classes: 2, train: 8, val: 2, seed: 0 });
  },
  "images that are being saved": (folder) =>
    makeImageFolder(`${folder}/made`, (unfinished) => {
      const files = ["a", "b"].map((name) => [`${unfinished}/train/${name}`, BYTES] as const);
      return writeFiles(files, unfinished).then(() => {
        throw new Error("interrupted");
      });
    }).catch(() => {}),
  async "pictures turned upright"(folder) {
    const jpeg = turned(await encodeJpeg(PICTURE), 6);
    for (const place of ["train/a", "train/b", "val/a", "val/b"]) {
      Deno.mkdirSync(`${folder}/${place}`, { recursive: true });
      Deno.writeFileSync(`${folder}/${place}/1.jpg`, jpeg);
    }
    await flushTree(folder); // these are the user's
    await openFolder({ folder });
  },
  "an index of ImageNet"(folder) {
    const shelf = { names: ["a", "b"], at: Float64Array.of(512, 1024), faults: {} };
    const sides = { sides: Uint16Array.of(1, 2, 3, 4), digests: Uint32Array.of(7, 8, 9, 10) };
    const sizes = { bytes: Uint32Array.of(5, 6), ...sides };
    writeIndex(folder, "val", "stamp", indexOf([["", { ...shelf, ...sizes }]]));
    assert.ok(readIndex(folder, "val", "stamp"));
  },
  "a bundle": (folder) =>
    writeArchive(`${folder}/a.zip`, [{ name: "entry", parts: () => [BYTES] }]),
  "weights for Keras": (folder) =>
    writeHdf5(
      `${folder}/a.h5`,
      {},
      new Map([["group", {
        attributes: {},
        datasets: [{ path: "x", shape: [1250], values: () => new Float32Array(1250).fill(7) }],
      }]]),
    ),
  async "a TensorFlow installation"(folder) {
    await makeStampedFolder(`${folder}/library`, "made up", async (place) => {
      await Deno.writeFile(`${place}/library.so`, BYTES);
    });
    await replaceAtomically(`${folder}/addon.node`, (path) => Deno.writeFile(path, BYTES));
  },
};

/** Names of files that are being written, and may be empty. */
const DRAFT = /\.part$|\.new$|^\.writing$/;

/** The bytes of every file below a folder, by path, without drafts. */
function contents(folder: string): Map<string, string> {
  const files = [...Deno.readDirSync(folder)].filter(({ name }) => !DRAFT.test(name));
  return new Map(files.flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (!isDirectory) return [[name, Deno.readFileSync(path).toBase64()] as const];
    return [...contents(path)].map(([below, bytes]) => [`${name}/${below}`, bytes] as const);
  }));
}

for (const [name, write] of Object.entries(WRITERS)) {
  Deno.test({
    name: `a power failure leaves complete files of ${name}`,
    ignore: !isRoot,
    async fn() {
      const inside = "written";
      await afterPowerFailure(async (disk) => {
        Deno.mkdirSync(`${disk}/${inside}`);
        await write(`${disk}/${inside}`);
      }, (before, after) => {
        const truth = contents(`${before}/${inside}`);
        assert.ok(truth.size > 0);
        assert.deepEqual(contents(`${after}/${inside}`), truth);
      });
    },
  });
}
