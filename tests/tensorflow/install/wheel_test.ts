import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import {
  download,
  fetchLibraries,
  libraryNames,
  unpack,
  verify,
  VERSION,
  type Wheel,
  wheelFor,
} from "../../../lib/tensorflow/install/wheel.ts";
import { filesIn } from "../../../lib/tensorflow/install/cache.ts";
import { python, run } from "../../../lib/system/subprocess.ts";
import { withEnvironment } from "../../support/variables.ts";

const NAME = `tensorflow_cpu-${VERSION}-cp311-cp311-manylinux_2_27_x86_64.whl`;
const PUBLISHED = wheelFor("cpu", { os: "linux", arch: "x86_64" });

/** A wheel in a folder of its own that has the members that the installation takes, and one more. */
async function makeWheel(
  members: Record<string, string>,
): Promise<{ folder: string; file: string }> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, NAME);
  const zip = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for name, text in json.loads(sys.argv[2]).items():
        member = zipfile.ZipInfo(name)
        member.external_attr = (0o755 if "/bin/" in name else 0o644) << 16
        archive.writestr(member, text)
`;
  const { ok, stderr } = await run([...python(), "-c", zip, file, JSON.stringify(members)]);
  assert.ok(ok, stderr);
  return { folder, file };
}

const METADATA = `Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: ${VERSION}\n`;
const MEMBERS = {
  ...Object.fromEntries(libraryNames().map((name) => [`tensorflow/${name}`, `code of ${name}`])),
  "tensorflow/include/tensorflow/c/c_api.h": "// the C interface",
  "tensorflow/include/Eigen/Core.h": "// not needed",
  "tensorflow/python/framework.py": "# not needed",
  [`tensorflow_cpu-${VERSION}.dist-info/METADATA`]: METADATA,
  [`tensorflow_cpu-${VERSION}.dist-info/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n" +
    "Tag: cp311-cp311-manylinux_2_27_x86_64\n",
};

/** Lets pip see that folder and nothing else. */
const offline = (folder: string) => ({
  PIP_NO_INDEX: "1",
  PIP_FIND_LINKS: folder,
  PIP_CONFIG_FILE: "/dev/null",
});

Deno.test("every machine gets a wheel that has the C library, or hears which machines do", () => {
  const requirement = (os: string, arch: string, variant: "cpu" | "gpu" = "cpu") =>
    wheelFor(variant, { os, arch }).requirement;
  assert.equal(requirement("linux", "x86_64"), "tensorflow-cpu==2.21.0");
  assert.equal(requirement("linux", "x86_64", "gpu"), "tensorflow==2.21.0");
  assert.equal(requirement("linux", "aarch64"), "tensorflow==2.21.0");
  assert.equal(requirement("darwin", "aarch64"), "tensorflow==2.21.0");
  const refuses = (message: RegExp, ...machine: Parameters<typeof requirement>) =>
    assert.throws(() => requirement(...machine), { name: "UserError", message });
  refuses(/windows on x86_64: use Linux/, "windows", "x86_64");
  refuses(/darwin on x86_64: use Linux/, "darwin", "x86_64");
  refuses(/CUDA for darwin on aarch64: .* leave out --gpu/, "darwin", "aarch64", "gpu");
});

Deno.test("pip fetches the wheel whatever the local Python's version, and only its parts stay", async () => {
  const { folder: shelf, file } = await makeWheel(MEMBERS);
  const wheel: Wheel = {
    ...PUBLISHED,
    bytes: Deno.statSync(file).size,
    sha256: createHash("sha256").update(Deno.readFileSync(file)).digest("hex"),
  };
  const folder = await Deno.makeTempDir();
  const shares: number[] = [];
  await withEnvironment(
    offline(shelf),
    () => fetchLibraries(wheel, folder, { onProgress: (share) => shares.push(share) }),
  );
  assert.deepEqual((await Array.fromAsync(filesIn(folder))).sort(), [
    "tensorflow/include/tensorflow/c/c_api.h",
    ...libraryNames().map((name) => `tensorflow/${name}`),
    `tensorflow_cpu-${VERSION}.dist-info/METADATA`,
  ]);
  const [library = ""] = libraryNames();
  assert.equal(
    Deno.readTextFileSync(join(folder, "tensorflow", library)),
    `code of ${library}`,
  );
  assert.equal(shares.at(-1), 1);
  assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
});

