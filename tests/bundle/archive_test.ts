import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { type ArchiveContent, openArchive, SUMS, writeArchive } from "../../lib/bundle/archive.ts";
import { answer, python } from "../../lib/system/subprocess.ts";
import { noisyBytes } from "../support/formula.ts";
import { type StrangeZipEntry, zipOf } from "../support/zips.ts";

async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const large = noisyBytes(3_000_000); // read in several pieces
const contents: ArchiveContent[] = [
  { name: "b/text.json", parts: () => [bytes("è "), bytes("vero")] },
  { name: "a.bin", parts: () => [large] },
  { name: "empty", parts: () => [] },
];
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

Deno.test("what is written is read again, in the order of names, with its hashes", () =>
  inFolder(async (folder) => {
    const file = join(folder, "some.zip");
    const fingerprint = await writeArchive(file, contents);
    using archive = await openArchive(file);
    assert.deepEqual([...archive.entries.keys()], ["a.bin", "b/text.json", "empty", SUMS]);
    assert.equal(archive.text("b/text.json"), "è vero");
    assert.equal(archive.text("empty"), "");
    const sums = archive.text(SUMS);
    assert.deepEqual(sums.split("\n"), [
      `${sha256(large)}  a.bin`,
      `${sha256("è vero")}  b/text.json`,
      `${sha256("")}  empty`,
      "",
    ]);
    assert.equal(fingerprint, sha256(sums));
    let seen = 0;
    assert.equal(archive.hash("a.bin", (count) => seen += count), sha256(large));
    assert.equal(seen, large.length);
    assert.throws(() => archive.text("c"), /"c" is missing$/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["some.zip"]);
  }));

Deno.test("the same contents give the same bytes, in whatever order and time zone", () =>
  inFolder(async (folder) => {
    const [one, other] = [join(folder, "one.zip"), join(folder, "other.zip")];
    await writeArchive(one, contents);
    const zone = Deno.env.get("TZ");
    try {
      Deno.env.set("TZ", "Asia/Tokyo");
      await writeArchive(other, contents.toReversed());
    } finally {
      if (zone === undefined) Deno.env.delete("TZ");
      else Deno.env.set("TZ", zone);
    }
    assert.equal(sha256(Deno.readFileSync(one)), sha256(Deno.readFileSync(other)));
  }));

Deno.test("Python's zipfile finds no fault with it", () =>
  inFolder(async (folder) => {
    const file = join(folder, "some.zip");
    await writeArchive(file, contents);
    const program = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); " +
      "print(z.testzip(), *z.namelist())";
    const found = await answer([...python(), "-c", program, file]);
    assert.equal(found, `None a.bin b/text.json empty ${SUMS}`);
  }));

Deno.test("a failure leaves the old file, and nothing else", () =>
  inFolder(async (folder) => {
    const file = join(folder, "some.zip");
    Deno.writeTextFileSync(file, "old");
    const broken: ArchiveContent = {
      name: "z",
      *parts() {
        yield bytes("half");
        throw new UserError("Cannot read the rest");
      },
    };
    await assert.rejects(writeArchive(file, [...contents, broken]), /^UserError: Cannot read/);
    assert.equal(Deno.readTextFileSync(file), "old");
    assert.deepEqual([...Deno.readDirSync(folder)].length, 1);
    await assert.rejects(
      writeArchive(join(folder, "none", "some.zip"), contents),
      /^UserError: Cannot write ".*some.zip": No such file or directory; free some space, or name/,
    );
  }));

/** The message with which a file of these bytes is refused. */
async function refusal(folder: string, content: Uint8Array): Promise<string> {
  const file = join(folder, "strange.zip");
  Deno.writeFileSync(file, content);
  try {
    using _archive = await openArchive(file);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(error.message.startsWith(`Cannot read "${file}" as a bundle: `), error.message);
    return error.message.slice(error.message.indexOf("bundle: ") + 8);
  }
  throw new Error("it was not refused");
}

