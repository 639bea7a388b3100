import assert from "node:assert/strict";
import { join } from "node:path";
import { intact, makeStampedFolder } from "../../../lib/tensorflow/install/cache.ts";
import { CUDA_LIBRARIES } from "../../../lib/tensorflow/cuda_libraries.ts";
import {
  install,
  type InstallLocation,
  isInstalled,
  partsOf,
} from "../../../lib/tensorflow/install/mod.ts";
import { libraryNames, type Variant } from "../../../lib/tensorflow/install/wheel.ts";
import { withEnvironment } from "../../support/variables.ts";

/** A package and a cache of a test's own, with libraries that are text. */
async function makePlace(): Promise<InstallLocation> {
  const place = {
    cache: join(await Deno.makeTempDir(), "cache"),
    package: await Deno.makeTempDir(),
  };
  await Deno.writeTextFile(join(place.package, "package.json"), '{ "version": "4.22.0" }');
  await makeLibraries(place, "cpu");
  return place;
}

async function makeLibraries(place: InstallLocation, variant: Variant) {
  const [libraries, , cuda] = partsOf(variant, place);
  await Deno.mkdir(place.cache, { recursive: true });
  await makeStampedFolder(libraries!.folder, libraries!.content, async (folder) => {
    await Deno.mkdir(join(folder, "tensorflow"));
    for (const name of libraryNames()) {
      await Deno.writeTextFile(join(folder, "tensorflow", name), `${variant} ${name}`);
    }
  });
  if (!cuda) return;
  await makeStampedFolder(cuda.folder, cuda.content, async (folder) => {
    for (const path of CUDA_LIBRARIES.map((path) => join(folder, "nvidia", path))) {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, "cuda");
    }
  });
}

