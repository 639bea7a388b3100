/** The commands: what each is for, which words and options it takes, and where it lies. */
import type { OptionName, Options } from "../command_line/options.ts";
import type { TableName } from "../command_line/tables.ts";

/** A command, before its module is loaded. */
export interface Command {
  readonly summary: string;
  /** Words that may follow the name. */
  readonly words?: { readonly pattern: string; readonly most: number };
  readonly takes: readonly OptionName[];
  /** Loads the module's help text. */
  help(): Promise<string>;
  /** Loads the module and carries the command out. @returns the exit code */
  run(options: Options, words: readonly string[]): Promise<number>;
}

type Facts = Omit<Command, "help" | "run">;

/** Puts facts together with a module that is loaded when it is needed. */
function command<Module extends { readonly help: string }>(
  facts: Facts & { readonly load: () => Promise<Module> },
  call: (module: Module, options: Options, words: readonly string[]) => Promise<number>,
): Command {
  const { load, ...rest } = facts;
  return {
    ...rest,
    help: async () => (await load()).help,
    run: async (options, words) => call(await load(), options, words),
  };
}

/** Options that decide which results are meant: the device by the precision that it prefers. */
export const RESULTS = [
  "setup",
  "dataset",
  "seeds",
  "seed",
  "precision",
  "device",
  "set",
  "data",
  "results",
] as const;
const TABLES = { pattern: "[TABLE...]", most: Infinity };

const TABLE_OPTIONS = [
  ...RESULTS,
  "weights",
  "workers",
  "micro-batch",
  "executor",
  "resources",
  "wait",
  "skip-unreadable",
  "strict",
  "doubtful",
  "dry-run",
  "format",
] as const;

/** Options of runs that are carried out by themselves. */
const ADHOC = [
  ...["config", "S", "update", ...RESULTS] as const,
  ...["workers", "executor", "resources", "wait"] as const,
  ...["micro-batch", "skip-unreadable", "dry-run", "format"] as const,
] as const;

/** The command of one table. */
function table(name: TableName, summary: string): Command {
  return command({
    summary,
    takes: TABLE_OPTIONS,
    load: async () => {
      const { helpOfTable, reproduceTable } = await import("./table.ts");
      return { help: helpOfTable(name), reproduceTable };
    },
  }, ({ reproduceTable }, options) => reproduceTable(name, options));
}

