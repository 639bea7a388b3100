/**
 * `deno task fuzz [WORDS] [--minutes N] [--seed N]`: damages files and lets every reader in whose
 * name the words occur read them, N minutes each (ten if it is not said). Keeps what it finds in
 * `fuzz-findings/`, and ends with 1 where there was anything.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { lines } from "../../lib/bench/contestant.ts";
import { PATIENCE } from "./hunt.ts";
import { targets } from "./targets.ts";
import type { Line } from "./worker.ts";
import { formatNumber } from "../../lib/numbers.ts";
import { UsageError } from "../../lib/errors.ts";
import { countIn, runTask } from "../support/task_options.ts";
import { TEST_FLAGS } from "../support/tasks.ts";

const FINDINGS = "fuzz-findings";
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Findings of one target that are enough. */
const ENOUGH = 20;

/** Hunts for some minutes; the number of rounds and of findings. */
async function hunt(name: string, { minutes, seed }: { minutes: number; seed: number }) {
  const end = performance.now() + 60_000 * minutes;
  let [rounds, found] = [0, 0];
  const report = (round: number, what: string) => {
    found++;
    console.log(`${name}, seed ${seed}, round ${round}: ${what}`);
  };
  while (performance.now() < end && found < ENOUGH) {
    const folder = await Deno.makeTempDir({ prefix: "verydeep-fuzz-" });
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        ...TEST_FLAGS,
        "--no-check",
        WORKER,
        name,
        folder,
        String(seed),
        String(rounds),
      ],
      ...{ stdout: "piped", stderr: "piped" },
    }).spawn();
    const complaints = new Response(child.stderr).text();
    let hangs = false;
    const kill = () => child.kill("SIGKILL");
    let patience = setTimeout(() => {}, 0);
    const wait = () => {
      clearTimeout(patience);
      patience = setTimeout(() => (hangs = true, kill()), 12 * PATIENCE);
    };
    wait();
    for await (const line of lines(child.stdout)) {
      wait();
      const said = JSON.parse(line) as Line;
      rounds = said.rounds + (said.finding ? 1 : 0);
      if (said.finding) report(said.finding.round, said.finding.what);
      if (performance.now() > end || found >= ENOUGH) kill();
    }
    clearTimeout(patience);
    await child.status;
    if (hangs || (performance.now() < end && found < ENOUGH)) {
      const kept = `${FINDINGS}/${name}-${rounds}`;
      await Deno.mkdir(FINDINGS, { recursive: true });
      await Deno.rename(folder, kept);
      const how = hangs
        ? "hangs"
        : `dies, saying "${(await complaints).trim().split("\n").at(-1)}"`;
      report(rounds, `${how}, within a second after this round; its folder is ${kept}`);
      rounds += 1000;
    } else {
      await Deno.remove(folder, { recursive: true });
    }
  }
  return { rounds, found };
}

const USAGE = {
  words: "[WORDS]",
  summary: "Damages files, and lets every reader in whose name the words occur read them.",
  options: {
    minutes: { value: "N", text: "minutes for each reader (default: 10)" },
    seed: { value: "N", text: "whole number that the damages follow from (default: 0)" },
  },
  notes: `Readers: ${targets.map(({ name }) => name).join(", ")}.
Keeps what it finds in ${FINDINGS}/, and ends with 1 where there was anything.`,
} as const;

const code = await runTask("fuzz", USAGE, async (line) => {
  const minutes = countIn(line, "minutes", { least: 0, isWhole: false }) ?? 10;
  const seed = countIn(line, "seed", { least: 0 }) ?? 0;
  const chosen = targets.filter(({ name }) => line.words.every((word) => name.includes(word)));
  if (chosen.length === 0) {
    throw new UsageError(
      `There is no reader with "${
        line.words.join(" ")
      }" in its name; deno task fuzz --help lists them`,
    );
  }
  let all = 0;
  for (const { name } of chosen) {
    const { rounds, found } = await hunt(name, { minutes, seed });
    console.log(`${name}: ${formatNumber(rounds)} files, ${found} findings`);
    all += found;
  }
  return all > 0 ? 1 : 0;
});
Deno.exit(code);
