import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { outcome, start } from "../support/commands.ts";
import { inFolder } from "../support/in_store.ts";
import { commandLine } from "../support/tasks.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Types `deno task init` in a folder, under the permissions of the task. */
async function init(folder: string, ...words: string[]) {
  return await outcome(
    new Deno.Command(Deno.execPath(), {
      args: commandLine("init", ...words),
      ...{ cwd: ROOT, env: { INIT_CWD: folder, NO_COLOR: "1" }, stdout: "piped", stderr: "piped" },
    }).spawn(),
  );
}

/** Types a command about the starter in a folder. @returns what it printed */
async function typed(folder: string, ...args: string[]): Promise<string> {
  const env = { INIT_CWD: folder, NO_COLOR: "1" };
  const { code, out, err } = await outcome(start(folder, args, { stdout: "piped", env }));
  assert.equal(code, 0, err);
  return out;
}

Deno.test("a starter is carried out as it is, and its claim is judged", async () => {
  await inFolder(async (folder) => {
    const { code, out, err } = await init(folder, "depth-wise");
    assert.deepEqual([code, err], [
      0,
      "written: depth-wise/{table.ts,setup.ts,README.md,deno.json}\n",
    ]);
    // what it says is what is typed
    assert.match(out, /^ {2}deno task table \.\/depth-wise\/table\.ts --setup smoke$/m);
    const readme = Deno.readTextFileSync(join(folder, "depth-wise/README.md"));
    assert.match(readme, /^# depth-wise\n/);
    assert.ok(!readme.includes("my-study"));
    // A, A again and the new net; A again at 256, the new net at 224, 256 and 288
    const word = "./depth-wise/table.ts";
    const runs = JSON.parse(await typed(folder, "plan", word, "--format", "json"));
    assert.deepEqual(runs.map(({ run }: { run: string }) => run), [
      ...["train A 256", "train A 256", "test A 256 at Q = 256, dense", "train A-1x1 256"],
      ...[256, 224, 288].map((Q) => `test A-1x1 256 at Q = ${Q}, dense`),
    ]);
    const rows = JSON.parse(await typed(folder, "table", word, "--format", "json"));
    assert.equal(rows.length, 3);
    for (const { table, top1_error, images } of rows) {
      assert.equal(table, "depth-wise");
      assert.ok(top1_error >= 0 && top1_error <= 100 && images === 200);
    }
    const claims = JSON.parse(await typed(folder, "claims", word, "--format", "json"));
    assert.equal(claims[0].claim, "one-by-one");
    // difference of the first two rows, in points
    const { top1_error: one } = rows[1], { top1_error: control } = rows[0];
    assert.ok(Math.abs(claims[0].difference - (one - control)) < 0.011);
  });
});

Deno.test("a starter's setup is one, and editors find the project from it", async () => {
  await inFolder(async (folder) => {
    await init(folder);
    const { code, out, err } = await outcome(
      new Deno.Command(Deno.execPath(), {
        args: commandLine("setups", "./my-study/setup.ts", "--format", "json"),
        ...{ cwd: ROOT, env: { INIT_CWD: folder }, stdout: "piped", stderr: "piped" },
      }).spawn(),
    );
    assert.equal(code, 0, err);
    const name = JSON.parse(out).find(({ field }: { field: string }) => field === "dropout");
    assert.equal(name["./my-study/setup.ts"], "0.1");
    const check = await new Deno.Command(Deno.execPath(), {
      args: ["check", "table.ts", "setup.ts"],
      ...{ cwd: join(folder, "my-study"), stdout: "null", stderr: "piped" },
    }).output();
    assert.equal(check.code, 0, new TextDecoder().decode(check.stderr));
  });
});

/** Folders that are refused, and what is said of them. */
const REFUSED: readonly (readonly [word: string, message: RegExp])[] = [
  ["full", /^error: Cannot write a starter to "full": the folder is not empty; name a new folder/],
  ["full/file", /Cannot write a starter to "full\/file": it is a file; name a new folder/],
  ["table3", /Cannot call a table "table3", after the folder "table3": the project uses that name/],
  ["small", /Cannot call a table "small", .*: the project uses that name; name another folder/],
  ["a b", /Cannot call a table "a b", .*: it must be a word of letters, digits, - and _/],
];

for (const [word, message] of REFUSED) {
  Deno.test(`init ${word} is refused, and writes nothing`, async () => {
    await inFolder(async (folder) => {
      Deno.mkdirSync(join(folder, "full"));
      Deno.writeTextFileSync(join(folder, "full/file"), "");
      const { code, out, err } = await init(folder, word);
      assert.match(err, message);
      assert.deepEqual([code > 0, out], [true, ""]);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["full"]);
    });
  });
}
