import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { MEMORY, type Target, tryRound } from "./hunt.ts";
import { damaged } from "./mutate.ts";
import { targets } from "./targets.ts";

/** Files that each reader gets here; `deno task fuzz` goes on for minutes. */
const ROUNDS = 150;

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-fuzz-" });
  try {
    return await work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

for (const target of targets) {
  Deno.test(`damaged files are read or refused with a message: ${target.name}`, async () => {
    await inFolder(async (folder) => {
      const files = await target.files(folder);
      for (const { path, bytes } of files) Deno.writeFileSync(`${folder}/${path}`, bytes);
      for (const { path } of files) await target.read(`${folder}/${path}`, folder);
      for (let round = 0; round < ROUNDS; round++) {
        assert.deepEqual(await tryRound(target, { files, folder, round }), undefined);
      }
    });
  });
}

Deno.test("damage is the same for the same key, and differs between keys", () => {
  const file = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const [one, same] = [damaged(file, 1, 2), damaged(file, 1, 2)];
  assert.deepEqual(one, same);
  const all = new Set(Array.from({ length: 100 }, (_, round) => damaged(file, 1, round).join()));
  assert.ok(all.size > 90, `${all.size} of 100 are different`);
});

Deno.test("readers that crash or take too much memory are reported; readers that refuse are not", async () => {
  const reading = (read: () => unknown): Target => {
    return { name: "made up", files: () => [{ path: "a", bytes: new Uint8Array(10) }], read };
  };
  const found = (read: () => unknown) =>
    inFolder(async (folder) => {
      const target = reading(read);
      const files = await target.files(folder);
      return (await tryRound(target, { files, folder, round: 0 }))?.what;
    });
  const refused = () => {
    throw new UserError("Cannot read it");
  };
  assert.equal(await found(refused), undefined);
  assert.match((await found(() => JSON.parse("{"))) ?? "", /^SyntaxError/);
  const kept: Uint8Array[] = [];
  const grab = () => kept.push(new Uint8Array(2 * MEMORY).fill(1));
  assert.match((await found(grab)) ?? "", /it takes \d+ bytes/);
});
