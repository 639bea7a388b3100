import assert from "node:assert/strict";
import { data } from "../../lib/commands/data.ts";
import { small } from "../../experiments/setups.ts";
import type { ReportFormat } from "../../lib/report/formats.ts";
import { withChecksum } from "../../lib/system/checksums.ts";
import { smallestFolder, solidPng } from "../support/datasets.ts";

/** What `data folder --data folder` prints. */
async function printed(folder: string, format: ReportFormat, verify = false): Promise<string> {
  const { log, error } = console;
  let out = "";
  console.log = (text: string) => out += `${text}\n`;
  console.error = () => {};
  try {
    assert.equal(
      await data("folder", {
        setup: small,
        data: folder,
        skipUnreadable: false,
        verify,
        format,
      }),
      0,
    );
  } finally {
    Object.assign(console, { log, error });
  }
  return out;
}

Deno.test("classes, sizes and colours are printed, and a contact sheet is drawn", async () => {
  // Red of the training images: 200 in 4 pixels, 0 in 4 + 8, so 50 on average.
  const folder = smallestFolder({ "train/dog/2.png": solidPng(0, 0, 0, 2, 4) });
  const text = await printed(folder, "table");
  assert.match(text, /^folder: 2 classes, 3 training and 2 validation images\n/);
  assert.match(text, /│ +1 │ dog +│ +2 │ +1 │/);
  assert.match(text, /sizes +2 wide, 2 to 4 high; 20 % upright/);
  assert.match(text, /mean r g b +50\.0 /);
  const sheet = text.match(/contact sheet +(.+\.png)/)![1]!;
  assert(sheet.startsWith(folder) && Deno.statSync(sheet).size > 0, sheet);
});

Deno.test("programs get a record of each class and nothing else", async () => {
  assert.deepEqual(JSON.parse(await printed(smallestFolder(), "json")), [
    { class: "cat", label: 0, train: 1, val: 1 },
    { class: "dog", label: 1, train: 1, val: 1 },
  ]);
});

Deno.test("--verify reads all images again, and notices what size and time do not tell", async () => {
  const folder = smallestFolder();
  await printed(folder, "json");
  await printed(folder, "json", true);
  // a disk that fails gives other bytes without any change of a file's state: as from another index
  const file = `${folder}/.verydeep/index.json`;
  const { checksum: _, content: __, ...index } = JSON.parse(Deno.readTextFileSync(file));
  const other = withChecksum({ ...index, content: "0".repeat(64) });
  Deno.writeTextFileSync(file, JSON.stringify(other));
  await printed(folder, "json");
  await assert.rejects(
    printed(folder, "json", true),
    /^UserError: The files in ".*" are not those that were read before, though sizes and times are/,
  );
});
