/** Stops trainings on a test cluster half-way, on machines of any speed. */
import { jobOfRun, readRecords } from "../../lib/executors/slurm/records.ts";
import type { Store } from "../../lib/store/mod.ts";
import { pause, until } from "./cluster.ts";

/** A training whose process is stopped half-way. */
export interface HalfWay {
  readonly key: string;
  readonly job: string;
  readonly pid: number;
}

/** Waits for a training to start, and stops it after some steps. */
export async function halfWay(key: string, store: Store): Promise<HalfWay> {
  await until(() => store.leases.owner(key) !== undefined, `the lease of ${key}`);
  const { pid } = store.leases.owner(key)!;
  const isUnderWay = () => {
    Deno.kill(pid, "SIGSTOP");
    const run = store.runs().find((run) => run.key === key);
    return run !== undefined && store.readLog(run).length > 1;
  };
  while (!isUnderWay()) {
    letGoOn(pid);
    await pause(20);
  }
  return { key, pid, job: jobOfRun(readRecords(store)).get(key)!.job };
}

/** Resumes a stopped process, unless it has ended. */
export function letGoOn(pid: number) {
  try {
    Deno.kill(pid, "SIGCONT");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
