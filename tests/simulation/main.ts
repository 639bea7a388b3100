/**
 * `deno task simulate`: lets simulated processes share a plan in many histories, or tells what happens
 * in one. Ends with 1 where a promise was broken.
 *
 * @module
 */
import { UsageError } from "../../lib/errors.ts";
import { count, formatNumber } from "../../lib/numbers.ts";
import { clock } from "../../lib/system/progress.ts";
import { countIn, runTask, type TaskLine } from "../support/task_options.ts";
import { PLANTED } from "./planted.ts";
import { Simulation } from "./simulation.ts";

const USAGE = {
  summary:
    `Lets simulated processes on two hosts share a plan, with kills, power failures, suspended processes,
signals, clocks that jump, changed bits and NFS's caches, all from a seed.`,
  options: {
    histories: { value: "N", text: "histories to try (default: 100,000)" },
    from: { value: "N", text: "seed of the first one (default: 1)" },
    seed: { value: "N", text: "tell what happens in this history alone" },
    planted: { value: "NAME", text: "plant a defect, which should be found" },
  },
  notes: `Defects: ${PLANTED.join("; ")}.
Ends with 1 where a promise was broken.`,
} as const;

/** Histories between two reports. */
const REPORT = 1_000;

Deno.exit(await runTask("simulate", USAGE, simulate));

/** Tries the histories that a command line names. @returns the exit code */
async function simulate(line: TaskLine<keyof typeof USAGE.options>): Promise<number> {
  const alone = countIn(line, "seed");
  const { planted } = line.given;
  if (planted !== undefined && !PLANTED.includes(planted)) {
    throw new UsageError(`There is no defect "${planted}"; deno task simulate --help lists them`);
  }
  const first = alone ?? countIn(line, "from") ?? 1;
  const most = alone === undefined ? countIn(line, "histories") ?? 100_000 : 1;
  const begin = performance.now();
  const time = () => clock((performance.now() - begin) / 1000);
  const totals = new Map<string, number>();
  let failed = 0;
  using simulation = await Simulation.start();
  for (let i = 0; i < most; i++) {
    const { violation, counts, events } = simulation.try(first + i, planted);
    for (const [what, number] of counts) totals.set(what, (totals.get(what) ?? 0) + number);
    if (alone !== undefined) console.log(events.join("\n"));
    if (violation !== undefined) {
      failed++;
      console.log(`deno task simulate --seed ${first + i}: ${violation}`);
    }
    if ((i + 1) % REPORT === 0) console.error(`${formatNumber(i + 1)} tried, ${time()}`);
  }
  console.log(
    `${count(most, "history", "histories")} in ${time()}, ${formatNumber(failed)} failed`,
  );
  for (const [what, number] of [...totals].sort()) {
    console.log(`  ${what}: ${formatNumber(number)}`);
  }
  return failed > 0 ? 1 : 0;
}
