import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { ADDON, compileAddon } from "../../../lib/tensorflow/install/compile.ts";
import {
  ensureInstalled,
  here,
  partsOf,
  variantOf,
  VERSION,
} from "../../../lib/tensorflow/install/mod.ts";
import { libraryNames } from "../../../lib/tensorflow/install/wheel.ts";

Deno.test("the addon is linked to TensorFlow's libraries by their names, and nothing else is left", async () => {
  await ensureInstalled();
  const place = here();
  const [libraries] = partsOf(variantOf(place), place);
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    await compileAddon(folder, { sources: place.package, libraries: libraries!.folder });
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [ADDON]);
    const addon = Buffer.from(Deno.readFileSync(join(folder, ADDON)));
    for (const name of libraryNames()) assert.ok(addon.includes(`${name}\0`), name);
    // loads: every symbol is found in the libraries that the loader finds by those names
    Deno.mkdirSync(join(folder, "deps"));
    Deno.symlinkSync(join(libraries!.folder, "tensorflow"), join(folder, "deps", "lib"));
    Deno.mkdirSync(join(folder, "lib", "napi-v8"), { recursive: true });
    const moved = join(folder, "lib", "napi-v8", ADDON);
    const code = `console.log(require(${JSON.stringify(moved)}).TF_Version)`;
    Deno.renameSync(join(folder, ADDON), moved);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=cjs", code],
    }).output();
    const text = new TextDecoder();
    assert.equal(text.decode(stdout).trim(), VERSION, text.decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
