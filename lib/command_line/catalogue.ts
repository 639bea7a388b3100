/**
 * Every command: its name, summary, arguments, options, explanation and examples. Help texts, the
 * overview, deno.json's descriptions and the README's table are made from this list, or a test
 * compares them with it. `commands/mod.ts` adds what each command does.
 *
 * @module
 */
import claims from "../../experiments/claims.ts";
import { paperTables, sideExperiments } from "../../experiments/mod.ts";
import type { ListedTable } from "../experiment.ts";
import type { OptionName } from "./option_list.ts";

/** What a command is, without the code that carries it out. */
export interface CommandFacts {
  /** One line, for the overview. */
  readonly summary: string;
  /** Arguments that may follow the name. */
  readonly words?: { readonly pattern: string; readonly most: number };
  readonly takes: readonly OptionName[];
  /** What it does, in one paragraph. */
  readonly about: string;
  /** Command lines without `deno task`, and what each does. */
  readonly examples: Readonly<Record<string, string>>;
}

/** Options that choose results. The device counts because of the precision that it prefers. */
export const RESULTS = [
  "setup",
  "dataset",
  "labels",
  "seeds",
  "seed",
  "precision",
  "device",
  "set",
  "data",
  "results",
] as const;

/** A TABLE is the name of a table, or a file or folder with tables of the user's own. */
const TABLES = { pattern: "[TABLE...]", most: Infinity };

const OWN_TABLES = "A TABLE may be a file or a folder of your own, as in ./mine.ts: " +
  "docs/how-to/own-tables.md.";

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

