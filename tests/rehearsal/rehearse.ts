/**
 * The rehearsal: what somebody with ILSVRC-2012 types, carried out on archives of fewer images under
 * `--setup paper` with fewer iterations. What each command answers is compared with what must be so.
 *
 * @module
 */
import { storedRun } from "../support/in_store.ts";
import assert from "node:assert/strict";
import { entriesIn } from "../../lib/system/files.ts";
import { clock } from "../../lib/system/progress.ts";
import { openStore, type Store } from "../../lib/store/mod.ts";
import type { LogEntry } from "../../lib/vgg/checkpoint.ts";
import { type Amount, makeArchives } from "./archives.ts";
import { mustBeErrorsOf, mustBeSubmission, mustHaveClasses } from "./checks.ts";
import { command, effortInWords, type TaskName } from "./command.ts";

/** How large a rehearsal is. */
export interface Scale extends Amount {
  /** Fields of the setup that are changed, as `--set` takes them. */
  readonly set: string;
  /** The net whose training is killed once it has a checkpoint, by its place in the chain. */
  readonly killed: number;
}

/** Whole nets, crops of 224 pixels and batches of 256; images and iterations are few. */
export const FULL: Scale = {
  ...{ each: 2, val: 50, test: 20, scenes: 10, side: 500 },
  set: "schedules.first.images=256,schedules.finer.images=256,schedules.jittered.images=512," +
    "validations=2",
  killed: 3,
};

/** How a rehearsal is carried out. */
export interface RehearsalOptions {
  readonly scale: Scale;
  /** An empty folder for data and results. */
  readonly folder: string;
  /** More options that decide which results are meant, as `--precision bfloat16`. */
  readonly options?: readonly string[];
  /** Told what is done and what it came to, line by line. */
  readonly say: (line: string) => void;
  /** Given what commands write to standard error. */
  readonly onProgress?: (text: string) => void;
}

/** The end of the longest chain: A at 256, D at 256, D at 384, D from 256 to 512. */
const NET = ["--config", "D", "--S", "256,512"];

/** Its row in Table 3, where it is tested at one scale. */
const [ROW, Q] = ["table3/D/256-512", 384];

/**
 * Carries a rehearsal out. Commands are said as a shell takes them.
 *
 * @throws Something is not as it must be.
 */
export async function rehearse(
  { scale, folder, options = [], say, onProgress = () => {} }: RehearsalOptions,
) {
  const [data, results] = [`${folder}/data`, `${folder}/results`];
  const paper = ["--setup", "paper", "--data", data];
  const capped = ["--results", results, "--set", scale.set, ...options];
  const variables = new Map([["$paper", paper], ["$capped", [...paper, ...capped]]]);

  /** Carries a command out, says what it took, and returns what it printed. */
  async function step(task: TaskName, words: readonly string[], killWhen?: () => boolean) {
    say(["deno task", task, ...words].join(" "));
    const args = words.flatMap((word) => variables.get(word) ?? [word]);
    const outcome = await command(task, args, { onProgress, ...killWhen && { killWhen } });
    say(`  ${killWhen ? "killed after " : ""}${effortInWords(outcome)}`);
    return outcome.records;
  }

  say(`archives of ${1000 * scale.each + scale.val + scale.test} images`);
  const begin = performance.now();
  await Deno.mkdir(data, { recursive: true });
  await makeArchives(data, scale);
  say(`  ${clock((performance.now() - begin) / 1000)}`);

  say(`paper="${paper.join(" ")}"`);
  say(`capped="$paper ${capped.join(" ")}"`);
  mustHaveClasses(await step("data", ["ilsvrc2012", "--data", data]), scale);
  const whole = await step("plan", ["table3", "$paper"]);
  say(`  Table 3 without a cap: ${planned(whole)}`);

  const trainings = await step("train", [...NET, "$capped", "--dry-run"]);
  say(`  planned: ${planned(trainings)}`);
  const { key } = trainings[scale.killed];
  await step("train", [...NET, "$capped"], () => updatesKept(key, results) > 0);
  const kept = updatesKept(key, results);
  const store = openedIn(results)!;
  const before = logOf(key, store).filter(({ step }) => step <= kept);
  await step("train", [...NET, "$capped"]);
  const log = logOf(key, store);
  assert.deepEqual(log.slice(0, before.length), before);
  assert.notEqual(log.at(-1)?.validation, undefined);
  for (const { run, key, seconds } of trainings) {
    say(`  ${run}: ${executions(key, store)}; planned: ${clock(seconds)}`);
  }

  const errors = [];
  for (const [method, Qs] of [["dense", "256,384,512"], ["multi-crop", `${Q}`]] as const) {
    const words = [...NET, "--Q", Qs, "--method", method, "$capped"];
    const records = await step("evaluate", words);
    errors.push(...records.filter(({ key }) => !key.includes(" "))); // without the mean of all
  }
  for (const record of errors) {
    using posteriors = store.openPosteriors(storedRun(store, record.key));
    mustBeErrorsOf(posteriors, scale, record);
    say(`  ${record.run}: ${executions(record.key, store)}`);
  }

  const [written] = await step("submission", [ROW, "$capped"]);
  const tested = errors.find((record) => record.Q === Q && record.method === "dense")!;
  using posteriors = store.openPosteriors(storedRun(store, tested.key));
  mustBeSubmission(Deno.readTextFileSync(written.file), posteriors, scale);

  // a net that has learnt so little may be at chance, and its number left out unless asked for
  const rows = await step("report", ["table3", "$capped", "--include-at-chance"]);
  const row = rows.find(({ run }) => run === tested.key);
  assert.deepEqual([row?.top1_error, row?.top5_error], [tested.top1_error, tested.top5_error]);
}

/** The time that a plan says. */
function planned(records: readonly { readonly seconds: number }[]): string {
  return clock(records.reduce((sum, { seconds }) => sum + seconds, 0));
}

/** The store in a folder of results, if there is one yet. */
function openedIn(results: string): Store | undefined {
  const [setup] = entriesIn(results);
  return setup && openStore(`${results}/${setup.name}`);
}

/** Updates that a training would not do again: those of its checkpoint, or all where it is done. */
function updatesKept(key: string, results: string): number {
  const store = openedIn(results);
  const run = store?.runs().find((run) => run.key === key);
  if (store === undefined || run === undefined) return 0;
  if (store.status(run).state === "done") return Infinity;
  try {
    return store.progressOf(run);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0; // the next one takes its place
    throw error;
  }
}

function logOf(key: string, store: Store): LogEntry[] {
  return store.readLog(storedRun(store, key));
}

/** How long a run took, in each of its executions. */
function executions(key: string, store: Store): string {
  return store.readExecutions(storedRun(store, key))
    .map(({ seconds }) => seconds === undefined ? "killed" : clock(seconds)).join(", then ");
}
