/**
 * `deno task soak`: carries out a plan of very many tiny runs in one process, and says whether file
 * descriptors, memory, file calls and time a run stay the same. Ends with 1 where they do not.
 *
 * @module
 */
import { formatNumber } from "../../lib/numbers.ts";
import { countIn, runTask } from "../support/task_options.ts";
import { tinyDataset } from "../support/tiny.ts";
import { growing, REAL, type Sample, simulated, soak, type Trend, trendsOf } from "./soak.ts";

/** Runs with stand-ins, and with TensorFlow. */
const [SIMULATED, COMPUTED] = [1000, 100];

const USAGE = {
  summary:
    `Carries out a plan of very many tiny runs in one process, and says whether file descriptors, memory,
file calls and time a run stay the same.`,
  options: {
    runs: { value: "N", text: `runs with stand-ins for nets (default: ${SIMULATED})` },
    computed: { value: "N", text: `runs with TensorFlow (default: ${COMPUTED}; 0: none)` },
    workers: { value: "N", text: "runs side by side (default: 2)" },
  },
  notes:
    "Ends with 1 where something grows. Time is told, and not judged: others may use the machine.",
} as const;

/** Names and units of what is measured. */
const NAMES: Readonly<
  Record<keyof Sample, readonly [name: string, text: (value: number) => string]>
> = {
  files: ["file descriptors", (value) => value.toFixed(1)],
  heap: ["heap, MB", (value) => (value / 1e6).toFixed(1)],
  memory: ["resident memory, MB", (value) => (value / 1e6).toFixed(1)],
  calls: ["file calls of the main thread a run", (value) => value.toFixed(1)],
  seconds: ["time a run, ms", (value) => (1000 * value).toFixed(1)],
};

Deno.exit(
  await runTask("soak", USAGE, async (line) => {
    const workers = countIn(line, "workers") ?? 2;
    const kinds = [
      { what: "runs with stand-ins", count: countIn(line, "runs", { least: 0 }) ?? SIMULATED },
      { what: "runs with TensorFlow", count: countIn(line, "computed", { least: 0 }) ?? COMPUTED },
    ] as const;
    let grows = false;
    for (const { what, count } of kinds) {
      if (count === 0) continue;
      using dataset = tinyDataset();
      const folder = await Deno.makeTempDir({ prefix: "verydeep-soak-" });
      try {
        const samples = await soak(count, {
          ...{ dataset, folder, workers },
          threads: what === "runs with TensorFlow" ? REAL : simulated(),
        });
        console.log(`${formatNumber(samples.length)} ${what}, ${workers} side by side\n`);
        const trends = trendsOf(samples);
        console.log("| a run | early | late |\n| --- | ---: | ---: |");
        const found = growing(trends);
        grows ||= found.length > 0;
        for (const name of Object.keys(NAMES) as (keyof Sample)[]) {
          console.log(rowOf(name, trends[name], found.includes(name)));
        }
        console.log();
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
    return grows ? 1 : 0;
  }),
);

function rowOf(name: keyof Sample, { early, late }: Trend, isGrowing: boolean): string {
  const [title, text] = NAMES[name];
  return `| ${title} | ${text(early)} | ${text(late)}${isGrowing ? " (grows)" : ""} |`;
}