/** Options of commands that carry out runs outside of tables. */
const RUN_OPTIONS: readonly OptionName[] = [
  ...["config", "S", "update", ...RESULTS] as const,
  ...["workers", "executor", "resources", "wait"] as const,
  ...["micro-batch", "deterministic", "skip-unreadable", "dry-run", "format"] as const,
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
const tableCommands: Readonly<Record<string, CommandFacts>> = Object.fromEntries(
  [...paperTables, ...sideExperiments].map((table) => [table.name, tableCommand(table)]),
);

/** Commands that print what the paper says of its nets, or what a file says of its own, and run nothing. */
const printed = {
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

/** All other commands. */
const others = {
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
  train: {
    summary: "Train one net, as the tables do or from another start",
    takes: [...RUN_OPTIONS, "init-from", "input", "layers"],
    about: "Trains a net and its ancestors, unless they are done. Without --init-from it is the " +
      "paper's own net, with the paper's chain of ancestors, and so the run that the tables use. " +
      "Scales other than 256 use the setup's finer or jittered schedule. --init-from copies weights " +
      "by layer name: all layers of a net of the same config; otherwise those that the paper's " +
      "deeper nets copy from net A, or those of --layers. --config ./mine.ts/F is net F of a file " +
      "with tables, as the file starts it; without --S at its only scale. --update fc freezes the " +
      "convolutions. " +
      "--executor slurm submits jobs to a cluster.",
    examples: {
      "train --config D --S 384": "a net of Table 3",
      "train --config D --S 256,512 --update fc": "Section 4.4's net",
      "train --config E --S 256 --init-from random": "without net A",
      "train --config E --S 256 --init-from 0123abcd": "from a stored net",
      "train --config D --S 256 --dry-run": "what would run",
    },
  },
  evaluate: {
    summary: "Test one net at any scales: the paper's, a stored one, or a file's",
    takes: [...RUN_OPTIONS, "weights", "input", "Q", "method"],
    about:
      "Tests a net at each Q with each method, and prints each error and the error of the mean " +
      "of all posteriors, with 95 % intervals. The net is the paper's own net of --config and --S, " +
      "which is trained first if necessary, or a file's, as in --config ./mine.ts/F; or --weights: a stored training, or a file of weights, " +
      "which is copied into the store. Files can be Keras's VGG (HDF5), torchvision's (safetensors " +
      "or .pth) or a store's own weights.safetensors. The posteriors are stored where the tables " +
      "use them. --executor slurm submits jobs to a cluster.",
    examples: {
      "evaluate --config D --S 384 --Q 352,384,416": "a row of Table 4",
      "evaluate --weights 0123abcd --method multi-crop": "a stored net",
      "evaluate --weights vgg16.h5 --Q 256,384,512": "a released net",
      "evaluate --config D --S 384 --dry-run": "what would run",
    },
  },
  export: {
    summary: "Write a stored net for torchvision, Keras, TensorFlow, ONNX, browsers",
    words: { pattern: "KEY FILE", most: 2 },
    takes: ["as", "raw", ...RESULTS, "skip-unreadable"],
    about:
      "Writes the weights of a finished training, which the first digits of its key name, and " +
      "prints what the net expects as input: --as torchvision, a state_dict of its VGG as a " +
      "safetensors file; --as keras, an HDF5 file for load_weights of its VGG; --as savedmodel, a " +
      "folder for TensorFlow that includes the input's mean and the soft-max; --as onnx, a file for " +
      "any runtime of ONNX that includes them, too, unless --raw is given, and takes whole images of " +
      "any size; --as page, a folder whose index.html shows the net at work in a browser, without network. " +
      "A card says what the net is: FILE.md, or README.md in the folder.",
    examples: {
      "export 0123abcd d.safetensors --as torchvision": "for PyTorch",
      "export 0123abcd d.h5 --as keras": "for Keras",
      "export 0123abcd d --as savedmodel": "for TensorFlow, in Python or elsewhere",
      "export 0123abcd d.onnx --as onnx": "for ONNX Runtime, in browsers, on phones or elsewhere",
      "export 0123abcd results/small/net --as page": "drop pictures on it, beside report.html",
    },
  },
  "export-log": {
    summary: "Write the logs of runs for MLflow",
    words: { pattern: "[FOLDER]", most: 1 },
    takes: ["as", ...RESULTS],
    about:
      "Writes every run that was begun as MLflow's file store keeps it: the recipe as parameters, " +
      "losses, rates and errors as metrics with their steps, machine and commit as tags, and " +
      "evaluations under their trainings. FOLDER is mlruns beside the results if none is named; " +
      "another export replaces the same runs there and nothing else. Needs no network and no MLflow. " +
      "TensorBoard reads the logs where they are. docs/how-to/trackers.md.",
    examples: {
      "export-log --as mlflow": "to results/small/mlruns",
      "export-log mlruns --as mlflow --setup smoke": "to your mlruns",
    },
  },
  fuse: {
    summary: "Average any stored posteriors, and compare with the best of them",
    words: { pattern: "KEY...", most: Infinity },
    takes: ["method", ...RESULTS, "skip-unreadable", "format"],
    about:
      "Averages posteriors, as the paper does over scales, methods and nets. Prints the error " +
      "of each member and of the mean, with 95 % intervals, and compares the mean with its best " +
      "member on the same images. A KEY, or its first digits, names an evaluation, or a training " +
      "and with it all of its stored evaluations. Every evaluation has the same weight. Trains and " +
      "tests nothing.",
    examples: {
      "fuse 0123abcd 4567cdef": "two nets, all their scales",
      "fuse 0123abcd --method dense,multi-crop": "as in Table 5",
      "fuse 0123abcd 4567cdef --format json": "for a program",
    },
  },
  submission: {
    summary: "Write a submission to ILSVRC's test server, or record its score",
    words: { pattern: "TABLE/ROW|KEY...", most: Infinity },
    takes: [
      ...["score", "method", ...RESULTS, "workers", "micro-batch"] as const,
      ...["deterministic", "skip-unreadable", "dry-run", "yes", "format"] as const,
    ],
    about:
      "Writes the file for the test server of ILSVRC-2012: a line for each image, in the order " +
      "of file names, with the five best classes by their ILSVRC2012_ID. It is the mean over the " +
      "evaluations of a table's row, or of the KEYs (a training's key means its stored " +
      "evaluations), on the test images; missing evaluations are carried out first. --score keeps " +
      "the top-5 error that the server returned, and tables show it next to the published one.",
    examples: {
      "submission table6/4 --setup paper --data DIR": "the best two nets",
      "submission table6/4 --setup paper --data DIR --score 6.8": "keep the server's answer",
      "submission 0123abcd 4567cdef --data DIR": "the mean of two stored nets",
    },
  },
  plan: {
    summary: "What tables would run, what is done, and what the rest costs",
    words: TABLES,
    takes: [...RESULTS, "workers", "micro-batch", "skip-unreadable", "yes", "format"],
    about:
      "Lists the runs that tables need, all of the paper's tables if none is named, in the order " +
      "in which they would be carried out: each once, after its ancestors, with its time, disk space " +
      "and memory. Runs nothing. Times are based on what the installation, or deno task doctor speed, " +
      "measured here on the device that would be used. Without a measurement they are guesses, and " +
      `the plan says so. ${OWN_TABLES}`,
    examples: {
      "plan": "all tables under the small setup",
      "plan table3 --setup paper --data DIR": "the cost of the paper itself",
      "plan table3 --seeds 3 --format csv": "for a program",
    },
  },
  status: {
    summary: "Which runs are done, running, failed or still to do",
    words: TABLES,
    takes: [...RESULTS, "skip-unreadable", "yes", "format"],
    about: "Prints the state of each run that tables need: done, running, failed, partial " +
      "(interrupted; it will continue), damaged (it will be repeated) or still to do, and what " +
      "crashes left behind. Without a table's name it lists the runs of all the paper's tables and " +
      "every other run that was begun. Where runs are jobs of a cluster, it adds what Slurm knows: " +
      "which jobs wait and why, and how far the others are. deno task doctor also compares every " +
      "result with its checksum.",
    examples: {
      "status": "every run under the small setup",
      "status table3 --setup smoke": "the runs of the smoke setup's Table 3",
      "status --format json": "for a program",
    },
  },
  cancel: {
    summary: "Cancel the cluster's jobs for tables",
    words: TABLES,
    takes: [...RESULTS, "skip-unreadable", "yes"],
    about:
      "Cancels the waiting and running jobs of the named tables, or all jobs of this folder of " +
      "results if none is named, and the job that would report on them. A running training writes " +
      "a checkpoint first. Finished runs stay, and the same command with --executor slurm submits " +
      "the rest again.",
    examples: {
      "cancel": "every job of the small setup",
      "cancel table6 --setup paper --data DIR": "the jobs that Table 6 needs",
    },
  },
  init: {
    summary: "Write a starter: a table, a net, a claim and a setup of your own",
    words: { pattern: "[FOLDER]", most: 1 },
    takes: [],
    about:
      "Writes a new folder, my-study if none is named, with a commented table that can be carried out " +
      "as it is, a net, a claim, a setup and a README. Refuses a folder that is not empty.",
    examples: {
      "init my-study": "a folder to start from",
      "table ./my-study/table.ts --setup smoke": "carries it out",
    },
  },
  setups: {
    summary: "Fields of setups: values, meaning, section of the paper, and keys",
    words: { pattern: "[SETUP...]", most: Infinity },
    takes: ["format"],
    about:
      "Lists every field of the named setups, small and paper if none is named: its value, what it " +
      "means, the section of the paper that has it, and which runs have it in their keys. A SETUP is " +
      "smoke, small, medium, cifar10, cifar100, paper, or a file of your own, as in ./mine.json: " +
      "docs/how-to/own-setup.md.",
    examples: {
      "setups": "the default setup beside the paper's",
      "setups smoke medium": "two others",
      "setups ./mine.json --format csv": "one of your own, for a program",
    },
  },
  run: {
    summary: "Carry out one run by its key, as a job of a cluster does",
    words: { pattern: "KEY", most: 1 },
    takes: [...RESULTS, "workers", "micro-batch", "deterministic", "skip-unreadable"],
    about: "Carries out the run whose key begins with these digits, unless it is done; an " +
      "interrupted training continues from its checkpoint. Its ancestors must be done. This is what " +
      "each job of --executor slurm does. In such a job SIGUSR2, which Slurm sends before the time " +
      "limit, makes a training write a checkpoint and requeues the job.",
    examples: {
      "run 0123abcd": "as a job does",
      "status": "lists keys",
    },
  },
  report: {
    summary: "Print tables again from stored results",
    words: TABLES,
    takes: [
      ...RESULTS,
      "weights",
      "input",
      "skip-unreadable",
      "strict",
      "include-at-chance",
      "compare",
      "beside",
      "intervals",
      "yes",
      "format",
    ],
    about:
      "Scores the stored posteriors and prints the tables, all of the paper's if none is named. " +
      "Trains and tests nothing. Rows whose runs are not done have no measured error. Each table is " +
      "also written as CSV, Markdown and LaTeX. Without a table's name it also writes all.csv, " +
      "tables.tex, and report.html with learning curves and other plots. With --weights, rows are " +
      "those of nets from files, as they were filled. --beside DIR prints the tables of another " +
      "folder of results beside these, tests each difference as compare does, and writes beside.html " +
      "instead; the other folder is only read.",
    examples: {
      "report": "every table under the small setup",
      "report table3 --format latex": "Table 3 for a paper",
      "report table3 --compare best": "which rows differ from the best",
      "report --setup smoke --format csv": "the numbers for a program",
      "report table3 --weights D=FILE": "with a net from a file",
      "report table3 --beside DIR": "beside another machine's",
    },
  },
  why: {
    summary: "Where a run or a table's row comes from, and which command makes it",
    words: { pattern: "KEY|TABLE/ROW", most: 1 },
    takes: [...RESULTS, "skip-unreadable", "yes", "format"],
    about:
      "Prints a run's recipe, its ancestors and descendants, the rows that use it, whether it is " +
      "done, its folder, when and on which machine it was carried out, the command that makes it, " +
      "and the fields in which it differs from the most similar other run. Name a run by the first " +
      "digits of its key, which status lists. Name a row by table and headings (table3/D/384) or by " +
      "number (table6/1); of a table of your own by its file (./mine.ts/1).",
    examples: {
      "why table3/D/384": "the run of a row of Table 3",
      "why table5/E/multi-crop": "the runs of a row of Table 5",
      "why table6/1": "the first row of Table 6",
      "why 0a1b2c --setup smoke": "a run by its key",
      "why table3/D/384 --format json": "for a program",
    },
  },
  diff: {
    summary: "In which fields two runs differ",
    words: { pattern: "KEY KEY", most: 2 },
    takes: [...RESULTS, "skip-unreadable", "yes", "format"],
    about: "Lists every field in which two runs differ: in the runs themselves, their ancestors, " +
      "setups, seeds and data. Name runs as for why: by the first digits of their keys, or by a row " +
      "that needs one run only.",
    examples: {
      "diff 0a1b2c 3d4e5f": "two runs of the small setup",
      "diff table3/D/256 table3/D/384": "the runs of two rows",
      "diff 0a1b2c 3d4e5f --format csv": "for a program",
    },
  },
  bundle: {
    summary: "Write everything behind tables into one file, which verify checks anywhere",
    words: { pattern: "FILE [TABLE...]", most: Infinity },
    takes: [
      ...[...RESULTS, "weights", "input", "skip-unreadable", "strict"] as const,
      ...["small", "yes", "format"] as const,
    ],
    about:
      "Writes one zip file with everything that tables are computed from, the paper's tables if " +
      "none is named: the plan, each run's recipe, lineage, log, machine and versions, the " +
      "posteriors, each table's CSV, and the SHA-256 of every file. deno task verify checks it on " +
      "any machine, without TensorFlow, store or data set. The same store gives the same bytes. " +
      "--small keeps, for each image, the label, its rank and the five best classes, which takes " +
      "about a sixtieth of the space for 1,000 classes.",
    examples: {
      "bundle all.zip": "the paper's tables",
      "bundle table3.zip table3 --setup smoke": "Table 3 alone",
      "bundle all.zip --small": "to attach to a paper",
    },
  },
  verify: {
    summary: "Recompute the tables of a bundle from its posteriors",
    words: { pattern: "FILE [TABLE...]", most: Infinity },
    takes: ["setup", "yes", "format"],
    about:
      "Checks a file that deno task bundle wrote: the hash of each entry, recipes and lineage, " +
      "and every cell of every table, computed again from the posteriors. Needs neither TensorFlow " +
      "nor the results nor the data set, and unpacks nothing. Prints how many cells agree, or names " +
      "each entry that was altered and each cell that differs; the exit code is then 1. Notes name " +
      "what cannot be verified. The last line is one for a log of reproductions, as in REPRODUCED.md. " +
      "A TABLE, as in ./mine.ts, is a table of your own that the bundle's is " +
      "compared with; --setup ./mine.json is a setup of your own that it may have.",
    examples: {
      "verify all.zip": "does everything agree?",
      "verify all.zip --format json": "for a program",
    },
  },
  compare: {
    summary: "Bundles of several machines or seeds, side by side",
    words: { pattern: "FILE FILE...", most: Infinity },
    takes: ["format"],
    about:
      "Verifies bundles and sets the tables that all of them have side by side: which runs have the " +
      "same keys, and which cells differ from the first bundle's, by more than chance or not. On the " +
      "same images each difference is tested by McNemar's exact test, on others as two proportions, " +
      "and with several seeds by Student's test as well; p-values are corrected for all cells (Holm). " +
      "Numbers of another protocol are named as such, with the fields that differ, and not compared. " +
      "The exit code is 0 where each cell that either has is tested and none differs by more than " +
      "chance, else 1. " +
      "docs/how-to/reproductions.md.",
    examples: {
      "compare mine.zip theirs.zip": "is it the same elsewhere?",
      "compare seed0.zip seed1.zip seed2.zip": "several seeds",
      "compare mine.zip theirs.zip --format csv": "for a program",
    },
  },
  data: {
    summary: "Make or inspect a data set",
    words: { pattern: "[NAME]", most: 1 },
    takes: ["setup", "data", "skip-unreadable", "verify", "format"],
    about:
      "Opens a data set as a training would: makes or converts it if necessary, examines every " +
      "image, and refuses data that cannot be trained on. Prints the number of images in each class, " +
      "their sizes and colours, and draws a contact sheet. NAME defaults to the setup's own data set.",
    examples: {
      "data scenes": "emoji on drawn backgrounds: made here, nothing to download",
      "data scenes --setup smoke": "fewer of them",
      "data scenes --verify": "read all again: are they as they were?",
      "data folder --data DIR": "your images: DIR/{train,val}/<class>/*",
      "data fashion-mnist": "Debian's package dataset-fashion-mnist, or --data DIR",
      "data cifar10 --data DIR": "the .bin files of its binary version",
      "data cifar100 --data DIR": "the same; classes are the fine labels",
      "data ilsvrc2012 --data DIR": "ImageNet: its archives, or their contents",
      "data ilsvrc2012 --data DIR --verify": "compare their MD5 with ImageNet's site",
      "data imagenetv2-matched-frequency --data DIR": "10,000 newer images of ImageNet's classes",
    },
  },
  install: {
    summary: "Install TensorFlow for this project",
    takes: ["check", "gpu", "format"],
    about:
      "Other commands install TensorFlow themselves when they first need it. Its libraries are " +
      "kept in a cache folder for all clones of this project: VERYDEEP_CACHE, by default verydeep " +
      "in the system's cache folder. Needs Python 3 with pip, and a C++ compiler (PYTHON and CXX " +
      "name others than python3 and g++). Downloads 0.3 GB and takes 1 GB on disk; with --gpu, on " +
      "Linux on x86-64, 3.4 GB and 6 GB; --gpu=false returns to the CPU build. Then measures for " +
      "up to ten seconds how fast this machine trains and tests, for plans. GPUs that are found " +
      "decide the default precision: bfloat16 from compute capability 8.0 (Ampere) on. Linux on " +
      "x86-64 is tested; Linux on aarch64 and macOS on Apple silicon are not tested yet.",
    examples: {
      "install": "install or repair what is missing",
      "install --check": "what is installed, what is missing and how to get it",
      "install --gpu": "the CUDA build and NVIDIA's libraries",
    },
  },
  doctor: {
    summary: "Check machine, backend, data and results (or: resume, speed, gpu)",
    words: { pattern: "[resume|speed|gpu]", most: 1 },
    takes: [...RESULTS, "workers", "deterministic", "skip-unreadable", "format"],
    about:
      "Checks the machine, the backend, the data set, the disk and every stored result, which " +
      "it compares with its checksum, and says how to repair what is wrong. doctor resume trains a " +
      "tiny net twice, once without interruption and once with processes that are killed at random " +
      "moments (SIGKILL), compares the weights bit by bit, and writes resume.json to the results; it " +
      "takes a minute or two. doctor speed measures how fast net D trains and tests here, for deno " +
      "task plan: a few seconds for the small setup, a few minutes for the paper's on a processor. " +
      "doctor gpu needs TensorFlow's CUDA build and no GPU: it lists which operations of all " +
      "trainings and evaluations a GPU takes, and what a step copies between memories.",
    examples: {
      "doctor": "check everything",
      "doctor --setup paper --data DIR": "check for the paper itself",
      "doctor resume": "does a killed training give the same bits?",
      "doctor speed --setup paper": "how fast are the paper's nets here?",
      "doctor resume --workers 1": "the same with threads inside each operation",
      "doctor gpu --setup paper": "does a GPU take all arithmetic?",
    },
  },
  bench: {
    summary: "Speed compared with PyTorch and stock tfjs-node, as ratios",
    words: { pattern: "[gpu] [PHRASE...]", most: Infinity },
    takes: ["isa", "one-core", "device", "deterministic", "format"],
    about:
      "Trains, tests and reads images with this project, PyTorch and stock tfjs-node in turns, " +
      "so that a disturbance slows all of them, and prints how many times as fast this project is: " +
      "the median over the rounds. Takes about twenty minutes on 2 cores and 16 GB of memory; run " +
      "nothing else meanwhile. PyTorch is that of python3, or of PYTHON; without it its columns are " +
      "empty. A phrase selects the cases whose name contains all its words; several phrases, the " +
      "cases of each. A bench that was interrupted continues when the same command is given again. " +
      "bench gpu measures one GPU in less than eight minutes: training A, D and E, testing whole " +
      "images and crops, reading, the time that a training waits for files, and products of " +
      "matrices; the same in PyTorch, by itself and through torch.compile. What does not fit into " +
      "that time is measured by the next call. With --device cpu it only tries every case.",
    examples: {
      "bench": "everything",
      'bench "train A/8" "train D/8 float32"':
        "cases with both words of the first phrase, or all " +
        "three of the second",
      "bench --isa avx2": "as if the processor had nothing newer than AVX2",
      "bench --one-core": "what a core does in a second, while other programs run",
      "bench --format json": "for a program",
      "bench gpu --format json": "one GPU, for a program",
      'bench gpu "train D"': "net D's training alone",
    },
  },
} as const satisfies Record<string, CommandFacts>;

/** Commands that are not tables' own. */
export type OwnCommand = keyof typeof printed | keyof typeof others;

/** Every command by its name, in the order of the overview. */
export const CATALOGUE: Readonly<Record<string, CommandFacts>> = {
  ...printed,
  ...tableCommands,
  ...others,
};
