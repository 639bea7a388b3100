/** Decoded training images that runs of a plan share. */
import { BANK_SHARE } from "./memory.ts";
import type { Dataset } from "./datasets/mod.ts";
import { isEvaluation } from "./experiment.ts";
import { memory } from "./machine.ts";
import type { PlannedRun } from "./plan.ts";
import type { Hand } from "./pool.ts";
import type { Bars } from "./progress.ts";
import { type Bank, bankSize, LARGEST_BANK } from "./vgg/bank.ts";
import { scalesOf } from "./vgg/images.ts";

/** Decoded training images, one bank for each list of scales, as long as a run needs them. */
export class Banks {
  readonly #dataset: Dataset;
  readonly #bars: Bars;
  readonly #banks = new Map<string, Promise<Bank | undefined>>();

  constructor({ dataset, bars }: { dataset: Dataset; bars: Bars }) {
    this.#dataset = dataset;
    this.#bars = bars;
  }

  /**
   * The bank for a run, made by `hand` unless it is there; none where memory is too small. It comes
   * to nothing where it was stopped on the way.
   */
  of(run: PlannedRun, hand: Hand): Promise<Bank | undefined> | undefined {
    const scales = scalesFor(run);
    const limit = Math.min(BANK_SHARE * memory(), LARGEST_BANK);
    if (bankSize(this.#dataset.train, scales, limit) > limit) return undefined;
    const name = scales.join();
    const present = this.#banks.get(name);
    if (present) return present;
    const bar = this.#bars.bar(`read images at ${name} pixels`, { unit: "images" });
    const made = hand.bank(scales, (done, total) => bar.update(done, total))
      .finally(() => bar.stop());
    this.#banks.set(name, made);
    return made;
  }

  /** Gives back the memory of banks that no run needs any more. */
  forget(open: readonly PlannedRun[]) {
    const needed = new Set(
      open.filter(({ run }) => !isEvaluation(run)).map((run) => scalesFor(run).join()),
    );
    for (const name of this.#banks.keys()) if (!needed.has(name)) this.#banks.delete(name);
  }
}

function scalesFor({ run, context }: PlannedRun): number[] {
  return isEvaluation(run) ? [] : scalesOf(run.S, context.train);
}
