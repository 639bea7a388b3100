/** A store for a test. */
import { makeStore, type Store } from "../../lib/store/mod.ts";

/** Does something with an empty store, which is gone afterwards. */
export function inStore(work: (store: Store) => void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    work(makeStore(folder));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
