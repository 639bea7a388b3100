/** Formats of image files by their first bytes, and the marks at their ends. */

/** End marks: JPEG's EOI, and PNG's IEND chunk. */
const ENDS = { jpeg: [0xFF, 0xD9], png: [0x49, 0x45, 0x4E, 0x44] } as const;

/** How the fault of a file begins that could not be opened at all: it may go away by itself. */
export const CANNOT_OPEN = "cannot be opened";

/** Whether a JPEG or PNG has its end mark in its last bytes; other formats are not checked. */
export function hasEndMark(head: Uint8Array, tail: Uint8Array): boolean {
  const end = isJpeg(head) ? ENDS.jpeg : head[0] === 0x89 && head[1] === 0x50 ? ENDS.png : [];
  return tail.some((_, i) => end.every((byte, k) => tail[i + k] === byte));
}

function isJpeg([first, second]: Uint8Array): boolean {
  return first === 0xFF && second === 0xD8;
}

/**
 * Whether bytes are a JPEG that stores its pixels in one pass, row by row. A progressive one may lack its
 * last passes without a trace.
 */
export function isBaselineJpeg(bytes: Uint8Array): boolean {
  if (!isJpeg(bytes)) return false;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xFF;) {
    const marker = bytes[at + 1]!;
    if (marker === 0xC0 || marker === 0xC1) return true;
    if (
      marker === 0xDA || (marker >= 0xC2 && marker <= 0xCF && ![0xC4, 0xC8, 0xCC].includes(marker))
    ) {
      return false;
    }
    at += marker === 0xFF ? 1 : 2 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
  }
  return false;
}

/** A JPEG with an end mark behind its last byte. */
export function withEndMark(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + ENDS.jpeg.length);
  whole.set(bytes);
  whole.set(ENDS.jpeg, bytes.length);
  return whole;
}

/** Brands of the HEIF container whose images are coded as HEVC (ISO/IEC 23008-12, Annex B). */
const HEVC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"];

/** The name of a format that cannot be read here; undefined for all others. */
export function unreadableFormat(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (text.slice(4, 8) === "ftyp" && HEVC.includes(text.slice(8, 12))) return "a HEIC image";
  if (text.startsWith("\0\0\0\x0CjP  ") || text.startsWith("\xFF\x4F\xFF\x51")) {
    return "a JPEG 2000 image";
  }
  if (text.startsWith("\0\0\0\x0CJXL ") || text.startsWith("\xFF\x0A")) return "a JPEG XL image";
  if (text.startsWith("8BPS")) return "a Photoshop document";
  return undefined;
}
