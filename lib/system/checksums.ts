/**
 * JSON records that carry a checksum, so that a changed one is told from a good one: the first
 * digits of SHA-256 of the record's JSON without them.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Digits that are kept: one changed record in 4 billion would go unnoticed. */
const DIGITS = 8;

/** A record with its checksum, which is its last field. */
export function withChecksum<Record extends object>(record: Record): Record & { checksum: string } {
  return { ...record, checksum: checksumOf(record) };
}

/**
 * A record without its checksum. Nothing where it is none, or another than was sealed; one without a
 * checksum, as older versions wrote them, is taken as it is.
 */
export function verifyChecksum<Record extends object>(value: unknown): Record | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { checksum, ...record } = value as Record & { checksum?: unknown };
  const isSealed = checksum !== undefined || looksLikeOne(Object.values(record).at(-1));
  if (isSealed && checksum !== checksumOf(record)) return undefined;
  return record as unknown as Record;
}

/** Whether a record's last value is a checksum, under whatever name it stands after damage. */
function looksLikeOne(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}$/.test(value);
}

function checksumOf(record: object): string {
  return createHash("sha256").update(JSON.stringify(record)).digest("hex").slice(0, DIGITS);
}
