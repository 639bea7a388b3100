/** A plan of very many tiny runs as jobs of a test cluster whose queue takes few of them. */
import { parsed } from "../../lib/store/run_files.ts";
import { makeStore } from "../../lib/store/mod.ts";
import { readRecords } from "../../lib/executors/slurm/records.ts";
import { TestCluster, until } from "../slurm/cluster.ts";
import { tinyDataset } from "../support/tiny.ts";
import { JOB, planOf, type Sample, trendsOf } from "./soak.ts";

/** The site's limits, of which both are far below a plan of a thousand runs. */
export interface QueueLimits {
  /** Tasks of an array: MaxArraySize. */
  readonly array: number;
  /** Jobs that the controller remembers, ended ones among them: MaxJobCount. */
  readonly jobs: number;
}

/** What the goes and the jobs left behind. */
export interface SlurmSoak {
  /** At the end of each submitting command. */
  readonly goes: readonly Sample[];
  /** At the end of each job, in the order of their ends. */
  readonly jobs: readonly Sample[];
  /** Most jobs in the queue at any look. */
  readonly longestQueue: number;
  /** What the plan's promises lack, in words; empty where all are kept. */
  readonly broken: readonly string[];
}

/**
 * Submits a plan of `count` runs by the same command, again and again, until all runs are done.
 *
 * @throws {Error} A command failed, or submitted nothing.
 */
export async function soakOnSlurm(
  count: number,
  { array, jobs, nodes = 2, onGo = () => {} }: QueueLimits & {
    readonly nodes?: number;
    /** Is told how many runs are done after each go. */
    readonly onGo?: (done: number) => void;
  },
): Promise<SlurmSoak> {
  // the last line of a name counts: the controller forgets ended jobs as soon as it may
  const lines = [`MaxArraySize=${array}`, `MaxJobCount=${jobs}`, "MinJobAge=2"];
  await using cluster = await TestCluster.start({ nodes, lines });
  using dataset = tinyDataset();
  const folder = cluster.folder("soak");
  const store = makeStore(`${folder}/results`);
  const plan = planOf(count, dataset);
  const script = [...JOB, folder, `${count}`];
  for (const name of ["goes", "jobs"]) cluster.folder(`soak/${name}`);
  const isDone = ({ key }: { readonly key: string }) => done.has(key);
  let [done, longestQueue]: [ReadonlySet<string>, number] = [new Set(), 0];
  while (!plan.every(isDone)) {
    const before = readRecords(store).length;
    const { success, stderr } = await cluster.spawn(Deno.execPath(), script).output();
    const said = new TextDecoder().decode(stderr);
    if (!success) throw new Error(`Cannot submit the rest of ${count} runs: ${said.trim()}`);
    if (readRecords(store).length === before) {
      throw new Error(`The command submitted nothing while runs are left: ${said.trim()}`);
    }
    await until(async () => {
      const { code, out } = await cluster.run("squeue", "--noheader", "--array", "--format=%i");
      const open = out.split("\n").filter((line) => line !== "").length;
      longestQueue = Math.max(longestQueue, open);
      return code === 0 && open === 0;
    }, "the end of the jobs");
    const states = store.statuses(plan);
    done = new Set(plan.filter((_, i) => states[i]!.state === "done").map(({ key }) => key));
    onGo(done.size);
  }
  const records = readRecords(store).filter(({ run }) => run !== undefined);
  const found = {
    executions: new Map(plan.map((run) => [run.key, store.readExecutions(run).length])),
    jobs: records.map(({ job }) => job),
    longestQueue,
  };
  const samples = (name: string) => samplesIn(`${folder}/${name}`);
  const broken = brokenIn(found, { array, jobs });
  return { goes: samples("goes"), jobs: samples("jobs"), longestQueue, broken };
}

/**
 * What promises are not kept, in words.
 *
 * @param found how often each run was carried out, the job of each submitted run, and the most jobs in
 * the queue
 */
export function brokenIn(
  { executions, jobs, longestQueue }: {
    readonly executions: ReadonlyMap<string, number>;
    readonly jobs: readonly string[];
    readonly longestQueue: number;
  },
  limits: QueueLimits,
): string[] {
  const arrays = Map.groupBy(jobs, (job) => job.split("_")[0]!);
  const largest = Math.max(...[...arrays.values()].map(({ length }) => length));
  return [
    ...[...executions].filter(([, times]) => times !== 1).map(([key, times]) =>
      `run ${key} was carried out ${times} times`
    ),
    ...jobs.length === executions.size ? [] : [`${jobs.length} jobs for ${executions.size} runs`],
    ...longestQueue <= limits.jobs ? [] : [`${longestQueue} jobs in a queue of ${limits.jobs}`],
    ...largest <= limits.array ? [] : [`${largest} tasks in an array of ${limits.array}`],
  ];
}

/** What early and late processes held at their ends, and what each did: of a few hundred jobs, say. */
export function trendsOfProcesses(samples: readonly Sample[]): ReturnType<typeof trendsOf> {
  // `trendsOf` takes the differences of what one process has done so far
  let [calls, seconds] = [0, 0];
  return trendsOf(samples.map((sample) => {
    calls += sample.calls;
    seconds += sample.seconds;
    return { ...sample, calls, seconds };
  }));
}

/** What processes noted at their ends, first ends first. */
function samplesIn(folder: string): Sample[] {
  return [...Deno.readDirSync(folder)]
    .flatMap(({ name }) => {
      const line = Deno.readTextFileSync(`${folder}/${name}`).trim();
      return (parsed(line) ?? []) as Sample & { readonly ended: number };
    })
    .sort((a, b) => a.ended - b.ended);
}
