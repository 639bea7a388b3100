import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { bytesInMemory } from "../../../lib/datasets/ilsvrc2012/bytes.ts";
import { membersOf } from "../../../lib/datasets/ilsvrc2012/tar.ts";
import { UserError } from "../../../lib/errors.ts";
import { noisyBytes } from "../../support/formula.ts";
import { tarOf } from "../../support/ilsvrc2012/made.ts";

const list = (tar: Uint8Array) => [...membersOf(bytesInMemory("made.tar", tar))];

/** What a tar is refused with. */
function refusal(tar: Uint8Array): string {
  try {
    list(tar);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  }
  assert.fail("it was read");
}

const [one, two] = [noisyBytes(700), noisyBytes(512)];

Deno.test("files are found with their offsets; folders are left out", () => {
  const tar = tarOf([
    { name: "a/", kind: "5" },
    { name: "./a/one.JPEG", bytes: one },
    { name: "two.JPEG", bytes: two, kind: "\0" },
    { name: "empty" },
  ]);
  const entries = list(tar);
  assert.deepEqual(entries, [
    { name: "a/one.JPEG", at: 1024, size: 700 },
    { name: "two.JPEG", at: 1024 + 1024 + 512, size: 512 },
    { name: "empty", at: 1024 + 1024 + 512 + 512 + 512, size: 0 },
  ]);
  assert.deepEqual(Uint8Array.from(tar.subarray(1024, 1724)), one);
});

