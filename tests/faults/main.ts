/**
 * `deno task faults`: makes every file call of a small plan go wrong in turn, in every way, and carries
 * the same command out again. Ends with 1 where anything failed.
 *
 * @module
 */
import { didYouMean } from "../../lib/did_you_mean.ts";
import { UsageError } from "../../lib/errors.ts";
import { count, formatNumber } from "../../lib/numbers.ts";
import { readIfThere } from "../../lib/system/files.ts";
import { threads } from "../../lib/system/machine.ts";
import { clock } from "../../lib/system/progress.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { countIn, runTask, type TaskLine } from "../support/task_options.ts";
import {
  type Case,
  caseInWords,
  caseOf,
  casesOf,
  type FaultName,
  FAULTS,
  sampled,
  sampledPhases,
} from "./cases.ts";
import { CALLS } from "./library.ts";
import { PHASES } from "./phases.ts";
import { Laboratory, type Rehearsed, tryAll, type Verdict } from "./sweep.ts";

const USAGE = {
  words: "[CASE]",
  summary:
    `Makes every file call of a small plan go wrong in turn, in every way, and carries the same command
out again. CASE is what a failure names; it is then tried alone.`,
  options: {
    phase: { value: "NAME,...", text: "phases to try (default: all)" },
    sample: { value: "N", text: "try about N cases; where --phase is absent, of some phases" },
    call: { value: "NAME,...", text: "file calls that go wrong, as unlink (default: all)" },
    passed: { value: "FILE", text: "leave out the cases that it lists, and add those that pass" },
    seed: { value: "TEXT", text: "which sample; texts that differ come to every case" },
    "at-once": { value: "N", text: "processes side by side (default: one for each core)" },
  },
  notes: `Phases: ${PHASES.map(({ name }) => name).join(", ")}.
Ends with 1 where a case failed. All cases take more than an hour.`,
} as const;

const begin = performance.now();
const time = () => clock((performance.now() - begin) / 1000);
let isReplay = false;

Deno.exit(await runTask("faults", USAGE, sweep));

/** Tries the cases that a command line names. @returns the exit code */
async function sweep(line: TaskLine<keyof typeof USAGE.options>): Promise<number> {
  const replayed = line.words.length > 0 ? caseOf(line.words) : undefined;
  isReplay = replayed !== undefined;
  const [sample, atOnce = threads()] = [countIn(line, "sample"), countIn(line, "at-once")];
  const seed = line.given.seed ?? "";
  const names = PHASES.map(({ name }) => name);
  const chosen = replayed
    ? [replayed.phase]
    : line.given.phase?.split(",") ?? (sample ? sampledPhases(names, seed) : names);
  requireKnown(chosen, names, "phase");
  const calls: readonly string[] = line.given.call?.split(",") ?? CALLS;
  requireKnown(calls, CALLS, "call");
  await ensureInstalled(); // or else every process would do it, in a folder of its own
  const folder = await Deno.makeTempDir({ prefix: "verydeep-faults-" });
  try {
    const laboratory = new Laboratory(folder);
    const rehearsed = new Map<string, Rehearsed>();
    const all: Case[] = [];
    for (const phase of PHASES) {
      if (!chosen.includes(phase.name)) continue;
      const done = await laboratory.rehearse(phase);
      rehearsed.set(phase.name, done);
      const cases = casesOf(phase.name, done.calls).filter(({ call }) => calls.includes(call.name));
      all.push(...cases);
      const { seconds } = done.unbroken.ending;
      console.log(
        `${phase.name}: ${count(done.calls.length, "file call")} in ${seconds.toFixed(1)} s, ` +
          count(cases.length, "case"),
      );
    }
    const drawn = replayed ? [replayed] : sample ? sampled(all, sample, seed) : all;
    const { passed } = line.given;
    const known = new Set(passed === undefined ? [] : readIfThere(passed)?.split("\n"));
    const cases = drawn.filter((one) => !known.has(caseInWords(one)));
    // what nothing like it was tried before comes first
    cases.sort((one, other) => one.call.number - other.call.number);
    console.log(
      `${formatNumber(cases.length)} of ${count(all.length, "case")} to try, after ${time()}`,
    );
    const verdicts: Verdict[] = [];
    for await (const verdict of tryAll(cases, { laboratory, rehearsed, atOnce })) {
      verdicts.push(verdict);
      if (passed !== undefined && verdict.wrong === undefined) {
        Deno.writeTextFileSync(passed, `${caseInWords(verdict.one)}\n`, { append: true });
      }
      if (verdict.wrong !== undefined || isReplay) tell(verdict);
      if (verdicts.length % 200 === 0) {
        console.log(`${formatNumber(verdicts.length)} tried, ${time()}`);
      }
    }
    summarise(verdicts);
    return verdicts.some(({ wrong }) => wrong !== undefined) ? 1 : 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** @throws {UsageError} A name that is none of those that there are. */
function requireKnown(names: readonly string[], known: readonly string[], kind: string) {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(
    `There is no ${kind} "${unknown}": the ${kind}s are ${known.join(", ")}.` +
      didYouMean(unknown, known),
  );
}

/** Prints how a case went, and how to try it again. */
function tell({ one, wrong, isHit, endings }: Verdict) {
  console.log(`\n${wrong === undefined ? "passed" : "FAILED"}: ${caseInWords(one)}`);
  if (wrong !== undefined) console.log(`  ${wrong}`);
  if (!isHit) console.log("  the process did not come to this call");
  for (const { code, signal, out, err } of isReplay ? endings : []) {
    console.log(`--- ended with ${signal ?? code}, saying:\n${out}${err}`);
  }
  if (!isReplay) console.log(`  deno task faults ${caseInWords(one)}`);
}

/** Prints how many cases of each kind there were, as a table in Markdown. */
function summarise(verdicts: readonly Verdict[]) {
  const faults = Object.keys(FAULTS) as FaultName[];
  const row = (name: string, those: readonly Verdict[]) => {
    const counts = faults.map((fault) => those.filter(({ one }) => one.fault === fault).length);
    const cells = [...counts, those.length].map((number) => number ? formatNumber(number) : "");
    return `| ${[name, ...cells].join(" | ")} |`;
  };
  const byCall = Map.groupBy(verdicts, ({ one }) => one.call.name);
  console.log(`\n| call | ${faults.join(" | ")} | all |`);
  console.log(`| --- |${" ---: |".repeat(faults.length + 1)}`);
  for (const [name, those] of [...byCall].sort()) console.log(row(name, those));
  console.log(row("all", verdicts));
  const [failed, missed] = [
    verdicts.filter(({ wrong }) => wrong !== undefined).length,
    verdicts.filter(({ isHit }) => !isHit).length,
  ];
  console.log(
    `\n${count(verdicts.length, "case")}: ${failed} failed, ${missed} not reached; ${time()}`,
  );
}
