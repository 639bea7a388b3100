/** Defects that are planted to show that the simulation finds them. */
import { RunQueue } from "../../lib/executors/local/run_queue.ts";
import { Leases } from "../../lib/store/leases.ts";
import { Store } from "../../lib/store/mod.ts";

/** Each puts a defective method in place of one of the program's. */
const DEFECTS: Readonly<Record<string, () => () => void>> = {
  "a queue forgets runs that other processes leave": () =>
    swap(RunQueue.prototype, "release", function (this: RunQueue, run) {
      this.claimedElsewhere(run);
      this.finish(run);
    }),
  "a lease is not touched": () => swap(Leases.prototype, "touchAll", () => {}),
  "a lease is always free": () => swap(Leases.prototype, "take", () => true),
  "a damaged result is believed": () => swap(Store.prototype, "damage", () => undefined),
};

/** Names of the defects. */
export const PLANTED = [...Object.keys(DEFECTS), "a lease ignores when its process started"];

/** Plants a defect, if it is one of a method. @returns a function that takes it away again */
export function plant(name: string | undefined): () => void {
  return DEFECTS[name ?? ""]?.() ?? (() => {});
}

function swap<Kind, Name extends keyof Kind>(kind: Kind, name: Name, defective: Kind[Name]) {
  const original = kind[name];
  kind[name] = defective;
  return () => void (kind[name] = original);
}
