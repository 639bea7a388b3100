/**
 * Stored outputs: a test compares a whole text with a file that was reviewed when it was stored.
 *
 * After an intended change renew them and review the difference:
 *
 *     deno test -A tests/report -- --update
 *     git diff tests/report/snapshots
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";

/** Largest snapshot, bytes: a larger one is not reviewed by anybody. */
const LARGEST = 50_000;

/**
 * Compares a text with the stored one, or stores it under `deno test ... -- --update`.
 *
 * @param name below `tests/report/snapshots/`, such as `table3.txt`
 */
export function assertSnapshot(text: string, name: string) {
  const file = new URL(`../report/snapshots/${name}`, import.meta.url).pathname;
  assert.ok(text.length <= LARGEST, `${name} has ${text.length} bytes; make the test smaller`);
  if (Deno.args.includes("--update")) {
    Deno.mkdirSync(dirname(file), { recursive: true });
    return Deno.writeTextFileSync(file, `${text}\n`);
  }
  const hint = `${name} has changed; if that is intended: deno test -A tests/report -- --update`;
  assert.equal(`${text}\n`, Deno.readTextFileSync(file), hint);
}
