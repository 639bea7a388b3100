/**
 * `deno task simulate [--histories N] [--seed N] [--planted NAME]`: lets simulated processes share a
 * plan in N histories, from a seed on; with `--seed` alone tells what happens in that one. Ends with 1
 * where a promise was broken.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { count, formatNumber } from "../../lib/numbers.ts";
import { clock } from "../../lib/system/progress.ts";
import { Simulation } from "./simulation.ts";

const { histories, seed, planted } = parseArgs(Deno.args, {
  string: ["histories", "seed", "planted"],
});
const first = Number(seed ?? 1);
const most = Number(histories ?? (seed === undefined ? 100_000 : 1));
const begin = performance.now();
const totals = new Map<string, number>();
let failed = 0;
{
  using simulation = await Simulation.start();
  for (let i = 0; i < most; i++) {
    const { violation, counts, events } = simulation.try(first + i, planted);
    for (const [what, number] of counts) totals.set(what, (totals.get(what) ?? 0) + number);
    if (most === 1) console.log(events.join("\n"));
    if (violation !== undefined) {
      failed++;
      console.log(`seed ${first + i}: ${violation}`);
    }
    if ((i + 1) % 1000 === 0) console.error(`${formatNumber(i + 1)} of ${formatNumber(most)}`);
  }
}
console.log(
  `${count(most, "history", "histories")} in ${clock((performance.now() - begin) / 1000)}: ` +
    `${failed} failed`,
);
for (const [what, number] of [...totals].sort()) console.log(`  ${what}: ${formatNumber(number)}`);
Deno.exit(failed > 0 ? 1 : 0);
