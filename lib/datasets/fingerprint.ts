/** Fingerprints: equal data has an equal fingerprint. */
import { createHash } from "node:crypto";

/** 12 hexadecimal digits of SHA-256 over `content` as JSON; the order of fields matters. */
export function fingerprintOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12);
}
