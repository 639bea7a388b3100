/** Every option of the command line: how it is written, and what it does. Data only. */

/** How an option is written and explained. */
export interface Option {
  /** What stands for its value in a help text; an option without one is a switch. */
  readonly value?: string;
  readonly text: string;
  readonly group:
    | "Which net"
    | "What to run"
    | "Folders"
    | "How to run it"
    | "What to print";
}

/** Every option, in the order of a help text. */
export const OPTIONS = {
  config: {
    value: "NAME",
    text: "A, A-LRN, B, C, D, E, B-5x5, or ./mine.ts/NAME",
    group: "Which net",
  },
  S: { value: "S", text: "training scale: 256, or jittered as in 256,512", group: "Which net" },
  "init-from": { value: "FROM", text: "random, a run's key, or a file", group: "Which net" },
  layers: {
    value: "NAMES",
    text: "layers to copy: conv1_1,fc6,..., all, deepen, perturb",
    group: "Which net",
  },
  update: { value: "all|fc", text: "layers that are trained (default all)", group: "Which net" },
  weights: {
    value: "FROM",
    text: "a training's key, or a file; for tables: D=FILE,E=FILE",
    group: "Which net",
  },
  input: {
    value: "NAME",
    text: "input that a file's net expects: caffe, torchvision or own",
    group: "Which net",
  },
  Q: {
    value: "Q,...",
    text: "test scales (default: S, or the middle of its range)",
    group: "What to run",
  },
  method: {
    value: "NAME",
    text: "dense (default), multi-crop, centre-crop, or several",
    group: "What to run",
  },
  setup: {
    value: "NAME",
    text: "small (default), another of deno task setups, or a file",
    group: "What to run",
  },
  dataset: {
    value: "NAME",
    text: "images to use in place of the setup's own",
    group: "What to run",
  },
  labels: {
    value: "real",
    text: "ReaL's labels of ImageNet's validation images",
    group: "What to run",
  },
  seeds: {
    value: "N",
    text: "number of seeds to repeat everything with (default 1)",
    group: "What to run",
  },
  seed: { value: "N", text: "the first seed (default 0)", group: "What to run" },
  precision: {
    value: "TYPE",
    text: "float32, or bfloat16, which is the default on newer GPUs",
    group: "What to run",
  },
  set: {
    value: "FIELD=VALUE",
    text: "change a field of the setup; separate several with commas",
    group: "What to run",
  },
  data: {
    value: "DIR",
    text: "folder of the data sets (default data/)",
    group: "Folders",
  },
  results: {
    value: "DIR",
    text: "folder for weights, posteriors and tables (default results/)",
    group: "Folders",
  },
  workers: {
    value: "N",
    text: "trainings to run in parallel (default: set by the setup)",
    group: "How to run it",
  },
  executor: {
    value: "NAME",
    text: "local (default), or slurm: submit jobs to a cluster",
    group: "How to run it",
  },
  resources: {
    value: "LIST",
    text: "resources of the jobs, as in partition=gpu,train.gpus=1",
    group: "How to run it",
  },
  wait: { text: "wait until all jobs have ended, then print", group: "How to run it" },
  device: {
    value: "NAME",
    text: "cpu, gpu or gpu:N, or several: gpu:0,gpu:1 or gpus:N",
    group: "How to run it",
  },
  "micro-batch": {
    value: "N",
    text: "images in memory at a time (default: as many as fit)",
    group: "How to run it",
  },
  deterministic: {
    text: "on a GPU: the same bits in each run (default); or =false",
    group: "How to run it",
  },
  "skip-unreadable": {
    text: "leave out image files that cannot be read",
    group: "How to run it",
  },
  strict: {
    text: "refuse any departure of setup or data from the paper",
    group: "How to run it",
  },
  "include-at-chance": {
    text: "also show errors of nets at chance level",
    group: "What to print",
  },
  compare: {
    value: "ROW",
    text: "test every row against one: its number, best or baseline",
    group: "What to print",
  },
  beside: {
    value: "DIR",
    text: "another folder of results, to stand beside these",
    group: "What to print",
  },
  intervals: {
    text: "with --compare: intervals in a column of their own",
    group: "What to print",
  },
  "dry-run": { text: "print what would run, and run nothing", group: "How to run it" },
  yes: { text: "take a grid of more than 10,000 combinations", group: "How to run it" },
  score: {
    value: "ERROR",
    text: "the top-5 error, in per cent, that the test server returned",
    group: "What to run",
  },
  small: {
    text: "keep five classes of each image instead of all posteriors",
    group: "How to run it",
  },
  check: {
    text: "print what is installed and what is missing; change nothing",
    group: "How to run it",
  },
  verify: {
    text: "compare archives with their known MD5; read all other images again",
    group: "How to run it",
  },
  isa: {
    value: "NAME",
    text: "avx2: nobody uses newer instructions (default: all there are)",
    group: "How to run it",
  },
  "one-core": {
    text: "one thread each, by the processor's clock: for a busy machine",
    group: "How to run it",
  },
  as: {
    value: "LAYOUT",
    text: "torchvision, keras, savedmodel, onnx or page; of logs: mlflow",
    group: "What to print",
  },
  raw: {
    text: "leave mean, scale and soft-max to the user of an ONNX file",
    group: "What to print",
  },
  gpu: { text: "install the CUDA build", group: "How to run it" },
  format: {
    value: "FORMAT",
    text: "table (default), csv, json, markdown or latex",
    group: "What to print",
  },
  help: { text: "print this text", group: "What to print" },
} as const satisfies Record<string, Option>;

/** Name of an option, without its dashes. */
export type OptionName = keyof typeof OPTIONS;