Deno.test("an archive that is cut off anywhere is refused", () =>
  inFolder(async (folder) => {
    const whole = zipOf(["a", "b", SUMS].map((name) => ({ name, bytes: bytes("content") })));
    const file = join(folder, "whole.zip");
    Deno.writeFileSync(file, whole);
    (await openArchive(file))[Symbol.dispose]();
    for (let length = 0; length < whole.length; length++) {
      const reason = await refusal(folder, whole.subarray(0, length));
      assert.equal(reason, "it is not a zip file, or it is cut off", `${length} bytes`);
    }
  }));

const strange: Record<string, [StrangeZipEntry[], RegExp]> = {
  "a way out of the folder": [[{ name: "../x", bytes: bytes("") }], /path: \.\.\/x$/],
  "a way out further down": [[{ name: "a/../../x", bytes: bytes("") }], /path: a\/\.\.\/\.\.\/x$/],
  "an absolute name": [[{ name: "/etc/passwd", bytes: bytes("") }], /path: \/etc\/passwd$/],
  "a name of Windows": [[{ name: "a\\b", bytes: bytes("") }], /character.*a\\b$/],
  "a name that a terminal obeys": [[{ name: "a\x1b[2J", bytes: bytes("") }], /"a\\u001b\[2J"$/],
  "a folder": [[{ name: "a/", bytes: bytes("") }], /called "a\/"$/],
  "no name": [[{ name: "", bytes: bytes("") }], /called ""$/],
  "one name twice": [[
    { name: "a", bytes: bytes("") },
    { name: "a", bytes: bytes("") },
  ], /several entries "a"$/],
  "a compressed entry": [[{ name: "a", bytes: bytes("x"), method: 8 }], /"a" is compressed/],
  "an encrypted entry": [[{ name: "a", bytes: bytes("x"), flags: 1 }], /mismatch/],
  "a second way to a file": [[{ name: "./a", bytes: bytes("") }], /called "\.\/a"$/],
  "a second way further down": [[{ name: "a/./b", bytes: bytes("") }], /called "a\/\.\/b"$/],
  "a name that Windows shortens": [[{ name: "a.", bytes: bytes("") }], /called "a\."$/],
  "names that differ in their case alone": [[
    { name: "a", bytes: bytes("") },
    { name: "A", bytes: bytes("") },
  ], /entries "a" and "A"$/],
  "an entry of two names": [
    [{ name: "a", bytes: bytes("x"), localName: "b" }],
    /"a" is another file to other programs/,
  ],
  "a link": [[{ name: "a", bytes: bytes("/etc/passwd"), mode: 0o120777 }], /"a" is another file/],
  "an entry that the directory lacks": [
    [{ name: "a", bytes: bytes("x"), behind: zipOf([{ name: "a", bytes: bytes("y") }]) }],
    /bytes that belong to none of its entries$/,
  ],
  "bytes between two entries": [
    [{ name: "a", bytes: bytes("x"), behind: bytes("y") }, { name: "b", bytes: bytes("") }],
    /bytes that belong to none of its entries$/,
  ],
  "a size beyond the end": [
    [{ name: "a", bytes: bytes("x"), size: 2 ** 30 }],
    /overflows file bounds/,
  ],
};

Deno.test("refused, and nothing unpacked: a comment on the archive, bytes before and behind it", () =>
  inFolder(async (folder) => {
    const one = [{ name: "a", bytes: bytes("x") }];
    const none = /bytes that belong to none of its entries$/;
    assert.match(await refusal(folder, zipOf(one, "0 % error")), none);
    const [before, behind] = [new Uint8Array(9), zipOf(one)];
    assert.match(await refusal(folder, Buffer.concat([before, behind])), /./);
    assert.match(await refusal(folder, Buffer.concat([behind, before])), /./);
  }));

for (const [what, [entries, reason]] of Object.entries(strange)) {
  Deno.test(`refused, and nothing unpacked: ${what}`, () =>
    inFolder(async (folder) => {
      assert.match(await refusal(folder, zipOf(entries)), reason);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["strange.zip"]);
    }));
}
