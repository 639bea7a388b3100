/**
 * Measures what tables and studies of one's own take besides their runs: to open a table's file, to plan a
 * grid of 1,000 rows, and to report it. Prints each beside its bound, in processor time, which does not
 * include other programs: where a machine has nothing else to do, no more time passes. Commands take turns.
 *
 * usage: deno run -A lib/bench/own_tables.ts [ROUNDS]
 */
import { join } from "node:path";
import { CATALOGUE } from "../command_line/catalogue.ts";
import { describedStudy } from "../command_line/known_runs.ts";
import { readCommandLine, resolveOptions, ROOT } from "../command_line/options.ts";
import { tablesNamed } from "../command_line/tables.ts";
import { taskWords } from "../command_line/task_words.ts";
import { isEvaluation } from "../experiment.ts";
import { plan } from "../plan.ts";
import { uniform } from "../statistics/random.ts";
import { markdownTable } from "../report/markdown.ts";
import { makeStore } from "../store/mod.ts";
import { median } from "./race.ts";

const rounds = Number(Deno.args[0] ?? 7);

/** Validation images and classes of the report. */
const [IMAGES, CLASSES] = [10_000, 20];

/** What is promised, seconds. */
const BOUNDS = { import: 0.05, plan: 1, report: 10 };

const TABLE = `import { table3 } from "verydeep";
export default { ...table3, name: "copy" };
`;

const GRID = `import { study } from "verydeep";
export default study({
  name: "thousand",
  caption: "A thousand rows",
  grid: {
    dropout: Array.from({ length: 100 }, (_, i) => i / 200),
    weightDecay: Array.from({ length: 10 }, (_, i) => (i + 1) / 1e4),
  },
});
`;

const folder = Deno.makeTempDirSync({ prefix: "verydeep-bench-" });
const [table, grid] = [join(folder, "table.ts"), join(folder, "grid.ts")];
const OPTIONS = [
  ...["--setup", "smoke", "--set", `scenes.val=${IMAGES},scenes.classes=${CLASSES}`],
  ...["--data", `${folder}/data`, "--results", `${folder}/results`],
];

/** Wall and processor time of a command with its task's permissions, seconds. */
function timeOf(command: string, word: string): Time {
  const words = [Deno.execPath(), ...taskWords(command).slice(1)];
  const begin = performance.now();
  const { success, stdout, stderr } = new Deno.Command("sh", {
    args: ["-c", '"$@" > /dev/null && times', "sh", ...words, word, ...OPTIONS],
    cwd: ROOT,
  }).outputSync();
  const wall = (performance.now() - begin) / 1000;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot measure ${command}: ${text(stderr)}`);
  // the last line is of the shell's children: user and system, as in 0m1.25s
  const parts = text(stdout).trim().split("\n").at(-1)!.matchAll(/(\d+)m([\d.]+)s/g);
  const processor = parts.reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return { wall, processor };
}

interface Time {
  readonly wall: number;
  readonly processor: number;
}

/** Stores posteriors for every row of the grid; errors fall from row to row. */
async function fillStore() {
  const options = resolveOptions(readCommandLine(["study", ...OPTIONS]), {
    ...{ command: "study", takes: CATALOGUE.study!.takes },
  });
  const { contexts } = await describedStudy(options);
  const runs = plan(await tablesNamed([grid], options), contexts)
    .filter(({ run }) => isEvaluation(run));
  const store = makeStore(options.results);
  const draw = uniform(0);
  const labels = Int32Array.from({ length: IMAGES }, (_, image) => image % CLASSES);
  const hardness = Float64Array.from({ length: IMAGES }, draw);
  for (const [row, run] of runs.entries()) {
    const values = new Float32Array(IMAGES * CLASSES).fill(1 / 2 / CLASSES);
    const ease = 0.3 + 0.4 * row / runs.length;
    labels.forEach((label, image) => {
      const isRight = hardness[image]! + 0.3 * (draw() - 0.5) < ease;
      values[image * CLASSES + (label + (isRight ? 0 : 1)) % CLASSES]! += 1 / 2;
    });
    store.writePosteriors(run, { classes: CLASSES, values, labels });
  }
}

try {
  Deno.writeTextFileSync(table, TABLE);
  Deno.writeTextFileSync(grid, GRID);
  await fillStore();
  const cases = [
    ["plan", "table3"],
    ["plan", table],
    ["plan", grid],
    ["report", grid],
  ] as const;
  const times = cases.map((): Time[] => []);
  for (let round = 0; round < rounds; round++) {
    cases.forEach(([command, word], i) => times[i]!.push(timeOf(command, word)));
  }
  const [own, file, planned, reported] = times as [Time[], Time[], Time[], Time[]];
  const added = file.map(({ wall, processor }, i) => (
    { wall: wall - own[i]!.wall, processor: processor - own[i]!.processor }
  ));
  const rows = [
    ["a table's file, more than a table of the paper", added, BOUNDS.import],
    ["plan of 1,000 rows, with the start of the program", planned, BOUNDS.plan],
    [`report of 1,000 rows of ${IMAGES} images`, reported, BOUNDS.report],
  ] as const;
  const seconds = (value: number) => value.toFixed(value < 1 ? 3 : 2);
  console.log(markdownTable(
    ["what", "processor time, s", "least", "greatest", "elapsed, s", "bound, s", "bound / time"],
    rows.map(([what, of, bound]) => {
      const own = of.map(({ processor }) => processor);
      const elapsed = median(of.map(({ wall }) => wall));
      return [
        ...[what, ...[median(own), Math.min(...own), Math.max(...own), elapsed].map(seconds)],
        ...[String(bound), (bound / median(own)).toFixed(1)],
      ];
    }),
    ["left", ...Array(6).fill("right")],
  ));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
