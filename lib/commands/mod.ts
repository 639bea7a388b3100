/** The code of each command of the catalogue: modules that are loaded when needed. */
import { CATALOGUE, type OwnCommand } from "../command_line/catalogue.ts";
import type { CommandFacts } from "../command_line/command_facts.ts";
import type { Options } from "../command_line/options.ts";

/** Carries a command out. @returns the exit code */
type CommandRun = (options: Options, words: readonly string[]) => Promise<number>;

/** A command of the catalogue with its code. */
export interface Command extends CommandFacts {
  readonly run: CommandRun;
}

const RUNS: Readonly<Record<OwnCommand, CommandRun>> = {
  table1: async (options, words) => (await import("./table1.ts")).table1(words, options),
  table2: async (options, words) => (await import("./table2.ts")).table2(words, options),
  table: async (options, words) => (await import("./table.ts")).reproduceTables(words, options),
  "reproduce-all": async (options) => (await import("./table.ts")).reproduceAll(options),
  claims: async (options, words) => (await import("./claims.ts")).examine(words, options),
  train: async (options) => (await import("./train.ts")).train(options),
  evaluate: async (options) => (await import("./evaluate.ts")).evaluate(options),
  export: async (options, words) => (await import("./export.ts")).exportNet(words, options),
  "export-log": async (options, words) =>
    (await import("./export_log.ts")).exportLog(words, options),
  fuse: async (options, words) => (await import("./fuse.ts")).fuse(words, options),
  submission: async (options, words) =>
    (await import("./submission.ts")).submission(words, options),
  plan: async (options, words) => (await import("./plan.ts")).plan(words, options),
  status: async (options, words) => (await import("./status.ts")).status(words, options),
  cancel: async (options, words) => (await import("./cancel.ts")).cancel(words, options),
  study: async (options, words) => (await import("./study.ts")).study(words, options),
  init: async (_options, words) => (await import("./init.ts")).init(words),
  setups: async (options, words) => (await import("./setups.ts")).setups(words, options),
  run: async (options, words) => (await import("./run.ts")).run(words, options),
  report: async (options, words) => (await import("./report.ts")).report(words, options),
  why: async (options, words) => (await import("./why.ts")).why(words, options),
  diff: async (options, words) => (await import("./diff.ts")).diff(words, options),
  bundle: async (options, words) => (await import("./bundle.ts")).bundle(words, options),
  verify: async (options, words) => (await import("./verify.ts")).verify(words, options),
  compare: async (options, words) => (await import("./compare.ts")).compare(words, options),
  data: async (options, [name = options.setup.dataset]) =>
    (await import("./data.ts")).data(name, options),
  install: async (options) => (await import("./install.ts")).install(options),
  doctor: async (options, words) => (await import("./doctor.ts")).doctor(words, options),
  bench: async (options, words) => (await import("./bench.ts")).bench(options, words),
};

/** The command called `name`; nothing if there is no such command. */
export function commandNamed(name: string): Command | undefined {
  if (!Object.hasOwn(CATALOGUE, name)) return undefined;
  const table: CommandRun = async (options) =>
    (await import("./table.ts")).reproduceTables([name], options);
  const run = Object.hasOwn(RUNS, name) ? RUNS[name as OwnCommand] : table;
  return { ...CATALOGUE[name]!, run };
}
