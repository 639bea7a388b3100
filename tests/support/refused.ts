/** Files of weights that are refused, in one line each, and where they come from. */
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { openWeights } from "../../lib/weights/mod.ts";
import { folderWith } from "./datasets.ts";

/** The bytes of a file of `files/`, which `files/make.py` made. */
export function given(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(pathOf(name));
}

/** The path of such a file. */
export function pathOf(name: string): string {
  return new URL(`../weights/files/${name}`, import.meta.url).pathname;
}

/** Does something with a file of these bytes. */
export async function inFile<Result>(
  bytes: Uint8Array,
  work: (file: string) => Promise<Result>,
): Promise<Result> {
  const folder = folderWith({ "weights": bytes });
  try {
    return await work(`${folder}/weights`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Opens bytes as a file of weights and reads all of it, which must fail with one line. */
export async function refused(bytes: Uint8Array, message: RegExp) {
  await inFile(bytes, async (file) => {
    await assert.rejects(async () => {
      using weights = await openWeights(file);
      for (const name of weights.shapes.keys()) weights.read(name);
    }, (error) => {
      assert.ok(error instanceof UserError, String((error as Error).stack));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      assert.match(error.message, /^Cannot read ".*weights": .*; name /);
      return true;
    });
  });
}
