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

/** Tags of a TIFF, and their values that matter (TIFF 6.0). */
const [BITS, COMPRESSION, PHOTOMETRIC, SAMPLE_FORMAT] = [258, 259, 262, 339];
const [JPEG_OLD, JPEG_NEW, YCBCR, UNSIGNED] = [6, 7, 6, 1];

/**
 * Why a TIFF's numbers are not read as levels of red, green and blue; undefined where they are, and for
 * other files. Where black and white are in numbers of 32 bits or in fractions, no rule says; YCbCr would
 * be taken for red, green and blue, unless JPEG's decoder converts it.
 */
export function oddTiff(bytes: Uint8Array): string | undefined {
  const tags = tiffTags(bytes);
  const [bits = 1, format = UNSIGNED] = [tags.get(BITS), tags.get(SAMPLE_FORMAT)];
  if (format !== UNSIGNED || bits > 16) {
    const kind = format === UNSIGNED
      ? `whole numbers of ${bits} bits`
      : "signed numbers or fractions";
    return `is a TIFF of ${kind}; save it with 8 or 16 bits`;
  }
  const isJpeg = [JPEG_OLD, JPEG_NEW].includes(tags.get(COMPRESSION) ?? 1);
  return tags.get(PHOTOMETRIC) === YCBCR && !isJpeg
    ? "is a TIFF of YCbCr; save it as RGB"
    : undefined;
}

/** First values of the tags of a TIFF's first image; empty for other files, and BigTIFF. */
function tiffTags(bytes: Uint8Array): Map<number, number> {
  const tags = new Map<number, number>();
  const [first, second] = bytes;
  const isLittle = first === 0x49;
  if (first !== second || (first !== 0x49 && first !== 0x4D)) return tags;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = (at: number) => at + 2 <= bytes.length ? view.getUint16(at, isLittle) : 0;
  const long = (at: number) => at + 4 <= bytes.length ? view.getUint32(at, isLittle) : 0;
  if (short(2) !== 42) return tags;
  const start = long(4);
  for (let i = 0, count = short(start); i < count; i++) {
    const at = start + 2 + 12 * i;
    // a value of more than four bytes stands elsewhere: three shorts for red, green and blue
    const place = 2 * long(at + 4) > 4 ? long(at + 8) : at + 8;
    if (short(at + 2) === 3) tags.set(short(at), short(place));
  }
  return tags;
}
