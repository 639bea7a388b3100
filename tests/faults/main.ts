/**
 * `deno task faults [CASE] [--sample N --seed TEXT] [--phase NAME,...] [--at-once N]`: makes every file
 * call of a small plan go wrong in turn, in every way, and carries the same command out again. CASE is
 * what a failure names; it is then tried alone. Ends with 1 where anything failed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { count, formatNumber } from "../../lib/numbers.ts";
import { clock } from "../../lib/system/progress.ts";
import {
  type Case,
  caseInWords,
  caseOf,
  casesOf,
  type FaultName,
  FAULTS,
  sampled,
} from "./cases.ts";
import { PHASES } from "./phases.ts";
import { Laboratory, type Rehearsed, tryAll, type Verdict } from "./sweep.ts";

const options = parseArgs(Deno.args, { string: ["sample", "seed", "phase", "at-once"] });
const { sample, seed = "", phase: phases } = options;
const atOnce = Number(options["at-once"] ?? navigator.hardwareConcurrency);
const words = options._.map(String);
const replayed = words.length > 0 ? caseOf(words) : undefined;
const begin = performance.now();
const time = () => clock((performance.now() - begin) / 1000);

const chosen = replayed ? [replayed.phase] : phases?.split(",");
const folder = await Deno.makeTempDir({ prefix: "verydeep-faults-" });
try {
  const laboratory = new Laboratory(folder);
  const rehearsed = new Map<string, Rehearsed>();
  const all: Case[] = [];
  for (const phase of PHASES) {
    if (chosen && !chosen.includes(phase.name)) continue;
    const done = await laboratory.rehearse(phase);
    rehearsed.set(phase.name, done);
    const cases = casesOf(phase.name, done.calls);
    all.push(...cases);
    const { seconds } = done.unbroken.ending;
    console.log(
      `${phase.name}: ${count(done.calls.length, "file call")} in ${seconds.toFixed(1)} s, ` +
        count(cases.length, "case"),
    );
  }
  const cases = replayed ? [replayed] : sample ? sampled(all, Number(sample), seed) : all;
  // what nothing like it was tried before comes first
  cases.sort((one, other) => one.call.number - other.call.number);
  console.log(
    `${formatNumber(cases.length)} of ${count(all.length, "case")} to try, after ${time()}`,
  );
  const verdicts: Verdict[] = [];
  for await (const verdict of tryAll(cases, { laboratory, rehearsed, atOnce })) {
    verdicts.push(verdict);
    if (verdict.wrong !== undefined || replayed) tell(verdict);
    if (verdicts.length % 200 === 0) {
      console.log(`${formatNumber(verdicts.length)} tried, ${time()}`);
    }
  }
  summarise(verdicts);
  Deno.exitCode = verdicts.some(({ wrong }) => wrong !== undefined) ? 1 : 0;
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Prints how a case went, and how to try it again. */
function tell({ one, wrong, isHit, endings }: Verdict) {
  console.log(`\n${wrong === undefined ? "passed" : "FAILED"}: ${caseInWords(one)}`);
  if (wrong !== undefined) console.log(`  ${wrong}`);
  if (!isHit) console.log("  the process did not come to this call");
  for (const { code, signal, out, err } of replayed ? endings : []) {
    console.log(`--- ended with ${signal ?? code}, saying:\n${out}${err}`);
  }
  if (!replayed) console.log(`  deno task faults ${caseInWords(one)}`);
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
