/**
 * Pictures and pixels: the one import of sharp (libvips), which reads, writes and draws images.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import sharp from "sharp";
import { reading } from "../system/file_errors.ts";
import { readAt, readBytes } from "../system/files.ts";
import type { LabelledImage } from "./dataset.ts";

// Every core has its own worker, and no picture is needed twice.
sharp.concurrency(1);
sharp.cache(false);

export { sharp };

/** A picture in memory. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green, blue. */
  readonly channels: 1 | 3;
  /** [height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array;
}

/**
 * Encodes JPEG at quality 92 with colour at half the resolution, as cameras and ImageNet do.
 *
 * Quality 92 is where a loss can no longer be seen; TensorFlow reads it three times faster than
 * PNG and a fifth faster than with full colour resolution, which a net that sees the picture at
 * half its size or less cannot notice. Huffman tables are the standard ones: those made for a
 * picture save 7 % of its bytes, but cost a quarter of the encoder's time.
 */
export function encodeJpeg({ width, height, channels, pixels }: Picture): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels } })
    .jpeg({ quality: 92, chromaSubsampling: "4:2:0", optimizeCoding: false })
    .toBuffer();
}

/** Encodes PNG without loss, with a light compression: speed matters more than size. */
export function encodePng({ width, height, channels, pixels }: Picture): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 3, adaptiveFiltering: false })
    .toBuffer();
}

/** Draws an SVG into `side` by `side` pixels: red, green, blue and alpha, not premultiplied. */
export async function drawSvg(svg: string, side: number): Promise<Uint8Array> {
  return await sharp(Buffer.from(svg))
    .resize(side, side, { fit: "contain", background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .ensureAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

/** What was found in an image file. */
export interface Probe {
  readonly width: number;
  readonly height: number;
  /** The decoded pixels, unless only the size was asked for. */
  readonly picture?: Picture;
  /** Whether TensorFlow would decode other pixels than `picture`, so that it must be saved as PNG. */
  readonly needsConversion: boolean;
  /** Pages of a TIFF, or frames of an animation, of which the first is `picture`; 1 if absent. */
  readonly pages?: number;
}

/**
 * Reads an image file as a viewer shows it: upright, in sRGB, 8 bits, on white where it is transparent.
 *
 * TensorFlow decodes the same for JPEG and PNG unless they are rotated by EXIF, have alpha, 16 bits or
 * CMYK. Colour profiles of other images are ignored here as there. A JPEG with damage in its middle,
 * for which its decoder warns, is used as far as it can be decoded. It needs conversion, because
 * TensorFlow decodes some of these with a warning and fails on others.
 *
 * @param file its path, or its bytes
 * @param strict whether any damage throws
 * @throws where the file is not an image, or is cut off. With `sizeOnly` only the header is read.
 */
export async function probeImage(
  file: string | Uint8Array,
  { sizeOnly = false, strict = false } = {},
): Promise<Probe> {
  const { format, orientation = 1, depth, hasAlpha, space, autoOrient, pages = 1 } = await sharp(
    file,
  ).metadata();
  if (depth !== "uchar" && depth !== "ushort") {
    throw new Error(`its numbers are of the type ${depth}, not whole numbers of 8 or 16 bits`);
  }
  const needsConversion = !(format === "jpeg" || format === "png") || orientation > 1 ||
    depth !== "uchar" || hasAlpha || space === "cmyk";
  if (sizeOnly) return { ...autoOrient, needsConversion };
  const look = (picture: Picture, needsConversion: boolean): Probe => {
    const { width, height } = picture;
    return { width, height, picture, needsConversion, ...pages > 1 && { pages } };
  };
  try {
    return look(
      await decode(file, { failOn: "warning", profile: needsConversion }),
      needsConversion,
    );
  } catch (error) {
    if (strict) throw error;
    return look(await decode(file, { profile: needsConversion }), true);
  }
}

/**
 * Decodes an image file, or its bytes, as a viewer shows it.
 *
 * @param failOn which kind of damage throws
 * @param profile whether to apply its colour profile
 * @throws where the file is not an image, or is cut off
 */
export async function decode(
  file: string | Uint8Array,
  { failOn = "error", profile = false }: {
    readonly failOn?: "error" | "warning";
    readonly profile?: boolean;
  } = {},
): Promise<Picture> {
  const { data, info } = await sharp(file, { failOn, ignoreIcc: !profile })
    .autoOrient()
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info, channels = info.channels === 1 ? 1 : 3;
  return { width, height, channels, pixels: data };
}

/** Where an image is stored. */
type ImageLocation = Pick<LabelledImage, "file" | "at" | "bytes">;

/** An image's file, or, where it is in an archive, its bytes. */
function content({ file, at, bytes }: ImageLocation): string | Uint8Array {
  if (at === undefined || bytes === undefined) return file;
  return reading(file, () => {
    using archive = Deno.openSync(file);
    return readAt(archive, at, bytes) ?? new Uint8Array();
  });
}

/** The same read from the file: what a disk refuses names it. */
async function bytesOf(image: ImageLocation): Promise<Uint8Array> {
  const found = content(image);
  return typeof found === "string" ? await readBytes(found) : found;
}

/** An image as a JPEG of some kilobytes that fits into a square of `side` pixels. */
export async function miniature(image: ImageLocation, side: number): Promise<Uint8Array> {
  return await sharp(await bytesOf(image))
    .autoOrient()
    .flatten({ background: "white" })
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .toColourspace("srgb")
    .jpeg({ quality: 72 })
    .toBuffer();
}

/** A row of a contact sheet. */
export interface ContactSheetRow {
  readonly label: string;
  readonly images: readonly ImageLocation[];
}

/** Side of a cell, height of a label's letters, and space between cells, pixels. */
const [CELL, LETTER, GAP] = [104, 17, 4];
const PAPER = "#f4f4f2";

/**
 * A PNG with a row of pictures behind each label, scaled to one size. Small ones are enlarged without
 * smoothing. Labels need a font on the machine; without one they stay empty.
 */
export async function contactSheet(rows: readonly ContactSheetRow[]): Promise<Uint8Array> {
  const left = 24 + Math.ceil(0.64 * LETTER * Math.max(...rows.map(({ label }) => label.length)));
  const pitch = CELL + GAP;
  const width = left + pitch * Math.max(...rows.map(({ images }) => images.length)) + GAP;
  const height = pitch * rows.length + GAP;

  const labels = rows.map(({ label }, row) =>
    `<text x="${left - 12}" y="${GAP + row * pitch + CELL / 2 + LETTER / 3}">${
      escapeXml(label)
    }</text>`
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<g font-family="sans-serif" font-size="${LETTER}" text-anchor="end" fill="#222">` +
    `${labels.join("")}</g></svg>`;
  const cells = await Promise.all(
    rows.flatMap(({ images }, row) =>
      images.map(async (image, column) => ({
        input: await thumbnail(image),
        left: left + column * pitch,
        top: GAP + row * pitch,
      }))
    ),
  );
  return await sharp({ create: { width, height, channels: 3, background: PAPER } })
    .composite([...cells, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 6 })
    .toBuffer();
}

async function thumbnail(image: ImageLocation): Promise<Buffer> {
  const bytes = await bytesOf(image);
  const { width, height } = await sharp(bytes).metadata();
  const kernel = Math.max(width, height) < CELL ? "nearest" : "lanczos3";
  return await sharp(bytes)
    .resize(CELL, CELL, { fit: "contain", background: PAPER, kernel })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
