/**
 * Commands about tables: the printed Tables 1 and 2, a command for every table that has runs, and
 * those that carry out several tables, a study, or tests of claims on their results.
 *
 * @module
 */
import claims from "../../experiments/claims.ts";
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import type { ListedTable } from "../experiment.ts";
import { type CommandFacts, OWN_TABLES, RESULTS, TABLES } from "./command_facts.ts";
import type { OptionName } from "./option_list.ts";

const TABLE_OPTIONS: readonly OptionName[] = [
  ...RESULTS,
  "weights",
  "input",
  "workers",
  "micro-batch",
  "deterministic",
  "executor",
  "resources",
  "wait",
  "skip-unreadable",
  "strict",
  "include-at-chance",
  "compare",
  "intervals",
  "dry-run",
  "yes",
  "format",
];

const HOW_TABLES_RUN =
  "Trains the nets that it needs, each once, ancestors first; tests them; and prints their errors " +
  "next to the published ones. Runs that are done are not repeated, and an interrupted run " +
  "continues. Installs TensorFlow and makes the data set first if they are missing. Each table is " +
  "also written as CSV, Markdown and LaTeX. With --weights, the nets with S in [256;512] come from " +
  "the files or stored trainings that it names: only their rows are tested, nothing is trained, " +
  "and other rows show what is stored.";

/** The command of one table, from what its experiment file says of it. */
function tableCommand({ name, help }: ListedTable): CommandFacts {
  return {
    summary: help.summary,
    takes: TABLE_OPTIONS,
    about: `${help.about} ${HOW_TABLES_RUN}`,
    examples: {
      [`${name} --setup smoke`]: "a quick test of everything",
      [name]: "a scaled-down run",
      [`${name} --seeds 3`]: "mean and standard deviation",
      [`${name} --dry-run`]: "what would run",
      [`${name} --dataset folder --data DIR`]: "your own images",
      ...paperTables.some((table) => table.name === name) &&
        { [`${name} --weights D=FILE,E=FILE`]: "released weights" },
    },
  };
}

/** Commands of tables, by the tables' names. */
export const tableCommands: Readonly<Record<string, CommandFacts>> = Object.fromEntries(
  [...paperTables, ...sideExperiments].map((table) => [table.name, tableCommand(table)]),
);

/** Commands that print what the paper says of its nets, or what a file says of its own, and run nothing. */
export const printedTableCommands = {
  table1: {
    summary: "Table 1: the six configurations",
    words: TABLES,
    takes: ["format"],
    about: "Prints the configurations that all other commands train, from the data that defines " +
      "them; or the nets of other tables. As csv or json: one record for each layer with weights. " +
      OWN_TABLES,
    examples: {
      "table1": "the table of the paper",
      "table1 ./mine.ts": "the layers of nets of your own",
      "table1 --format csv": "every layer with its shape and parameters",
    },
  },
  table2: {
    summary: "Table 2: the number of parameters",
    words: TABLES,
    takes: ["format"],
    about:
      "Counts the weights and biases of the paper's networks (224 pixels, 1,000 classes) from " +
      "the data of Table 1, and prints them next to the paper's numbers, in millions; or those of " +
      `the nets of other tables. ${OWN_TABLES}`,
    examples: {
      "table2": "counted and published",
      "table2 ./mine.ts": "counted for nets of your own",
      "table2 --format json": "the same for a program",
    },
  },
} as const satisfies Record<string, CommandFacts>;

/** Commands that carry out any tables or a study, and the one that tests claims on their results. */
export const tableSetCommands = {
  table: {
    summary: "Reproduce the named tables, as one plan",
    words: { pattern: "TABLE...", most: Infinity },
    takes: TABLE_OPTIONS,
    about: "The tables that it names, as one plan: runs that they share are done once. " +
      `${OWN_TABLES} ${HOW_TABLES_RUN}`,
    examples: {
      "table table3 table4": "two of the paper's tables",
      "table filter-size initialisation": "both side experiments",
      "table ./mine.ts": "a table of your own",
      "table table3 --dry-run": "what would run",
    },
  },
  study: {
    summary: "A grid of experiments as one table, sorted by error",
    words: { pattern: "FILE", most: 1 },
    takes: [
      ...[...RESULTS, "workers", "micro-batch", "executor", "resources", "wait"] as const,
      ...[
        "deterministic",
        "skip-unreadable",
        "include-at-chance",
        "dry-run",
        "yes",
        "format",
      ] as const,
    ],
    about:
      "Carries out every combination of the values in a grid that a file declares: nets, S, Q, " +
      "methods, seeds, and any fields of the setup. Prints a row for each, sorted by error, with " +
      "intervals, the best row, p-values corrected for all pairs, and letters: rows without a common " +
      "letter differ. Runs that tables and studies share are done once, and an interrupted study " +
      "continues. Also written as CSV, Markdown and LaTeX. Every command that takes a table takes " +
      "the file, too. " +
      "docs/how-to/study.md.",
    examples: {
      "study ./mine.ts --setup smoke": "a quick test of a study",
      "study ./mine.ts --dry-run": "what would run",
      "study ./mine.ts --executor slurm": "as jobs of a cluster",
    },
  },
  "reproduce-all": {
    summary: "All seven tables, as one plan",
    takes: TABLE_OPTIONS,
    about: `Tables 1 to 7, as one plan: runs that they share are done once. ${HOW_TABLES_RUN} ` +
      "all.csv, tables.tex and report.html hold all tables; report.html has learning curves and " +
      "other plots.",
    examples: {
      "reproduce-all --setup smoke": "a quick test of everything",
      "reproduce-all": "small nets on small pictures",
      "reproduce-all --dry-run": "what would run",
      "reproduce-all --setup paper --data DIR": "the paper itself",
      "reproduce-all --executor slurm": "as jobs of a cluster",
    },
  },
  claims: {
    summary: "Test the paper's claims on the stored results",
    words: { pattern: "[NAME|FILE...]", most: Infinity },
    takes: [...RESULTS, "skip-unreadable", "strict", "include-at-chance", "yes", "format"],
    about:
      "Tests the paper's conclusions, sentence by sentence, on the stored errors: each claim " +
      "holds, is contradicted or is undecided. Prints the differences, their intervals and " +
      "p-values, and how many images would decide. A FILE, as in ./mine.ts, has claims of your own " +
      "about its rows. Trains and tests nothing. Most of the paper's claims need " +
      "Tables 3 to 6; two need the side experiments: deno task filter-size, deno task " +
      `initialisation. The claims are ${claims.map(({ name }) => name).join(", ")}.`,
    examples: {
      "claims": "all claims under the small setup",
      "claims depth fusion --seeds 3": "two claims, with three seeds",
      "claims --setup smoke --format csv": "for a program",
    },
  },
} as const satisfies Record<string, CommandFacts>;