/** A compiler that writes its arguments where it should write the addon. */
async function makeCompiler(): Promise<string> {
  const path = join(await Deno.makeTempDir(), "compiler");
  const script = `#!/bin/sh
[ "$1" = --version ] && echo test compiler 1.0 && exit
all="$*"
while [ "$1" != -o ]; do shift; done
echo "$all" > "$2"
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

const noTools = { PYTHON: "/nowhere/python3", CXX: "/nowhere/g++" };
const addon = ({ package: folder }: InstallLocation) =>
  join(folder, "lib", "napi-v8", "tfjs_binding.node");
const library = ({ package: folder }: InstallLocation) =>
  join(folder, "deps", "lib", libraryNames()[0]!);

/** A place where everything was installed. */
async function makeInstalled(): Promise<InstallLocation> {
  const place = await makePlace();
  await withEnvironment({ ...noTools, CXX: await makeCompiler() }, () => install({}, place));
  assert.equal(await isInstalled(place), true);
  return place;
}

Deno.test("the addon is compiled from the package and looks for its libraries beside itself", async () => {
  const place = await makePlace();
  assert.equal(await isInstalled(place), false);
  const steps: [string, number][] = [];
  const onStep = (step: string, share: number) => void steps.push([step, share]);
  const CXX = await makeCompiler();
  await withEnvironment({ ...noTools, CXX }, () => install({ onStep }, place));
  assert.equal(await isInstalled(place), true);
  assert.deepEqual([steps[0], steps.at(-1)], [["compile the addon", 0], ["ready", 1]]);

  const words = Deno.readTextFileSync(addon(place)).trim().split(" ");
  assert.ok(words.includes(join(place.package, "binding", "tfjs_backend.cc")));
  assert.ok(words.includes(join(place.package, "binding", "tfjs_binding.cc")));
  const origin = Deno.build.os === "darwin" ? "@loader_path" : "$ORIGIN";
  assert.ok(words.includes(`-Wl,-rpath,${origin}/../../deps/lib`));
  assert.equal(Deno.readTextFileSync(library(place)), `cpu ${libraryNames()[0]}`);
});

Deno.test("another clone takes what the cache has: nothing is fetched or compiled", async () => {
  const { cache } = await makeInstalled();
  const clone = { cache, package: (await makePlace()).package };
  await withEnvironment(noTools, () => install({}, clone));
  assert.equal(await isInstalled(clone), true);
});

for (
  const [damage, harm] of Object.entries({
    "the addon is gone": (place: InstallLocation) => Deno.remove(addon(place)),
    "the addon is cut": (place: InstallLocation) => Deno.truncate(addon(place), 3),
    "deps is gone": (place: InstallLocation) =>
      Deno.remove(join(place.package, "deps"), { recursive: true }),
    "the stamp is gone": (place: InstallLocation) =>
      Deno.remove(join(place.package, "deps", "stamp.json")),
    "a link leads nowhere": async (place: InstallLocation) => {
      await Deno.remove(library(place));
      await Deno.symlink("/nowhere", library(place));
    },
  })
) {
  Deno.test(`${damage}: noticed, and repaired from the cache`, async () => {
    const place = await makeInstalled();
    await harm(place);
    assert.equal(await isInstalled(place), false);
    await withEnvironment(noTools, () => install({}, place));
    assert.equal(await isInstalled(place), true);
  });
}

Deno.test("a damaged library is noticed and fetched again; the addon is not compiled again", async () => {
  const place = await makeInstalled();
  await Deno.truncate(await Deno.realPath(library(place)), 2);
  assert.equal(await isInstalled(place), false);
  await withEnvironment(noTools, () =>
    assert.rejects(install({}, place), {
      name: "UserError",
      message: /^Cannot download tensorflow.*: there is no "\/nowhere\/python3"/,
    }));
  assert.equal(await isInstalled(place), false);
  await makeLibraries(place, "cpu");
  await withEnvironment(noTools, () => install({}, place));
  assert.equal(await isInstalled(place), true);
});

Deno.test("without a compiler nothing is begun", async () => {
  const place = await makePlace();
  const message = /^Cannot compile TensorFlow's addon: there is no .*apt install g\+\+/;
  await withEnvironment(
    noTools,
    () => assert.rejects(install({}, place), { name: "UserError", message }),
  );
  assert.equal(await isInstalled(place), false);
});

Deno.test("a compiler that fails is quoted, and leaves nothing", async () => {
  const place = await makePlace();
  const CXX = join(await Deno.makeTempDir(), "old-compiler");
  const script = `#!/bin/sh
[ "$1" = --version ] && echo 1.0 && exit
echo "x.h:1:10: error: no std::optional" >&2
exit 1
`;
  await Deno.writeTextFile(CXX, script, { mode: 0o755 });
  await withEnvironment({ ...noTools, CXX }, () =>
    assert.rejects(install({}, place), {
      name: "UserError",
      message: /^Cannot compile TensorFlow's addon: x\.h:1:10: error: no std::optional; /,
    }));
  const [, part] = partsOf("cpu", place);
  assert.equal(intact(part!.folder, part!.content), false);
  assert.deepEqual(
    Array.from(Deno.readDirSync(place.cache), ({ name }) => name).filter((name) =>
      name.endsWith(".new")
    ),
    [],
  );
});

Deno.test("several installations at once end in one whole installation", async () => {
  const place = await makePlace();
  const clone = { cache: place.cache, package: (await makePlace()).package };
  await withEnvironment(
    { ...noTools, CXX: await makeCompiler() },
    () => Promise.all([install({}, place), install({}, clone), install({}, place)]),
  );
  assert.deepEqual(await Promise.all([place, clone].map(isInstalled)), [true, true]);
});

Deno.test({
  name: "the CUDA build takes the same addon and other libraries, and is kept until told otherwise",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64",
  async fn() {
    const place = await makeInstalled();
    await makeLibraries(place, "gpu");
    const nvidia = join(place.package, "deps", "nvidia");
    await withEnvironment(noTools, async () => {
      await install({ gpu: true }, place);
      assert.equal(await isInstalled(place), true);
      assert.equal(Deno.readTextFileSync(library(place)), `gpu ${libraryNames()[0]}`);
      assert.equal(Deno.readTextFileSync(join(nvidia, "cublas", "lib", "libcublas.so.12")), "cuda");

      await Deno.remove(addon(place));
      await install({}, place);
      assert.equal(Deno.readTextFileSync(library(place)), `gpu ${libraryNames()[0]}`);
      assert.equal(await isInstalled(place), true);

      await install({ gpu: false }, place);
      assert.equal(Deno.readTextFileSync(library(place)), `cpu ${libraryNames()[0]}`);
      assert.throws(() => Deno.lstatSync(nvidia), Deno.errors.NotFound);
      assert.equal(await isInstalled(place), true);
    });
  },
});

Deno.test("a cache that cannot be written is named, with the way out", async () => {
  const place = await makePlace();
  const file = await Deno.makeTempFile();
  const message = /^Cannot write to ".*cache" .*; set VERYDEEP_CACHE to a folder/;
  await assert.rejects(install({}, { ...place, cache: join(file, "cache") }), {
    name: "UserError",
    message,
  });
});
