/**
 * Hunts in a process of its own, so that a crash or a hang ends nothing else:
 * `worker.ts TARGET FOLDER SEED FROM`. Prints a JSON line for each finding, and its
 * progress every second. After a crash, the file that it was reading is still in FOLDER.
 *
 * @module
 */
import { type Finding, tryRound } from "./hunt.ts";
import { targets } from "./targets.ts";

/** A line of the output. */
export interface Line {
  /** Rounds that are done. */
  readonly rounds: number;
  readonly finding?: Finding;
}

if (import.meta.main) {
  const [name, folder = ".", seed, from] = Deno.args;
  const target = targets.find((target) => target.name === name)!;
  const files = await target.files(folder);
  const say = (line: Line) => console.log(JSON.stringify(line));
  let said = performance.now();
  for (let round = Number(from);; round++) {
    const finding = await tryRound(target, { files, folder, round, seed: Number(seed) });
    if (finding) say({ rounds: round, finding });
    if (performance.now() - said < 1000) continue;
    said = performance.now();
    say({ rounds: round + 1 });
  }
}