/** Every command by its name, in the order of the overview. */
export const COMMANDS = {
  table1: command({
    summary: "Table 1 of the paper: the six configurations",
    takes: ["format"],
    load: () => import("./table1.ts"),
  }, ({ table1 }, options) => table1(options)),

  table2: command({
    summary: "Table 2 of the paper: the number of parameters",
    takes: ["format"],
    load: () => import("./table2.ts"),
  }, ({ table2 }, options) => table2(options)),

  table3: table("table3", "Table 3 of the paper: train and test at a single scale"),
  table4: table("table4", "Table 4 of the paper: several test scales"),
  table5: table("table5", "Table 5 of the paper: dense and multi-crop evaluation"),
  table6: table("table6", "Table 6 of the paper: several nets together"),
  table7: table("table7", "Table 7 of the paper: beside the results of others"),
  kernels: table("kernels", "Section 4.1's side experiment: 3x3 or 5x5 convolutions"),
  starts: table("starts", "Section 3.1's side experiment: pre-initialisation or random weights"),

  "reproduce-all": command({
    summary: "All seven tables, as one plan",
    takes: TABLE_OPTIONS,
    load: async () => {
      const { helpOfAll, reproduceAll } = await import("./table.ts");
      return { help: helpOfAll(), reproduceAll };
    },
  }, ({ reproduceAll }, options) => reproduceAll(options)),

  claims: command({
    summary: "Which of the paper's claims hold here, by stored results",
    words: { pattern: "[NAME...]", most: Infinity },
    takes: [...RESULTS, "skip-unreadable", "strict", "doubtful", "format"],
    load: () => import("./claims.ts"),
  }, ({ examine }, options, words) => examine(words, options)),

  train: command({
    summary: "Train one net, as the tables do or from another start",
    takes: [...ADHOC, "init-from", "layers"],
    load: () => import("./train.ts"),
  }, ({ train }, options) => train(options)),

  evaluate: command({
    summary: "Test one net at any scales: the paper's, a stored one, or a file's",
    takes: [...ADHOC, "weights", "Q", "method"],
    load: () => import("./evaluate.ts"),
  }, ({ evaluate }, options) => evaluate(options)),

  export: command({
    summary: "Write a stored net's weights for torchvision, Keras or TensorFlow",
    words: { pattern: "KEY FILE", most: 2 },
    takes: ["as", ...RESULTS, "skip-unreadable"],
    load: () => import("./export.ts"),
  }, ({ exportNet }, options, words) => exportNet(words, options)),

  fuse: command({
    summary: "The mean of any stored posteriors, beside its best member",
    words: { pattern: "KEY...", most: Infinity },
    takes: ["method", ...RESULTS, "skip-unreadable", "format"],
    load: () => import("./fuse.ts"),
  }, ({ fuse }, options, words) => fuse(words, options)),

  submission: command({
    summary: "The test server's file for a row of a table, and the score that it gave",
    words: { pattern: "TABLE/ROW|KEY...", most: Infinity },
    takes: [
      ...["score", "method", ...RESULTS, "workers", "micro-batch"] as const,
      ...["skip-unreadable", "dry-run", "format"] as const,
    ],
    load: () => import("./submission.ts"),
  }, ({ submission }, options, words) => submission(words, options)),

  plan: command({
    summary: "What tables would run, what is done already, and what the rest costs",
    words: TABLES,
    takes: [...RESULTS, "workers", "micro-batch", "skip-unreadable", "format"],
    load: () => import("./plan.ts"),
  }, ({ plan }, options, words) => plan(words, options)),

  status: command({
    summary: "What is done, running, failed and still to do",
    words: TABLES,
    takes: [...RESULTS, "skip-unreadable", "format"],
    load: () => import("./status.ts"),
  }, ({ status }, options, words) => status(words, options)),

  cancel: command({
    summary: "Take the jobs behind tables out of a cluster's queue",
    words: TABLES,
    takes: [...RESULTS, "skip-unreadable"],
    load: () => import("./cancel.ts"),
  }, ({ cancel }, options, words) => cancel(words, options)),

  run: command({
    summary: "Carry out one run by its key, as a job of a cluster does",
    words: { pattern: "KEY", most: 1 },
    takes: [...RESULTS, "workers", "micro-batch", "skip-unreadable"],
    load: () => import("./run.ts"),
  }, ({ run }, options, words) => run(words, options)),

  report: command({
    summary: "Draw tables again from stored results",
    words: TABLES,
    takes: [...RESULTS, "weights", "skip-unreadable", "strict", "doubtful", "format"],
    load: () => import("./report.ts"),
  }, ({ report }, options, words) => report(words, options)),

  why: command({
    summary: "Where a run or a row of a table comes from, and what makes it",
    words: { pattern: "KEY|TABLE/ROW", most: 1 },
    takes: [...RESULTS, "skip-unreadable", "format"],
    load: () => import("./why.ts"),
  }, ({ why }, options, words) => why(words, options)),

  diff: command({
    summary: "In which fields two runs differ",
    words: { pattern: "KEY KEY", most: 2 },
    takes: [...RESULTS, "skip-unreadable", "format"],
    load: () => import("./diff.ts"),
  }, ({ diff }, options, words) => diff(words, options)),

  bundle: command({
    summary: "All evidence behind tables in one file, which verify checks anywhere",
    words: { pattern: "FILE [TABLE...]", most: Infinity },
    takes: [...RESULTS, "weights", "skip-unreadable", "strict", "small", "format"],
    load: () => import("./bundle.ts"),
  }, ({ bundle }, options, words) => bundle(words, options)),

  verify: command({
    summary: "Recompute the tables of a bundle from its posteriors",
    words: { pattern: "FILE", most: 1 },
    takes: ["format"],
    load: () => import("./verify.ts"),
  }, ({ verify }, options, words) => verify(words, options)),

  data: command({
    summary: "Make or inspect a data set",
    words: { pattern: "[NAME]", most: 1 },
    takes: ["setup", "data", "skip-unreadable", "verify", "format"],
    load: () => import("./data.ts"),
  }, ({ data }, options, [name = options.setup.dataset]) => data(name, options)),

  setup: command({
    summary: "Install TensorFlow for this project",
    takes: ["check", "gpu", "format"],
    load: () => import("./install.ts"),
  }, ({ setup }, options) => setup(options)),

  doctor: command({
    summary: "Is all well here? doctor resume: same bits after kills? doctor speed: for plans",
    words: { pattern: "[resume|speed]", most: 1 },
    takes: [...RESULTS, "workers", "skip-unreadable", "format"],
    load: () => import("./doctor.ts"),
  }, ({ doctor }, options, words) => doctor(words, options)),

  bench: command({
    summary: "Speed beside PyTorch and stock tfjs-node, as ratios",
    words: { pattern: "[WORD...]", most: Infinity },
    takes: ["format"],
    load: () => import("./bench.ts"),
  }, ({ bench }, options, words) => bench(options, words)),
} as const satisfies Record<string, Command>;

/** Name of a command. */
export type CommandName = keyof typeof COMMANDS;
