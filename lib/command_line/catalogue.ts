/**
 * Every command: its name, summary, arguments, options, explanation and examples. Help texts, the
 * overview, deno.json's descriptions and the README's table are made from this list, or a test
 * compares them with it. `commands/mod.ts` adds what each command does. Commands about tables are
 * in `table_commands.ts`, those about nets in `net_commands.ts`, and all others here.
 *
 * @module
 */
import { type CommandFacts, OWN_TABLES, RESULTS, TABLES } from "./command_facts.ts";
import { netCommands } from "./net_commands.ts";
import { printedTableCommands, tableCommands, tableSetCommands } from "./table_commands.ts";

/** All other commands. */
const others = {
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
export type OwnCommand =
  | keyof typeof printedTableCommands
  | keyof typeof tableSetCommands
  | keyof typeof netCommands
  | keyof typeof others;

/** Every command by its name, in the order of the overview. */
export const CATALOGUE: Readonly<Record<string, CommandFacts>> = {
  ...printedTableCommands,
  ...tableCommands,
  ...tableSetCommands,
  ...netCommands,
  ...others,
};
