/**
 * PNG for small pictures. sharp takes half a millisecond a call under Deno whatever the size, ten
 * times what a picture of 28 by 28 pixels needs.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import type { Picture } from "../pixels.ts";

const SIGNATURE = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

/** A picture as a PNG file of 8 bits, unfiltered (PNG specification, third edition). */
export function encodeSmallPng({ width, height, channels, pixels }: Picture): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits a channel
  header[9] = channels === 1 ? 0 : 2; // grey, or red, green, blue

  const bytes = width * channels;
  const rows = new Uint8Array(height * (1 + bytes)); // each behind the number of its filter, 0
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * bytes, (y + 1) * bytes), y * (1 + bytes) + 1);
  }
  return join([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 3 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Length, type, data, and a checksum of the latter two. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
