/** Bitmaps that Pillow 12 wrote, of 3 by 2 pixels. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeBitmap, isBitmap } from "../../../lib/datasets/folder/bitmaps.ts";

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

const COLOURS = [250, 10, 20, 30, 240, 50, 60, 70, 230, 1, 2, 3, 128, 128, 128, 255, 255, 255];
const [BLACK, WHITE] = [[0, 0, 0], [255, 255, 255]];
const BITS = [...WHITE, ...BLACK, ...WHITE, ...BLACK, ...WHITE, ...WHITE];

const FILES: Readonly<Record<string, readonly [base64: string, pixels: readonly number[]]>> = {
  "BMP of 24 bits": [
    "Qk1OAAAAAAAAADYAAAAoAAAAAwAAAAIAAAABABgAAAAAABgAAADEDgAAxA4AAAAAAAAAAAAAAwIBgICA////AAAAFAr6" +
    "MvAe5kY8AAAA",
    COLOURS,
  ],
  "BMP of 32 bits, alpha 0": [
    "Qk1OAAAAAAAAADYAAAAoAAAAAwAAAAIAAAABACAAAAAAABgAAADEDgAAxA4AAAAAAAAAAAAAAwIBAICAgAD///8AFAr6" +
    "ADLwHgDmRjwA",
    COLOURS,
  ],
  "BMP of 1 bit": [
    "Qk1GAAAAAAAAAD4AAAAoAAAAAwAAAAIAAAABAAEAAAAAAAgAAADEDgAAxA4AAAIAAAACAAAAAAAAAP///wBgAAAAoAAAAA==",
    BITS,
  ],
  "P4": ["UDQKMyAyCkCA", BITS],
  "P6": ["UDYKMyAyCjI1NQr6ChQe8DI8RuYBAgOAgID///8=", COLOURS],
  // 0, 1000, 65535, 257, 32768 and 40000 of 65535, as levels of 255
  "P5 of 16 bits": [
    "UDUKMyAyCjY1NTM1CgAAA+j//wEBgACcQA==",
    [0, 4, 255, 1, 128, 156].flatMap((level) => [level, level, level]),
  ],
};

for (const [name, [base64, pixels]] of Object.entries(FILES)) {
  Deno.test(`${name} is decoded; cut off anywhere, it is refused`, () => {
    const bytes = bytesOf(base64);
    assert(isBitmap(bytes));
    const picture = decodeBitmap(bytes);
    assert.deepEqual([picture.width, picture.height, picture.channels], [3, 2, 3]);
    assert.deepEqual([...picture.pixels], pixels);
    for (let length = 3; length < bytes.length; length++) {
      assert.throws(
        () => decodeBitmap(bytes.subarray(0, length)),
        /^Error: (is|has) /,
        `${length}`,
      );
    }
  });
}

Deno.test("portable maps of text: comments, and bits without spaces", () => {
  const text = (lines: string) => [...decodeBitmap(new TextEncoder().encode(lines)).pixels];
  assert.deepEqual(text("P1\n# made by hand\n3 2\n010\n1 0 0\n"), BITS);
  assert.deepEqual(text("P2 2 1 10 0 5"), [...BLACK, 128, 128, 128]); // 5 of 10 is 127.5
  assert.deepEqual(text("P3 1 1 255 7 8 9"), [7, 8, 9]);
});

Deno.test("sides that no memory holds, and compressed BMPs, are refused", () => {
  const encoded = (text: string) => new TextEncoder().encode(text);
  assert.throws(() => decodeBitmap(encoded("P6 99999999 99999999 255\n")), /impossible sides/);
  assert.throws(() => decodeBitmap(encoded("P6 0 5 255\n")), /impossible sides, 0 x 5/);
  const bytes = bytesOf(FILES["BMP of 24 bits"]![0]);
  bytes[30] = 1; // run lengths
  assert.throws(() => decodeBitmap(bytes), /compressed BMP, which cannot be read; save it as PNG/);
});
