/** Bundles that are written, changed by hand, and verified. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { paper, smoke } from "../../experiments/setups.ts";
import { openArchive, SUMS } from "../../lib/bundle/archive.ts";
import type { Problem } from "../../lib/bundle/problems.ts";
import { type Verification, verifyBundle } from "../../lib/bundle/verify.ts";
import { type BundleInput, writeBundle } from "../../lib/bundle/write.ts";
import { zipOf } from "./zips.ts";

export const verify = (file: string) =>
  verifyBundle(file, { paper, tablesUnder: () => Promise.resolve([]), setupNamed: () => smoke });

/** The entries of a bundle. */
export type Entries = Map<string, Uint8Array>;

/** Writes a bundle, has its entries changed, and checks what comes of it. */
export async function afterwards(
  input: BundleInput,
  folder: string,
  change: (entries: Entries) => void,
): Promise<Verification> {
  const file = `${folder}/changed.zip`;
  await writeBundle(file, input);
  const entries: Entries = new Map();
  {
    const all = Deno.readFileSync(file);
    using archive = await openArchive(file);
    for (const { name, at, size } of archive.entries.values()) {
      entries.set(name, all.slice(at, at + size));
    }
  }
  change(entries);
  Deno.writeFileSync(file, zipOf([...entries].map(([name, bytes]) => ({ name, bytes }))));
  return await verify(file);
}

export const text = (entries: Entries, name: string) => new TextDecoder().decode(entries.get(name));
export const bytes = (text: string) => new TextEncoder().encode(text);

/** Makes the hashes right again, as somebody would who knows how. */
export function coverUp(entries: Entries) {
  const hashes = [...entries].filter(([name]) => name !== SUMS).map(([name, content]) =>
    `${createHash("sha256").update(content).digest("hex")}  ${name}\n`
  );
  entries.set(SUMS, bytes(hashes.join("")));
}

/** The name of the first entry of such a name. */
export function named(entries: Entries, pattern: RegExp): string {
  const name = [...entries.keys()].find((name) => pattern.test(name));
  assert.ok(name !== undefined, String(pattern));
  return name;
}

export const files = (problems: readonly Problem[]) =>
  problems.flatMap((problem) => problem.kind === "file" ? [problem] : []);
export const cells = (problems: readonly Problem[]) =>
  problems.flatMap((problem) => problem.kind === "cell" ? [problem] : []);
export const rows = (problems: readonly Problem[]) =>
  problems.flatMap((problem) => problem.kind === "row" ? [problem] : []);
