/**
 * `deno task soak`: carries out a plan of very many tiny runs in one process, or as jobs of a test
 * cluster, and says whether file descriptors, memory, file calls and time a run stay the same. Ends with
 * 1 where they do not.
 *
 * @module
 */
import { UsageError } from "../../lib/errors.ts";
import { formatNumber } from "../../lib/numbers.ts";
import { countIn, runTask, type TaskLine } from "../support/task_options.ts";
import { tinyDataset } from "../support/tiny.ts";
import { hasSlurm } from "../slurm/cluster.ts";
import { soakOnSlurm, trendsOfProcesses } from "./slurm.ts";
import { growing, REAL, type Sample, simulated, soak, type Trend, trendsOf } from "./soak.ts";

/** Runs with stand-ins, and with TensorFlow. */
const [SIMULATED, COMPUTED] = [1000, 100];

/** Nodes of the test cluster, and tasks of its largest array. */
const [NODES, ARRAY] = [8, 6];

/** Jobs in its queue: a tenth of the plan's, within these. */
const [FEWEST, MOST] = [15, 100];

/** Processes of which a fifth says how they go. */
const ENOUGH = { goes: 10, jobs: 200 };

/** Runs of which a fifth says how they go. */
const ENOUGH_RUNS = 10;

const USAGE = {
  summary:
    `Carries out a plan of very many tiny runs in one process, or as jobs of a test cluster, and says
whether file descriptors, memory, file calls and time a run stay the same.`,
  options: {
    runs: { value: "N", text: `runs with stand-ins for nets (default: ${SIMULATED})` },
    computed: { value: "N", text: `runs with TensorFlow (default: ${COMPUTED}; 0: none)` },
    slurm: { value: "N", text: "runs as jobs of Slurm's own daemons, and by default no others" },
    workers: { value: "N", text: "runs side by side (default: 2)" },
  },
  notes:
    "Ends with 1 where something grows, or a job is lost. Time is told, and not judged: others may use the machine.",
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
    const onSlurm = countIn(line, "slurm");
    const [runs, computed] = onSlurm === undefined ? [SIMULATED, COMPUTED] : [0, 0];
    const kinds = [
      { what: "runs with stand-ins", count: runsIn(line, "runs") ?? runs },
      { what: "runs with TensorFlow", count: runsIn(line, "computed") ?? computed },
    ] as const;
    let grows = onSlurm !== undefined && !await isFlatOnSlurm(onSlurm);
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
        const found = growing(trends);
        grows ||= found.length > 0;
        print("a run", trends, found);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
    return grows ? 1 : 0;
  }),
);

/** The value of an option that counts runs. @throws {UsageError} They are too few to tell how they go. */
function runsIn<Name extends string>(line: TaskLine<Name>, name: Name): number | undefined {
  const count = countIn(line, name, { least: 0 });
  if (count === undefined || count === 0 || count >= ENOUGH_RUNS) return count;
  throw new UsageError(
    `--${name} ${count} is too few to tell how runs go: ${ENOUGH_RUNS} or more, or 0 for none`,
  );
}

/** Carries a plan out as jobs, and tells how it went. @returns whether nothing grew, and no run was lost */
async function isFlatOnSlurm(count: number): Promise<boolean> {
  if (!hasSlurm) {
    console.error("Slurm is not installed: the runs as jobs of a test cluster are skipped");
    return true;
  }
  const jobs = Math.min(MOST, Math.max(FEWEST, Math.ceil(count / 10)));
  const found = await soakOnSlurm(count, {
    ...{ array: ARRAY, jobs, nodes: NODES },
    onGo: (done) => console.error(`${formatNumber(done)} of ${formatNumber(count)} runs are done`),
  });
  console.log(
    `${
      formatNumber(count)
    } runs as jobs of Slurm's, in ${found.goes.length} submissions, at most ` +
      `${found.longestQueue} jobs in a queue of ${jobs}\n`,
  );
  let isFlat = found.broken.length === 0;
  for (const promise of found.broken) console.log(`broken: ${promise}`);
  for (const [what, least] of Object.entries(ENOUGH) as ["goes" | "jobs", number][]) {
    if (found[what].length < least) continue;
    const trends = trendsOfProcesses(found[what]);
    // how many files a submission opens depends on what is left to submit
    const grown = growing(trends).filter((name) => what === "jobs" || name !== "calls");
    isFlat &&= grown.length === 0;
    print(what === "goes" ? "a submission" : "a job", trends, grown);
  }
  return isFlat;
}

/** Prints how quantities went, as a table. */
function print(
  title: string,
  trends: Readonly<Record<keyof Sample, Trend>>,
  grown: readonly (keyof Sample)[],
) {
  console.log(`| ${title} | early | late |\n| --- | ---: | ---: |`);
  for (const name of Object.keys(NAMES) as (keyof Sample)[]) {
    console.log(rowOf(name, trends[name], grown.includes(name)));
  }
  console.log();
}

function rowOf(name: keyof Sample, { early, late }: Trend, isGrowing: boolean): string {
  const [title, text] = NAMES[name];
  return `| ${title} | ${text(early)} | ${text(late)}${isGrowing ? " (grows)" : ""} |`;
}
