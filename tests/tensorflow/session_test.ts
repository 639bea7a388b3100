import assert from "node:assert/strict";
import { UnreadableError } from "../../lib/errors.ts";
import type { Binding } from "../../lib/tensorflow/addon.ts";
import { mapFile, readFile } from "../../lib/tensorflow/files.ts";
import { constant, Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { decodeImage } from "../../lib/tensorflow/images.ts";
import { cast, scale } from "../../lib/tensorflow/operations.ts";
import { elements, float32, int32, Session } from "../../lib/tensorflow/session.ts";
import { sessionOf, tensorflow } from "../support/run_graph.ts";

Deno.test("values go in and come out with their shapes, and nothing stays", async () => {
  const binding = await tensorflow();
  const before = binding.getNumOfTensors();
  using run = await sessionOf((graph) => [
    scale(placeholder(graph, "x", { dtype: "float32", shape: [2, null] }), 2),
    scale(placeholder(graph, "n", { dtype: "int32", shape: [] }), 3),
    cast(placeholder(graph, "bytes", { dtype: "uint8", shape: [null] }), "int32"),
  ]);
  const feeds = {
    x: float32([1, 2, 3, 4, 5, 6], [2, 3]),
    n: int32([7], []),
    bytes: { dtype: "uint8", shape: [2], values: Uint8Array.of(0, 255) },
  } as const;
  assert.deepEqual(run.session.run(feeds, run.built), [
    { shape: [2, 3], values: Float32Array.of(2, 4, 6, 8, 10, 12) },
    { shape: [], values: Int32Array.of(21) },
    { shape: [2], values: Int32Array.of(0, 255) },
  ]);
  assert.equal(binding.getNumOfTensors(), before);
});

Deno.test("a held value serves many runs until it is released", async () => {
  const binding = await tensorflow();
  const before = binding.getNumOfTensors();
  using run = await sessionOf((graph) =>
    scale(placeholder(graph, "x", { dtype: "float32", shape: [3] }), -1)
  );
  const x = run.session.hold(float32([1, 2, 3]));
  for (let time = 0; time < 3; time++) {
    assert.deepEqual(run.session.run({ x }, [run.built])[0]!.values, Float32Array.of(-1, -2, -3));
  }
  assert.equal(binding.getNumOfTensors(), before + 1);
  run.session.release(x);
  assert.equal(binding.getNumOfTensors(), before);
});

Deno.test("a failed run leaves nothing behind", async () => {
  const binding = await tensorflow();
  using run = await sessionOf((graph) => {
    placeholder(graph, "x", { dtype: "float32", shape: [2] });
    return constant(graph, [1], { dtype: "bool" });
  });
  const before = binding.getNumOfTensors();
  assert.throws(() => run.session.run({ x: float32([1, 2]) }, ["nothing:0"]));
  assert.throws(
    () => run.session.run({ x: float32([1, 2]) }, [run.built]),
    /Cannot fetch a tensor of type bool: cast it to float32 or int32/,
  );
  assert.equal(binding.getNumOfTensors(), before);
});

Deno.test("closing a session frees its model, and no file stays", async () => {
  const binding = await tensorflow();
  const before = binding.getNumOfSavedModels();
  const ours = () =>
    [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")]
      .filter(({ name }) => name.startsWith("verydeep-graph-")).map(({ name }) => name);
  const files = new Set(ours());
  const run = await sessionOf((graph) => constant(graph, 1));
  assert.equal(binding.getNumOfSavedModels(), before + 1);
  assert.deepEqual(ours().filter((name) => !files.has(name)), []);
  run.session.close();
  assert.equal(binding.getNumOfSavedModels(), before);
});

Deno.test("a file that a graph reads or maps into memory is named where TensorFlow cannot open it", async () => {
  const file = "/nowhere/images; of 2012.tar";
  using read = await sessionOf((graph) => {
    const path = placeholder(graph, "path", { dtype: "string", shape: [] });
    return cast(decodeImage(readFile(path)), "int32");
  });
  using mapped = await sessionOf((graph) => cast(mapFile(graph, { file, bytes: 4 }), "int32"));
  const path = { path: { dtype: "string", shape: [], values: [file] } } as const;
  for (const [{ session, built }, feeds] of [[read, path], [mapped, {}]] as const) {
    assert.throws(() => session.run(feeds, [built]), (error) => {
      assert.ok(error instanceof UnreadableError);
      const said =
        `Cannot read "${file}": No such file or directory; check its permissions and its disk`;
      assert.equal(error.message, said);
      return true;
    });
  }
});

Deno.test("a graph's file that TensorFlow cannot read is named, with a way out, and does not stay", async () => {
  const binding = await tensorflow();
  /** What a session says where something happens to the file before TensorFlow opens it. */
  const said = (happens: (file: string) => void) => {
    const graph = new Graph();
    constant(graph, 1);
    let place = "";
    const failing = Object.create(binding, {
      loadSavedModel: {
        value(folder: string, tags: string) {
          happens(`${place = folder}/saved_model.pb`);
          return binding.loadSavedModel(folder, tags);
        },
      },
    }) as Binding;
    let message = "";
    assert.throws(() => new Session(failing, graph), (error) => {
      assert.ok(error instanceof UnreadableError, String(error));
      ({ message } = error);
      return true;
    });
    assert.throws(() => Deno.statSync(place), Deno.errors.NotFound);
    return message.replace(place, "FOLDER");
  };
  const way = "check its disk, or name another folder for temporary files in the variable TMPDIR";
  const start = 'Cannot read the temporary file "FOLDER/saved_model.pb"';
  assert.equal(said(Deno.removeSync), `${start}: it is not found; ${way}`);
  if (Deno.build.os !== "linux") return;
  using open = new DisposableStack();
  const socket = (file: string) => {
    Deno.removeSync(file);
    open.use(Deno.listen({ transport: "unix", path: file }));
  };
  assert.equal(said(socket), `${start}: No such device or address; ${way}`);
});

Deno.test("elements() multiplies sides, and knows what it does not know", () => {
  assert.equal(elements([]), 1);
  assert.equal(elements([2, 3, 4]), 24);
  assert.ok(Number.isNaN(elements([2, null])));
});
