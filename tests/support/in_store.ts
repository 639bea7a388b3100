/** A store for a test. */
import type { PlannedRun } from "../../lib/plan.ts";
import { makeStore, type Store } from "../../lib/store/mod.ts";

/** Does something in an empty folder, which is gone afterwards. */
export async function inFolder(work: (folder: string) => Promise<void> | void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    await work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Does something with an empty store, which is gone afterwards. */
export function inStore(work: (store: Store) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    work(makeStore(folder));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The run of a store that has this key. */
export function storedRun(store: Store, key: string): PlannedRun {
  return store.runs().find((run) => run.key === key)!;
}
