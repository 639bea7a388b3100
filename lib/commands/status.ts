/** `status`: the state of each run. */
import { UserError } from "../errors.ts";
import { jobsOfStore, type RunState, runStates } from "../executors/slurm/states.ts";
import { leftoversIn, leftoversInWords } from "../store/audit.ts";
import { truncated } from "../report/fold.ts";
import { listing } from "../report/listing.ts";
import type { FlatRecord } from "../report/records.ts";
import { executionsOf } from "../report/run_details.ts";
import { energyOf, kilowattHours } from "../system/environment.ts";
import type { Options } from "../command_line/options.ts";
import type { Store } from "../store/mod.ts";
import { inStore, type KnownRun, knownRuns } from "../command_line/known_runs.ts";
import { variedFields } from "../command_line/varied_fields.ts";

/** Prints the state of the runs behind the tables called `words`. */
export async function status(words: readonly string[], options: Options): Promise<number> {
  const { runs: ofTables, study: { store } } = await knownRuns(words, options);
  const keys = new Set(ofTables.map(({ key }) => key));
  const others = words.length > 0 ? [] : store.runs().filter(({ key }) => !keys.has(key));
  const runs = [...ofTables, ...inStore(others, store)];
  const jobs = await statesOnCluster(runs, store);
  const executions = new Map(runs.map((run) => [run.key, executionsOf(run, store)]));
  const energies = new Map(runs.map(({ key }) => [key, energyOf(executions.get(key)!)]));
  const hasEnergy = [...energies.values()].some((energy) => energy);
  const fields = variedFields(runs);
  const records = runs.map((run) => {
    const { name, key, context, status } = run;
    const { state, detail: found, job } = jobs?.get(key) ?? { ...status, job: undefined };
    const { gpus = 1 } = state === "running" ? executions.get(key)!.at(-1) ?? {} : {};
    const detail = gpus > 1 ? [found, `on ${gpus} GPUs`].filter(Boolean).join("; ") : found;
    return {
      run: name,
      ...fields && { fields: fields(run) },
      ...{ key, seed: context.seed, state, ...job !== undefined && { job }, detail },
      ...hasEnergy && { energy_kwh: energies.get(key)?.energy },
    };
  });
  const states = [...new Set(records.map(({ state }) => state))];
  const counts = states.map((state) => {
    return `${records.filter((record) => record.state === state).length} ${state}`;
  });
  const failures = records.filter(({ state }) => state === "failed" || state === "cancelled");
  const damaged = records.filter(({ state }) => state === "damaged" || state === "unreadable");
  console.log(listing({
    title: `Runs in ${options.results}`,
    records,
    columns: [
      ...["run", ...fields ? ["fields"] : [], "seed", "key", ...jobs ? ["job"] : [], "state"]
        .map((field) => ({ field })),
      ...hasEnergy
        ? [{
          field: "energy_kwh",
          heading: "kWh",
          show: (_: unknown, { key }: FlatRecord) => kilowattHours(energies.get(String(key))!),
        }]
        : [],
      { field: "detail", show: (detail) => jobs ? String(detail) : truncated(String(detail)) },
    ],
    notes: [
      `${runs.length} runs: ${counts.join(", ")}.`,
      ...damaged.map(({ run, detail }) => `${run}: ${detail}`),
      ...leftoversInWords(leftoversIn(store)),
      ...failures.flatMap(({ run, key, state, detail }) => [
        `${run} ${state === "failed" ? "failed" : "was cancelled"}: ${detail}`,
        ...(jobs?.get(key)?.lastLines ?? []).map((line) => `  | ${line}`),
      ]),
    ],
  }, options.format));
  return 0;
}

/** The states of runs on a cluster; undefined if no job was submitted or Slurm does not answer. */
async function statesOnCluster(
  runs: readonly KnownRun[],
  store: Store,
): Promise<ReadonlyMap<string, RunState> | undefined> {
  try {
    const jobs = await jobsOfStore(store);
    return jobs.records.length === 0 ? undefined : await runStates(runs, store, jobs);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`warning: ${error.message}`);
    return undefined;
  }
}
