/**
 * `deno task test`: all tests, and the examples of the documentation, in parts that run side by side,
 * each in its own process. A part prints what it has to say when it ends.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { count, formatNumber } from "../../lib/numbers.ts";
import { threads } from "../../lib/system/machine.ts";
import { clock } from "../../lib/system/progress.ts";
import { countIn, runTask, type TaskLine } from "../support/task_options.ts";
import { TEST_FLAGS } from "../support/tasks.ts";
import { type Counts, countsIn, type Part, partsOf, total } from "./parts.ts";

const USAGE = {
  words: "[FILES]",
  summary: "Runs all tests and the examples of the documentation, in parts side by side.",
  options: {
    "at-once": { value: "N", text: "parts side by side (default: one for each core)" },
  },
  notes: `FILES are files or folders of tests: each is then one part.
Types are not checked: deno check does that. Ends with 1 where a test failed.`,
} as const;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const begin = performance.now();

Deno.exit(await runTask("test", USAGE, testAll));

/** Runs the parts that a command line names, or all. @returns the exit code */
async function testAll(line: TaskLine<keyof typeof USAGE.options>): Promise<number> {
  const waiting = line.words.length > 0
    ? line.words.map((word): Part => ({ name: word, args: [word] }))
    : partsOf(ROOT);
  const counts: Counts[] = [];
  const failed: string[] = [];
  const worker = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const { code, counted } = await test(part);
      counts.push(counted);
      if (code !== 0) failed.push(part.name);
    }
  };
  await Promise.all(Array.from({ length: countIn(line, "at-once") ?? threads() }, worker));
  const { passed, steps, failures, ignored } = total(counts);
  const time = clock((performance.now() - begin) / 1000);
  console.log(
    `\n${failed.length > 0 ? "FAILED" : "ok"} | ${formatNumber(passed)} passed ` +
      `(${count(steps, "step")}) | ${failures} failed | ${ignored} ignored (${time})`,
  );
  if (failed.length > 0) console.error(`error: these tests failed: ${failed.join(", ")}`);
  return failed.length > 0 ? 1 : 0;
}

/** Runs a part's tests and prints what they print. */
async function test({ name, args }: Part) {
  const color = Deno.stdout.isTerminal() && !Deno.noColor
    ? { FORCE_COLOR: "1" }
    : { NO_COLOR: "1" };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", ...TEST_FLAGS, ...args],
    ...{ cwd: ROOT, env: color, stdin: "null", stdout: "piped", stderr: "piped" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  console.log(`\n== ${name}\n${text.trim()}`);
  const counted = countsIn(text);
  // where there are counts Deno says nothing else but that tests failed
  if (counted.passed + counted.failures === 0) console.log(new TextDecoder().decode(stderr).trim());
  return { code, counted };
}
