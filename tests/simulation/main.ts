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
import type { Share, ShareOutcome } from "./worker.ts";

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
  notes: `Defects: ${Object.keys(PLANTED).join("; ")}.
Ends with 1 where a promise was broken.`,
} as const;

/** Histories that a thread tries at a time. */
const SHARE = 250;

/** Histories between two reports. */
const REPORT = 1_000;

Deno.exit(await runTask("simulate", USAGE, simulate));

/** Tries the histories that a command line names. @returns the exit code */
async function simulate(line: TaskLine<keyof typeof USAGE.options>): Promise<number> {
  const { planted } = line.given;
  if (planted !== undefined && !(planted in PLANTED)) {
    throw new UsageError(`There is no defect "${planted}"; deno task simulate --help lists them`);
  }
  const alone = countIn(line, "seed");
  if (alone !== undefined) return await tell(alone, planted);
  const first = countIn(line, "from") ?? 1;
  const most = countIn(line, "histories") ?? 100_000;
  const begin = performance.now();
  const time = () => clock((performance.now() - begin) / 1000);
  const totals = new Map<string, number>();
  let [next, tried, failed] = [first, 0, 0];
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    const ask = startWorker();
    while (next < first + most) {
      const share = { from: next, to: Math.min(next + SHARE, first + most), planted };
      next = share.to;
      const { violations, counts } = await ask(share);
      for (const [what, number] of counts) totals.set(what, (totals.get(what) ?? 0) + number);
      for (const [seed, violation] of violations) {
        console.log(`deno task simulate --seed ${seed}: ${violation}`);
      }
      failed += violations.length;
      const before = tried;
      tried += share.to - share.from;
      if (Math.floor(tried / REPORT) > Math.floor(before / REPORT)) {
        console.error(`${formatNumber(tried)} tried, ${time()}`);
      }
    }
  }));
  console.log(
    `${count(most, "history", "histories")} in ${time()}, ${formatNumber(failed)} failed`,
  );
  for (const [what, number] of [...totals].sort()) {
    console.log(`  ${what}: ${formatNumber(number)}`);
  }
  return failed > 0 ? 1 : 0;
}

/** Tells one history. @returns the exit code */
async function tell(seed: number, planted: string | undefined): Promise<number> {
  const simulation = await Simulation.start(planted);
  const { violation, events } = simulation.try(seed);
  console.log(events.join("\n"));
  if (violation === undefined) return 0;
  console.log(`deno task simulate --seed ${seed}: ${violation}`);
  return 1;
}

/** Starts a thread. @returns a function that has it try histories */
function startWorker(): (share: Share) => Promise<ShareOutcome> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return (share) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(share);
    });
}