Deno.test("what GNU tar, and Python's as GNU and pax, writes is read", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const long = `${"deep/".repeat(30)}${"é".repeat(60)}.JPEG`;
  const script = `import io, tarfile
for form in ("GNU", "PAX"):
    with tarfile.open(f"{form}.tar", "w", format=getattr(tarfile, f"{form}_FORMAT")) as tar:
        for name, size in (("short", 3), ("${long}", 700), ("last", 0)):
            info = tarfile.TarInfo(name); info.size = size; info.mtime = 1.5 if form == "PAX" else 1
            tar.addfile(info, io.BytesIO(bytes(size)))
`;
  const { success } = await new Deno.Command("python3", { args: ["-c", script], cwd: folder })
    .output();
  assert.ok(success);
  for (const form of ["GNU", "PAX"]) {
    const entries = list(Deno.readFileSync(`${folder}/${form}.tar`));
    assert.deepEqual(entries.map(({ name, size }) => [name, size]), [
      ...[["short", 3], [long, 700], ["last", 0]],
    ]);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("paths that lead out, links and devices are refused, each with its name", () => {
  assert.match(refusal(tarOf([{ name: "../x.JPEG" }])), /byte 0: "\.\.\/x\.JPEG" leads out/);
  assert.match(refusal(tarOf([{ name: "a/../../x" }])), /leads out/);
  assert.match(refusal(tarOf([{ name: "/etc/x" }])), /"\/etc\/x" leads out/);
  const after = { name: "one", bytes: one };
  assert.match(refusal(tarOf([after, { name: "x", kind: "2" }])), /byte 1536: "x" is a symbolic/);
  assert.match(refusal(tarOf([{ name: "x", kind: "1" }])), /is a link/);
  assert.match(refusal(tarOf([{ name: "x", kind: "3" }])), /is a device/);
  assert.match(refusal(tarOf([{ name: "x", kind: "Z" }])), /of type "Z"/);
});

Deno.test("a tar that is cut off anywhere is refused at the byte where it lacks something", () => {
  const tar = tarOf([{ name: "one", bytes: one }, { name: "two", bytes: two }]);
  for (let end = 0; end <= 1536 + 1024; end += 100) {
    assert.match(refusal(tar.subarray(0, end)), /byte (0|1536|\d+): .*cut off/, `cut at ${end}`);
  }
  assert.match(refusal(tar.subarray(0, 1800)), /byte 1536: it ends inside a header/);
  assert.match(refusal(tar.subarray(0, 2300)), /byte 1536: "two" has 512 bytes.*after 252/);
  assert.match(refusal(tar.subarray(0, 2560)), /byte 2560: .*end mark.*cut off/);
});

Deno.test("false sizes are refused, and take no memory", () => {
  const huge = tarOf([{ name: "one", bytes: one, size: 8 ** 11 - 1 }]);
  assert.match(refusal(huge), /"one" has 8589934591 bytes/);
  const pax = (text: string) => tarOf([{ name: "x", kind: "x", bytes: Buffer.from(text) }]);
  assert.match(refusal(pax("20 size=1e999999999\n")), /size is "1e999999999"/);
  assert.match(refusal(tarOf([{ name: "x", kind: "L", size: 2 ** 30 }])), /cut off/);
  const long = tarOf([{ name: "x", kind: "L", bytes: new Uint8Array(2 ** 17) }]);
  assert.match(refusal(long), /a name has 131072 bytes/);
});

Deno.test("a file that is not a tar archive, or has a damaged header, is refused", () => {
  assert.match(refusal(noisyBytes(5000)), /byte 0: /);
  const tar = tarOf([{ name: "one", bytes: one }, { name: "two", bytes: two }]);
  for (let byte = 1536; byte < 2048; byte += 7) {
    const damaged = Uint8Array.from(tar);
    damaged[byte]! ^= 0x55;
    assert.match(refusal(damaged), /byte 1536: /, `byte ${byte}`);
  }
});

Deno.test("a hole, or another archive, behind an end mark is refused", () => {
  const [first, second] = [
    tarOf([{ name: "one", bytes: one }]),
    tarOf([{ name: "two", bytes: two }]),
  ];
  // header and 700 bytes end at 1536, and the end mark at 2560
  assert.match(
    refusal(Buffer.concat([first, second])),
    /byte 1536: it ends here, but has more at byte 2560: a piece of it is missing/,
  );
  const hole = Uint8Array.from(Buffer.concat([first.subarray(0, 1536), second]));
  hole.fill(0, 0, 1024);
  assert.match(refusal(hole), /byte 0: it ends here, but has more at byte 1024/);
  assert.match(
    refusal(Buffer.concat([first, Buffer.alloc(2 ** 21)])),
    /byte 1536: it has only zeros from here on: it is cut off/,
  );
  // tar fills up a record of 10,240 bytes, or of 512 kB with -b 1024
  assert.equal(list(Buffer.concat([first, Buffer.alloc(2 ** 19)])).length, 1);
});

Deno.test("an archive that is packed is refused with the way out", () => {
  const tar = tarOf([{ name: "one", bytes: one }]);
  assert.match(refusal(gzipSync(tar)), /it is packed by gzip; unpack it/);
  assert.match(refusal(Uint8Array.of(0x42, 0x5A, 0x68, 0x39, 0)), /packed by bzip2/);
});

/** A pax record: its own length, a space, name=value, a line break. */
function record(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`;
  const length = (digits: number) => digits + Buffer.byteLength(rest);
  const digits = [1, 2, 3].find((digits) => String(length(digits)).length === digits)!;
  return `${length(digits)}${rest}`;
}

/** A member of a tar that says something of the next one. */
const about = (kind: string, ...records: readonly string[]) => ({
  ...{ name: "about", kind },
  bytes: Buffer.from(records.join("")),
});

Deno.test("a pax record ends where its length says, whatever its value has", () => {
  const [wrong, right] = [record("path", "val_2.JPEG"), record("path", "val_1.JPEG")];
  const member = { name: "header's own", bytes: one };
  const names = (...records: readonly string[]) =>
    list(tarOf([about("x", ...records), member])).map(({ name, size }) => [name, size]);
  // in each of them another reader would see the wrong name, or none
  assert.deepEqual(names(right, record("comment", `packed by me\n${wrong}`)), [[
    "val_1.JPEG",
    700,
  ]]);
  assert.deepEqual(names(record("comment", `\n${wrong}`)), [["header's own", 700]]);
  assert.deepEqual(names(record("comment", `\n${record("size", "9")}`), right), [[
    "val_1.JPEG",
    700,
  ]]);
  assert.deepEqual(names(record("SCHILY.xattr.user.a", "x\0y"), right), [["val_1.JPEG", 700]]);
  assert.deepEqual(names(right, record("path", "")), [["header's own", 700]]);
  // a size is the next file's, not that of GNU's long name before it
  assert.deepEqual(
    list(tarOf([
      ...[about("x", record("size", "700")), about("L", "long.JPEG\0")],
      { name: "short", bytes: one, size: 3 },
    ])).map(({ name, size }) => [name, size]),
    [["long.JPEG", 700]],
  );
  for (const damaged of ["99 path=x\n", "7 path=x\n", "path=x\n", "9 pathxyz\n", "0 path=x\n"]) {
    assert.match(refusal(tarOf([about("x", damaged), member])), /byte 0: a pax record is damaged/);
  }
});

Deno.test("a name for all files together is refused; a comment on all is none", () => {
  const member = { name: "one", bytes: one };
  const comment = list(tarOf([about("g", record("comment", "0a1b2c")), member]));
  assert.deepEqual(comment.map(({ name }) => name), ["one"]);
  assert.match(
    refusal(tarOf([about("g", record("path", "other")), member])),
    /byte 0: it has a name or a size for all files together/,
  );
});

Deno.test("a file whose holes were left out is refused, in each of GNU tar's forms", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const file = Deno.openSync(`${folder}/one.JPEG`, { create: true, write: true });
  file.writeSync(one);
  file.truncateSync(2 ** 20);
  file.close();
  const forms = [
    "--format=gnu",
    ...["0.0", "0.1", "1.0"].map((form) => `--sparse-version=${form}`),
  ];
  for (const form of forms) {
    const args = ["--sparse", form, ...form.startsWith("--sparse") ? ["--format=pax"] : []];
    const { success } = new Deno.Command("tar", {
      args: [...args, "-cf", `${folder}/made.tar`, "-C", folder, "one.JPEG"],
    }).outputSync();
    assert.ok(success);
    assert.match(
      refusal(Deno.readFileSync(`${folder}/made.tar`)),
      /one\.JPEG" is a sparse file, not a file/,
      form,
    );
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("names that are not UTF-8 stay different", () => {
  const tar = tarOf([{ name: "caf?.JPEG", bytes: one }, { name: "caf!.JPEG", bytes: two }]);
  const rename = (at: number, byte: number) => {
    tar[at + 3] = byte;
    const header = tar.subarray(at, at + 512);
    const sum = header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
    Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `).copy(header, 148);
  };
  rename(0, 0xE9);
  rename(1536, 0xE8);
  assert.deepEqual(list(tar).map(({ name }) => name), ["café.JPEG", "cafè.JPEG"]);
});
