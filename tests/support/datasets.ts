/** Image files and folders made from formulas, for the tests of data sets. */
import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

/** A folder with these files, by path, in the system's folder for temporary files. */
export function folderWith(
  files: Readonly<Record<string, Uint8Array>>,
  folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" }),
): string {
  for (const [path, bytes] of Object.entries(files)) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    Deno.writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** The least that can be trained on: two classes, one image of each in both splits. */
export function smallestFolder(more: Readonly<Record<string, Uint8Array>> = {}): string {
  return folderWith({
    "train/cat/1.png": solidPng(200, 0, 0),
    "train/dog/1.png": solidPng(0, 100, 50),
    "val/cat/1.png": solidPng(1, 2, 3),
    "val/dog/1.png": solidPng(4, 5, 6),
    ...more,
  });
}

/** A PNG file of any kind. `rows` are the bytes of each row, unfiltered. */
export function png(
  { width, bits, kind, rows }: {
    readonly width: number;
    readonly bits: number;
    /** 0 is grey, 2 is RGB, 4 is grey and alpha, 6 is RGB and alpha. */
    readonly kind: 0 | 2 | 4 | 6;
    readonly rows: readonly (readonly number[])[];
  },
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([bits, kind], 8);
  const data = deflateSync(Buffer.from(rows.flatMap((row) => [0, ...row])));
  const chunks = [["IHDR", header], ["IDAT", data], ["IEND", Buffer.alloc(0)]] as const;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
    ...chunks.flatMap(([type, bytes]) => {
      const body = Buffer.concat([Buffer.from(type), bytes]);
      const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(bytes.length);
      checksum.writeUInt32BE(crc32(body));
      return [length, body, checksum];
    }),
  ]);
}

/** A PNG of one colour. */
export function solidPng(r: number, g: number, b: number, width = 2, height = 2): Uint8Array {
  const row = Array.from({ length: width }, () => [r, g, b]).flat();
  return png({ width, bits: 8, kind: 2, rows: Array.from({ length: height }, () => row) });
}

/** The JPEG with an EXIF note that says how the camera was held (6: turn clockwise to see it). */
export function turned(jpeg: Uint8Array, orientation: number): Uint8Array {
  // "Exif", TIFF header, one entry: tag 0x0112, type SHORT, one value.
  const exif = [
    ...[0x45, 0x78, 0x69, 0x66, 0, 0, 0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1],
    ...[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
  ];
  return Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.from([0xFF, 0xE1, 0, exif.length + 2, ...exif]),
    jpeg.subarray(2),
  ]);
}

/** The JPEG with a meaningless marker inside its pixels. */
export function damaged(jpeg: Uint8Array): Uint8Array {
  const scan = jpeg.findIndex((byte, i) => byte === 0xFF && jpeg[i + 1] === 0xDA);
  const bytes = Uint8Array.from(jpeg);
  bytes.set([0xFF, 0xC1], Math.floor((scan + bytes.length) / 2));
  return bytes;
}

/** A JPEG of 8 by 8 pixels in four inks, each at half strength. */
export function cmykJpeg(): Uint8Array {
  const inks = [1, 2, 3, 4];
  const segment = (marker: number, bytes: readonly number[]) => [
    ...[0xFF, marker, 0, bytes.length + 2],
    ...bytes,
  ];
  const oneCode = [1, ...new Array(15).fill(0), 0]; // a Huffman table: "0" means 0
  return Uint8Array.from([
    ...[0xFF, 0xD8],
    ...segment(0xEE, [...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0]),
    ...segment(0xDB, [0, ...new Array(64).fill(1)]),
    ...segment(0xC0, [8, 0, 8, 0, 8, 4, ...inks.flatMap((ink) => [ink, 0x11, 0])]),
    ...segment(0xC4, [0x00, ...oneCode]),
    ...segment(0xC4, [0x10, ...oneCode]),
    ...segment(0xDA, [4, ...inks.flatMap((ink) => [ink, 0]), 0, 63, 0]),
    0x00, // four blocks of a zero mean and an end, two bits each
    ...[0xFF, 0xD9],
  ]);
}
