/**
 * `deno task coverage`: runs all tests and says how many lines of lib/ they ran, worst files first.
 * Ends with 1 where it is less than 90 %.
 *
 * Nothing is left out: what a GPU alone would run, and what only ran in processes that were killed,
 * which tell nothing, counts as never run.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type FileLines, neverLoaded, ranges, readLcov, share } from "./lcov.ts";
import { formatNumber } from "../../lib/numbers.ts";
import { filesBelow } from "../support/files.ts";
import { runTask } from "../support/task_options.ts";
import { TEST_FLAGS } from "../support/tasks.ts";

/** Lines that must have run, per cent. */
const ENOUGH = 90;
/** Files of which so much ran are not listed. */
const GOOD = 95;

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs all tests. @returns what they covered, as lcov; or the exit code of tests that failed */
async function covered(): Promise<string | number> {
  await Deno.remove(`${root}coverage`, { recursive: true }).catch(() => {});
  const deno = (args: readonly string[], stdout: "inherit" | "piped") =>
    new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, stdout, stderr: "inherit" });
  const tests = ["test", ...TEST_FLAGS, "--coverage=coverage", "--coverage-raw-data-only"];
  const { code } = await deno(tests, "inherit").spawn().status;
  if (code !== 0) return code;
  const report = deno(["coverage", "--lcov", "--include=/lib/", "coverage"], "piped");
  const { code: failed, stdout } = await report.output();
  return failed || new TextDecoder().decode(stdout);
}

/** Prints the share of lines that ran. @returns the exit code */
function tell(lcov: string): number {
  const seen = new Map(
    readLcov(lcov)
      .map((lines) => [lines.file.replaceAll("\\", "/").slice(root.length), lines]),
  );
  const lib = filesBelow(`${root}lib`).map((path) => `lib/${path}`);
  const files = lib.filter((file) => file.endsWith(".ts")).map((file): FileLines => {
    return {
      ...seen.get(file) ?? neverLoaded(file, Deno.readTextFileSync(`${root}${file}`)),
      file,
    };
  });
  const listed = files.filter((file) => share([file]) < GOOD)
    .sort((one, other) => share([one]) - share([other]));
  const percent = (files: readonly FileLines[]) => `${share(files).toFixed(1).padStart(5)} %`;
  for (const file of listed) {
    const missed = ranges(file.missed);
    const shown = missed.length > 60
      ? `${missed.slice(0, missed.lastIndexOf(",", 60))}, ...`
      : missed;
    console.log(`${percent([file])}  ${file.file}  not ${shown}`);
  }
  const count = (of: (file: FileLines) => number) =>
    formatNumber(files.reduce((sum, file) => sum + of(file), 0));
  console.log(
    `${percent(files)}  lib: of ${count(({ lines }) => lines)} lines all but ` +
      `${count(({ missed }) => missed.length)} ran; ${files.length - listed.length} files of ` +
      `${files.length}, with ${GOOD} % or more each, are not listed`,
  );
  if (share(files) < ENOUGH) {
    console.error(`error: less than ${ENOUGH} % of the lines of lib ran in the tests`);
    return 1;
  }
  return 0;
}

const USAGE = {
  summary: "Runs all tests, which takes minutes, and says which lines of lib/ never ran.",
  notes: `Ends with 1 where less than ${ENOUGH} % ran, and with the code of tests that failed.`,
};

const code = await runTask("coverage", USAGE, async () => {
  const lcov = await covered();
  return typeof lcov === "number" ? lcov : tell(lcov);
});
Deno.exit(code);
