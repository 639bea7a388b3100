/** Tries histories in a thread of its own. Answers each list of seeds with what came of them. */
import { Simulation } from "./simulation.ts";

/** What a thread is to do: seeds `from` to `to`, without the last. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly planted: string | undefined;
}

/** What came of a share. */
export interface ShareOutcome {
  readonly violations: readonly (readonly [seed: number, violation: string])[];
  readonly counts: ReadonlyMap<string, number>;
}

// deno-lint-ignore no-explicit-any -- Deno's types describe the global scope of a page
const scope = self as any;

let simulation: Promise<Simulation> | undefined;

scope.onmessage = async ({ data: { from, to, planted } }: MessageEvent<Share>) => {
  Error.stackTraceLimit = 0; // `--seed` tells where
  simulation ??= Simulation.start(planted);
  const ready = await simulation;
  const violations: [number, string][] = [];
  const totals = new Map<string, number>();
  for (let seed = from; seed < to; seed++) {
    const { violation, counts } = ready.try(seed);
    if (violation !== undefined) violations.push([seed, violation]);
    for (const [what, number] of counts) totals.set(what, (totals.get(what) ?? 0) + number);
  }
  scope.postMessage({ violations, counts: totals } satisfies ShareOutcome);
};
