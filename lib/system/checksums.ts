/**
 * JSON records with a checksum, which tells a changed record from a good one: the first digits of
 * SHA-256 of the record's JSON without them.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Digits of the checksum: one changed record in 4 billion would go unnoticed. */
const DIGITS = 8;

/** A record with its checksum, which is its last field. */
export function withChecksum<Record extends object>(record: Record): Record & { checksum: string } {
  return { ...record, checksum: checksumOf(record) };
}

/**
 * Verifies a record and returns it without its checksum; `undefined` if it is not a record, or the
 * checksum is another. A record without a checksum, as older versions wrote them, is accepted.
 */
export function verifyChecksum<Record extends object>(value: unknown): Record | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { checksum, ...record } = value as Record & { checksum?: unknown };
  const isSealed = checksum !== undefined || looksLikeOne(Object.values(record).at(-1));
  if (isSealed && checksum !== checksumOf(record)) return undefined;
  return record as unknown as Record;
}

/** Whether a record's last value is a checksum, under any name: damage may have changed it. */
function looksLikeOne(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}$/.test(value);
}

function checksumOf(record: object): string {
  return createHash("sha256").update(JSON.stringify(record)).digest("hex").slice(0, DIGITS);
}
