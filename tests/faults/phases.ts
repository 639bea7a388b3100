/** The small plan whose file calls go wrong one by one, in phases: from drawing to a submission. */
import { fileURLToPath } from "node:url";
import { exists } from "../../lib/system/files.ts";
import { madeIlsvrc } from "../support/ilsvrc2012/made.ts";
import { tinyFolder } from "../support/command_sandbox.ts";
import { flagsOf } from "../support/tasks.ts";
import { folderWith } from "../support/datasets.ts";
import type { DiskFault } from "./library.ts";

/** The tasks of deno.json. */
type Task = Parameters<typeof flagsOf>[0];

/** A command whose file calls go wrong, and the folder in which it starts. */
export interface Phase {
  readonly name: string;
  /** What the folder has before. */
  readonly start: Start;
  /** The command line in such a folder. */
  command(folder: string): readonly string[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  /** Calls of one name at one place that are tried, the first ones; all if absent. */
  readonly most?: number;
}

/** A folder in which phases start, made from another one. */
export interface Start {
  readonly name: string;
  /** Empty if absent. */
  readonly from?: Start;
  /** A command that is carried out in it. */
  readonly command?: (folder: string) => readonly string[];
  /** A fault that this command meets. */
  readonly fault?: Omit<DiskFault, "path"> & { readonly place: string };
  /** What else is done with it, at last. */
  readonly change?: (folder: string) => void;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Four pictures to learn from and two for validation; two steps, each followed by a validation. */
const TINY = [
  ...["scenes.classes=2", "scenes.train=4", "scenes.val=2", "validationImages=2"],
  ...["width=0.03125", "fc=16", "batch=2", "validations=2", "schedules.first.images=4"],
];
/** The same with one step. */
const SHORT = [...TINY.slice(0, -2), "validations=1", "schedules.first.images=2"];

/** A task's command line, with the permissions of the task, on the data and results of a folder. */
function task(name: Task, words: readonly string[] = [], options: readonly string[] = []) {
  return (folder: string) => [
    ...[Deno.execPath(), "run", ...flagsOf(name), `${ROOT}cli.ts`, name],
    ...[...words, ...options].map((word) => word.replace(/^FOLDER\b/, folder)),
    ...["--setup", "smoke", "--data", `${folder}/data`],
  ];
}

/** A task that makes or uses results. */
function study(
  name: Task,
  words: readonly string[] = [],
  options: readonly string[] = [],
  set = TINY,
) {
  const line = task(name, words, options);
  return (folder: string) => {
    return [...line(folder), "--set", set.join(","), "--results", `${folder}/results`];
  };
}

/** The shallowest net: eight layers. */
const NET = ["--config", "B-5x5", "--S", "256"];
const CSV = ["--format", "csv"];
const oneTest = study("evaluate", [], [...NET, ...CSV, "--workers", "1"]);
/** Two trainings side by side, then two tests. */
const twoTests = study("evaluate", [], [...NET, ...CSV, "--seeds", "2", "--workers", "2"], SHORT);

const remove = (folder: string) => Deno.removeSync(folder, { recursive: true });

/** The folder of the results, whose name says what was set. */
function storeIn(folder: string): string {
  const [only] = [...Deno.readDirSync(`${folder}/results`)];
  return `${folder}/results/${only!.name}`;
}

/** The folder of a run whose name begins so. */
function runIn(folder: string, kind: "train" | "eval", start: string): string {
  const runs = `${storeIn(folder)}/${kind}`;
  return `${runs}/${[...Deno.readDirSync(runs)].find(({ name }) => name.startsWith(start))!.name}`;
}

/** The key of a training. */
const keyIn = (folder: string, start: string) => runIn(folder, "train", start).slice(-12);

/** A command line with the key of a training in it. */
function ofNet(start: string, line: (key: string) => (folder: string) => readonly string[]) {
  return (folder: string) => line(keyIn(folder, start))(folder);
}

const done: Start = { name: "done", command: oneTest };
const undrawn: Start = { name: "undrawn", from: done, change: (at) => remove(`${at}/data`) };
const drawn: Start = { name: "drawn", from: done, change: (at) => remove(`${at}/results`) };
const begun: Start = {
  name: "begun",
  from: drawn,
  command: oneTest,
  fault: {
    ...{ call: "rename", place: "results/*/checkpoint.safetensors", number: 1, effect: "after" },
  },
};
const twice: Start = {
  name: "twice",
  from: done,
  command: study("evaluate", [], [...NET, "--Q", "224,256"]),
};
const table: Start = { name: "table", from: drawn, command: study("filter-size") };
const bundled: Start = {
  name: "bundled",
  from: table,
  command: study("bundle", ["FOLDER/all.zip", "filter-size"]),
};

/** Layouts in which a net can be exported and imported again, and its files. */
const FILES = { torchvision: "FOLDER/net.safetensors", keras: "FOLDER/net.h5" } as const;
type Layout = keyof typeof FILES;
const LAYOUTS = Object.keys(FILES) as Layout[];
const exported = (layout: Layout): Start => ({
  name: `exported to ${layout}`,
  from: table,
  command: exporting(layout),
});
function exporting(layout: Layout | "savedmodel" | "onnx") {
  const file = layout === "savedmodel" || layout === "onnx" ? "FOLDER/net" : FILES[layout];
  return ofNet("A-256", (key) => study("export", [key, file], ["--as", layout]));
}
const copied: Start = {
  name: "copied",
  from: done,
  change(folder) {
    Deno.copyFileSync(`${runIn(folder, "train", "B")}/weights.safetensors`, `${folder}/net`);
    remove(`${folder}/results`);
  },
};

/** A data set of other people in place of the pictures. */
function withData(name: string, make: () => string, more: Partial<Start> = {}): Start {
  return {
    name,
    change(folder) {
      const data = make();
      Deno.mkdirSync(folder, { recursive: true });
      new Deno.Command("cp", { args: ["-a", data, `${folder}/data`] }).outputSync();
      remove(data);
    },
    ...more,
  };
}

const archives = withData(
  "archives",
  () => madeIlsvrc({ train: "archive", val: "archive", devkit: "archive", test: "archive" }),
);
const ILSVRC = ["--dataset", "ilsvrc2012"];
const tested: Start = {
  name: "tested",
  from: archives,
  command: study("evaluate", [], [...NET, ...ILSVRC]),
};

/** CIFAR-10 in small: files of two pictures, of the first two classes. */
function madeCifar10(): string {
  const batch = Uint8Array.from({ length: 2 * 3073 }, (_, i) => {
    return i % 3073 === 0 ? i / 3073 : i * 7919 % 251;
  });
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  return folderWith(Object.fromEntries([...names, "test_batch.bin"].map((name) => [name, batch])));
}

/** Stand-ins for Slurm's programs, as their own process finds them. */
const SLURM = ["sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo"];
/** Programs that the stand-ins and the project call. */
const CALLED = [
  "bash",
  "basename",
  "cat",
  "cp",
  "env",
  "grep",
  "mv",
  "readlink",
  "sed",
  "seq",
  "tail",
];
const cluster: Start = {
  name: "cluster",
  from: drawn,
  change(folder) {
    Deno.mkdirSync(`${folder}/slurm`);
    for (const name of SLURM) {
      Deno.symlinkSync(`${ROOT}tests/slurm/fake_slurm.sh`, `${folder}/slurm/${name}`);
    }
    for (const name of CALLED) Deno.symlinkSync(programAt(name), `${folder}/slurm/${name}`);
    Deno.writeTextFileSync(`${folder}/slurm/config`, "MaxArraySize = 1001\nMaxJobCount = 10000\n");
  },
};
const onCluster = (folder: string) => ({
  FAKE_SLURM: `${folder}/slurm`,
  // no other folder: a machine's own Slurm must not take the place of a stand-in
  PATH: `${folder}/slurm`,
});

/** Where this machine has a program. */
function programAt(name: string): string {
  const folders = Deno.env.get("PATH")!.split(":");
  return folders.map((folder) => `${folder}/${name}`).find((path) => exists(path))!;
}

/** Every phase. */
export const PHASES: readonly Phase[] = [
  { name: "draw", start: undrawn, command: oneTest },
  { name: "plan", start: drawn, command: oneTest },
  { name: "two-workers", start: drawn, command: twoTests },
  { name: "continue", start: begun, command: oneTest },
  { name: "report", start: table, command: study("report") },
  { name: "claims", start: table, command: study("claims") },
  { name: "status", start: begun, command: study("status") },
  { name: "fuse", start: twice, command: ofNet("B", (key) => study("fuse", [key])) },
  { name: "bundle", start: table, command: study("bundle", ["FOLDER/all.zip", "filter-size"]) },
  { name: "verify", start: bundled, command: verification },
  { name: "import", start: copied, command: study("evaluate", [], ["--weights", "FOLDER/net"]) },
  ...LAYOUTS.map((layout): Phase => ({
    name: `import-${layout}`,
    start: exported(layout),
    command: study("evaluate", [], ["--weights", FILES[layout], "--config", "A"]),
  })),
  ...[...LAYOUTS, "savedmodel" as const, "onnx" as const].map((layout): Phase => ({
    ...{ name: `export-${layout}`, start: table, command: exporting(layout) },
  })),
  // a thousand headers are read alike
  { name: "archives", start: archives, command: task("data", ["ilsvrc2012"]), most: 8 },
  {
    name: "submission",
    start: tested,
    command: ofNet("B", (key) => study("submission", [key], ILSVRC)),
    most: 8,
  },
  {
    name: "folder",
    start: withData("folder", tinyFolder),
    command: task("data", ["folder"]),
  },
  {
    name: "convert",
    start: withData("cifar10", madeCifar10),
    command: task("data", ["cifar10"]),
  },
  {
    name: "submit",
    start: cluster,
    command: study("filter-size", [], ["--executor", "slurm"]),
    env: onCluster,
  },
];

/** Checks a bundle, which takes neither data nor results. */
function verification(folder: string) {
  const flags = flagsOf("verify");
  return [Deno.execPath(), "run", ...flags, `${ROOT}cli.ts`, "verify", `${folder}/all.zip`];
}