Deno.test("a wheel with another checksum is refused, with both", async () => {
  const { folder: shelf } = await makeWheel(MEMBERS);
  const folder = await Deno.makeTempDir();
  await withEnvironment(offline(shelf), () =>
    assert.rejects(fetchLibraries(PUBLISHED, folder), {
      name: "UserError",
      message: new RegExp(`${NAME}.*SHA-256 is [0-9a-f]{64}, not ${PUBLISHED.sha256}`),
    }));
  assert.deepEqual(await Array.fromAsync(filesIn(folder)), [NAME]);
});

Deno.test("the checksum is SHA-256 of the file", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "abc");
  // FIPS 180-2, appendix B.1.
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  await verify(file, { ...PUBLISHED, sha256 });
  await Deno.writeTextFile(file, "abd");
  await assert.rejects(verify(file, { ...PUBLISHED, sha256 }), UserError);
});

Deno.test("what pip does not find or reach is said in pip's words", async () => {
  const platforms = [PUBLISHED.platform];
  const folder = await Deno.makeTempDir();
  const options = { folder, platforms, bytes: 1 };
  await withEnvironment(
    offline(await Deno.makeTempDir()),
    () =>
      assert.rejects(download(["tensorflow-cpu==2.21.0"], options), {
        name: "UserError",
        message:
          /^Cannot download tensorflow-cpu==2.21.0: No matching distribution .*; check the net/,
      }),
  );
  // Port 9 of this machine, where nothing listens.
  const unreachable = {
    ...{ PIP_NO_INDEX: "", PIP_FIND_LINKS: "", PIP_EXTRA_INDEX_URL: "", PIP_PROXY: "" },
    ...{ PIP_CONFIG_FILE: "/dev/null", PIP_INDEX_URL: "http://127.0.0.1:9/", PIP_RETRIES: "1" },
  };
  await withEnvironment(
    unreachable,
    () =>
      assert.rejects(download(["tensorflow-cpu==2.21.0"], options), {
        name: "UserError",
        message: /Connection refused.*; check the network/,
      }),
  );
  assert.deepEqual(await Array.fromAsync(filesIn(folder)), []);
});

Deno.test("without Python or pip, the way to get them", async () => {
  const options = { folder: await Deno.makeTempDir(), platforms: [], bytes: 1 };
  await withEnvironment(
    { PYTHON: "/nowhere/python3" },
    () =>
      assert.rejects(download(["x"], options), {
        name: "UserError",
        message: /^Cannot download x: there is no "\/nowhere\/python3"; .*apt install python3-pip/,
      }),
  );
  await withEnvironment(
    { PYTHON: `${python().join(" ")} -I -S` },
    () =>
      assert.rejects(download(["x"], options), {
        name: "UserError",
        message: /has no pip; .*ensurepip/,
      }),
  );
});

Deno.test("what may be executed in a wheel may be executed after it is unpacked", async () => {
  const { file } = await makeWheel({
    "nvidia/cuda_nvcc/bin/ptxas": "a compiler",
    "nvidia/cublas/lib/libcublas.so.12": "a library",
    "nvidia/cublas/include/cublas.h": "not needed",
  });
  const folder = await Deno.makeTempDir();
  await unpack(file, folder, ["nvidia/*/lib/*", "nvidia/*/bin/*"]);
  const executable = async (
    path: string,
  ) => [basename(path), ((await Deno.stat(join(folder, path))).mode! & 0o100) !== 0];
  assert.deepEqual(
    await Promise.all((await Array.fromAsync(filesIn(folder))).sort().map(executable)),
    [["libcublas.so.12", false], ["ptxas", true]],
  );
});
