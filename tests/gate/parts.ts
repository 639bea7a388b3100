/** The tests in parts, one for each folder, and how many of them passed. */
import { join } from "node:path";
import { filesBelow } from "../support/files.ts";

/** Tests that run in one process, one after the other. */
export interface Part {
  readonly name: string;
  /** What `deno test` is told beside its permissions. */
  readonly args: readonly string[];
}

/** How many tests a process ran. */
export interface Counts {
  readonly passed: number;
  readonly steps: number;
  readonly failures: number;
  readonly ignored: number;
}

/** The parts that take longest, which begin first, so that none of them goes on alone at the end. */
const LONG = ["reliability", "docs_test.ts", "slurm", "vgg", "executors", "parity", "rehearsal"];

/** What has doc comments or pages whose examples are run. */
const DOCUMENTED = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "REPRODUCED.md", "docs"],
  ...["mod.ts", "cli.ts", "lib", "experiments"],
];

/**
 * All tests of a project: a part for each folder and each file of tests/, and one for the examples in
 * pages and doc comments.
 */
export function partsOf(root: string): Part[] {
  const entries = [...Deno.readDirSync(join(root, "tests"))]
    .filter(({ name, isDirectory }) => {
      return isDirectory ? filesBelow(join(root, "tests", name)).some(isTest) : isTest(name);
    })
    .map(({ name }) => name);
  const rank = (name: string) => LONG.includes(name) ? LONG.indexOf(name) : LONG.length;
  entries.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  return [
    ...entries.map((name) => ({ name: `tests/${name}`, args: [`tests/${name}`] })),
    { name: "examples", args: ["--doc", ...DOCUMENTED] },
  ];
}

const isTest = (name: string) => name.endsWith("_test.ts");

/** The counts in the last line of `deno test`; zeros where there is none. */
export function countsIn(text: string): Counts {
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
  const last = plain.trim().split("\n").findLast((line) => /^(ok|FAILED) \| /.test(line)) ?? "";
  const numberBefore = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(last)?.[1] ?? 0);
  return {
    passed: numberBefore("passed"),
    // those of tests that passed, and of those that failed
    steps: [...last.matchAll(/\((\d+) steps?\)/g)].reduce((sum, [, steps]) => sum + +steps!, 0),
    failures: numberBefore("failed"),
    ignored: numberBefore("ignored"),
  };
}

/** Counts of several processes together. */
export function total(counts: readonly Counts[]): Counts {
  const sum = (name: keyof Counts) => counts.reduce((all, one) => all + one[name], 0);
  return {
    ...{ passed: sum("passed"), steps: sum("steps") },
    ...{ failures: sum("failures"), ignored: sum("ignored") },
  };
}
