/**
 * JSON records with a checksum that detects changes: the first digits of the SHA-256 of the record's
 * JSON without the checksum.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Digits of the checksum: one changed record in 4 billion would go unnoticed. */
const DIGITS = 8;

/** Adds its checksum to a record, as the last field. */
export function withChecksum<Record extends object>(record: Record): Record & { checksum: string } {
  return { ...record, checksum: checksumOf(record) };
}

/**
 * Verifies a record and returns it without its checksum; `undefined` if it is not a record or the
 * checksum differs. A record without a checksum, as older versions wrote it, is accepted.
 */
export function verifyChecksum<Record extends object>(value: unknown): Record | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { checksum, ...record } = value as Record & { checksum?: unknown };
  const hasChecksum = checksum !== undefined || isLikeChecksum(Object.values(record).at(-1));
  if (hasChecksum && checksum !== checksumOf(record)) return undefined;
  return record as unknown as Record;
}

/** Whether a value looks like a checksum. Damage may have changed the field's name. */
function isLikeChecksum(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}$/.test(value);
}

function checksumOf(record: object): string {
  return createHash("sha256").update(JSON.stringify(record)).digest("hex").slice(0, DIGITS);
}
