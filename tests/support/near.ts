/** Numbers that agree. */
import assert from "node:assert/strict";

/** Fails unless `actual` agrees with `expected` to 1e-9 of it. */
export function assertNear(actual: number, expected: number): void {
  const off = Math.abs(actual - expected);
  assert.ok(off <= 1e-9 * Math.abs(expected), `${actual} instead of ${expected}`);
}
