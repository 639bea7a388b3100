/**
 * Decodes uncompressed bitmaps, which sharp does not read: BMP (Windows' BITMAPINFOHEADER and its
 * successors) and the portable maps of Netpbm (P1 to P6: .pbm, .pgm, .ppm).
 *
 * @module
 */
import type { Picture } from "../pixels.ts";

/** Most pixels of a bitmap: as many as sharp reads. */
const MOST_PIXELS = 0x3FFF ** 2;

/** Whether bytes begin as a BMP or a portable map. */
export function isBitmap(bytes: Uint8Array): boolean {
  const [first, second = 0] = bytes;
  return (first === 0x42 && second === 0x4D) || isPortableMap(bytes);
}

function isPortableMap([first, second = 0, third = 0]: Uint8Array): boolean {
  return first === 0x50 && second >= 0x31 && second <= 0x36 && isSpace(third);
}

/**
 * Decodes a bitmap. The alpha of 32-bit BMPs is ignored, as in TensorFlow: most programs leave it 0.
 *
 * @throws {Error} The bitmap is damaged or compressed; the message ends a sentence.
 */
export function decodeBitmap(bytes: Uint8Array): Picture {
  return isPortableMap(bytes) ? decodePortableMap(bytes) : decodeBmp(bytes);
}

/** A picture whose colours `colourAt` gives as 0xRRGGBB, row by row. */
function drawn(
  width: number,
  height: number,
  colourAt: (x: number, y: number) => number,
): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colourAt(x, y);
      pixels[o++] = colour >> 16;
      pixels[o++] = colour >> 8;
      pixels[o++] = colour;
    }
  }
  return { width, height, channels: 3, pixels };
}

function mustBeSensible(width: number, height: number) {
  if (width > 0 && height > 0 && width * height <= MOST_PIXELS) return;
  throw new Error(`has impossible sides, ${width} x ${height}`);
}

/** Values of a BMP's compression field: uncompressed, and uncompressed with masks for the colours. */
const [BI_RGB, BI_BITFIELDS] = [0, 3];

function decodeBmp(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54) throw new Error("is cut off");
  const [start, headerSize] = [view.getUint32(10, true), view.getUint32(14, true)];
  if (headerSize < 40) throw new Error("is a BMP of OS/2, which cannot be read");
  const [width, signed] = [view.getInt32(18, true), view.getInt32(22, true)];
  const height = Math.abs(signed); // a negative height begins at the top
  const [bits, compression] = [view.getUint16(28, true), view.getUint32(30, true)];
  mustBeSensible(width, height);
  if (compression !== BI_RGB && compression !== BI_BITFIELDS) {
    throw new Error("is a compressed BMP, which cannot be read; save it as PNG");
  }
  const stride = Math.ceil(width * bits / 32) * 4;
  if (start + stride * height > bytes.length) throw new Error("is cut off");
  const row = (y: number) => start + stride * (signed < 0 ? y : height - 1 - y);
  if (bits === 24 || bits === 32) {
    const size = bits / 8;
    // masks are those of blue, green, red in nearly every file
    const masks = compression === BI_BITFIELDS
      ? [0, 1, 2].map((i) => view.getUint32(54 + 4 * i, true))
      : [0xFF0000, 0xFF00, 0xFF];
    if (String(masks) !== String([0xFF0000, 0xFF00, 0xFF])) {
      throw new Error("is a BMP with unusual masks of its colours, which cannot be read");
    }
    return drawn(width, height, (x, y) => {
      const at = row(y) + x * size;
      return bytes[at + 2]! << 16 | bytes[at + 1]! << 8 | bytes[at]!;
    });
  }
  if (![1, 4, 8].includes(bits)) throw new Error(`is a BMP of ${bits} bits, which cannot be read`);
  const palette = 14 + headerSize;
  return drawn(width, height, (x, y) => {
    const byte = bytes[row(y) + Math.floor(x * bits / 8)]!;
    const index = byte >> (8 - bits - x * bits % 8) & (1 << bits) - 1;
    const at = palette + 4 * index;
    if (at + 3 > start) throw new Error("has a pixel outside its palette");
    return bytes[at + 2]! << 16 | bytes[at + 1]! << 8 | bytes[at]!;
  });
}

function isSpace(byte: number | undefined): boolean {
  return byte !== undefined && (byte === 0x20 || (byte >= 0x09 && byte <= 0x0D));
}

function decodePortableMap(bytes: Uint8Array): Picture {
  const kind = bytes[1]! - 0x30;
  let at = 2;
  /** The next whole number, behind white space and comments. */
  function number(digits = Infinity): number {
    for (;;) {
      if (isSpace(bytes[at])) at++;
      else if (bytes[at] === 0x23) { while (at < bytes.length && bytes[at] !== 0x0A) at++; }
      else break;
    }
    let value = 0, count = 0;
    for (; count < digits && bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++, count++) {
      value = value * 10 + bytes[at]! - 0x30;
    }
    if (count === 0) {
      throw new Error(at >= bytes.length ? "is cut off" : "is a damaged portable map");
    }
    return value;
  }
  const [width, height] = [number(), number()];
  const isBits = kind === 1 || kind === 4;
  const most = isBits ? 1 : number();
  mustBeSensible(width, height);
  if (most < 1 || most > 65535) throw new Error(`is a portable map of ${most} levels`);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const level = (value: number) => Math.round(255 * Math.min(value, most) / most);
  const isText = kind <= 3;
  let next: () => number;
  if (isText) {
    // each number takes at least a digit, so no memory is allocated for numbers that cannot be there
    if (width * height * channels > bytes.length - at) throw new Error("is cut off");
    next = isBits ? () => 255 * (1 - number(1)) : () => level(number());
  } else {
    const start = at + 1; // one white space
    const size = most > 255 ? 2 : 1;
    const rowBytes = isBits ? Math.ceil(width / 8) : width * channels * size;
    if (start + rowBytes * height > bytes.length) throw new Error("is cut off");
    let i = 0;
    next = isBits
      ? () => {
        const [x, y] = [i % width, Math.floor(i++ / width)];
        return bytes[start + y * rowBytes + (x >> 3)]! >> (7 - x % 8) & 1 ? 0 : 255;
      }
      : size === 2
      ? () => level(bytes[start + 2 * i]! << 8 | bytes[start + 2 * i++ + 1]!)
      : () => level(bytes[start + i++]!);
  }
  return drawn(width, height, () => {
    const first = next();
    return channels === 1 ? first * 0x010101 : first << 16 | next() << 8 | next();
  });
}
