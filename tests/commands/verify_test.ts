import assert from "node:assert/strict";
import { bundle } from "../../lib/commands/bundle.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { verify } from "../../lib/commands/verify.ts";
import { UserError } from "../../lib/errors.ts";
import { environment, machine, machineInWords } from "../../lib/system/environment.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { withStore } from "../support/made_store.ts";

const optionsOf = (...args: string[]) =>
  resolveOptions(readCommandLine(args), { command: "verify", takes: ["format", "setup"] });

/** The row of the made-up store with the lowest mean error over both seeds. */
const BEST = "first/2 (D + A, 256 384 512): 36.25 % top-1, 7.50 % top-5";

/** The commit of this source, as a log names it. */
function commitHere(): string {
  const { git } = environment();
  return git === undefined ? "unknown" : git.commit.slice(0, 12) + (git.dirty ? "+" : "");
}

/** What `verify` prints, and its exit code. */
async function verified(file: string, ...args: string[]) {
  const { log } = console;
  const lines: string[] = [];
  console.log = (text: string) => lines.push(text);
  try {
    const code = await verify([file], optionsOf(...args));
    return { code, text: lines.join("\n") };
  } finally {
    console.log = log;
  }
}

Deno.test("a bundle that agrees: how many cells of how many tables, and exit code 0", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/some.zip`;
    const { fingerprint, files } = await writeBundle(file, input);
    const { code, text } = await verified(file);
    assert.equal(code, 0);
    assert.equal(
      text,
      'first second: setup "smoke", made up (7 classes, 40 validation images), seeds 0 1; ' +
        `posteriors\n${files} files, fingerprint ${fingerprint}\n` +
        'note: table "first" is not one of this version\'s, so its rows and published errors were ' +
        'not compared\nnote: table "second" is not one of this version\'s, so its rows and ' +
        "published errors were not compared\nnote: that the posteriors, labels, losses and " +
        "environments come from the runs and the data set in the plan cannot be verified\n" +
        "128 cells of 2 tables agree.\nAs a line of REPRODUCED.md:\n" +
        "| first second | smoke, made up | 0 1 | " + BEST + " | " + machineInWords(machine()) +
        ` | ${commitHere()} | ${fingerprint} | 128 cells agree |`,
    );
    // programs get the notes, too
    const json = await verified(file, "--format", "json");
    assert.equal(json.code, 0);
    assert.deepEqual(JSON.parse(json.text).map(({ kind }: { kind: string }) => kind), [
      ...["note", "note", "note"],
    ]);
    const csv = await verified(file, "--format", "csv");
    assert.equal(
      csv.text.split("\n")[0],
      "kind,file,table,row,head,column,found,recomputed,reason",
    );
  }));

Deno.test("one that does not: each file and cell in a line, without what a terminal obeys", () =>
  withStore(async (input, folder) => {
    const file = `${folder}/some.zip`;
    await writeBundle(file, input);
    // a name inside the CSV: four bytes for four
    const content = Deno.readFileSync(file);
    const at = new TextDecoder("latin1").decode(content).indexOf("first,1,A,256");
    content.set(new TextEncoder().encode("fi\x1b[t"), at);
    Deno.writeFileSync(file, content);
    const { code, text } = await verified(file);
    assert.equal(code, 1);
    const lines = text.split("\n");
    assert.match(lines.at(-1)!, /^\| first second \|.* \| does not agree: 2 problems \|$/);
    assert.deepEqual(
      lines.slice(0, -2).filter((line) => !/^note: |: setup|fingerprint/.test(line)),
      [
        "first.csv was altered: SHA256SUMS has another hash",
        "first, row 1 (A, 256), table: the CSV has fi\ufffd[t, computed is first",
        "It does not agree: 1 file is wrong, 1 of 128 cells differs.",
      ],
    );
    const { text: json } = await verified(file, "--format", "json");
    assert.equal(JSON.parse(json)[1].recomputed, "first");
  }));

Deno.test("what is no bundle, or not named, is refused in a sentence", async () => {
  const refused = (work: Promise<unknown>, message: RegExp) =>
    assert.rejects(work, (error) => error instanceof UserError && message.test(error.message));
  const options = optionsOf();
  await refused(verify([], options), /verify needs a bundle: deno task verify FILE\.zip$/);
  await refused(verify(["/nowhere/some.zip"], options), /Cannot open "\/nowhere\/some\.zip": /);
  await refused(verify([import.meta.filename!], options), /as a bundle: it is not a zip file/);
  await refused(bundle([], options), /name of a file to write first, ending in \.zip: deno task/);
  // not a file of this name
  await refused(bundle(["table3"], options), /ending in \.zip, not "table3": deno task bundle/);
  await refused(bundle(["a.zip", "tabel3"], options), /There is no table "tabel3"/);
});
