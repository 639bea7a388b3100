/** The options of a command line: reads them, checks them, and resolves them to values. */
import { shellWord } from "../system/shell.ts";
import { parseArgs } from "@std/cli/parse-args";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { setups } from "../../experiments/mod.ts";
import { type DeviceName, gpuNumbers, prefersBfloat16 } from "../system/device.ts";
import { type Isa, ISAS } from "../system/processor.ts";
import { quote, UsageError } from "../errors.ts";
import { LARGEST_SEED } from "../statistics/random.ts";
import { PRECISIONS, type Setup } from "../setup.ts";
import type { Reference } from "../results/compare_rows.ts";
import { didYouMean } from "../did_you_mean.ts";
import { FORMATS, type ReportFormat } from "../report/formats.ts";
import { deviceNamed, divisorOf, mustDivide } from "./device_options.ts";
import { type NetOptions, netOptions } from "./net_options.ts";
import { type Option, type OptionName, OPTIONS } from "./option_list.ts";
import { withChanges } from "./overrides.ts";
import { oneOf, perCent, rowOrName, whole } from "./option_values.ts";

/** The options of a command line, resolved. */
export interface Options extends NetOptions {
  /** The named setup, with the data set and the precision of the command line. */
  readonly setup: Setup;
  /** The paper's own setup, from which departures are counted. */
  readonly paper: Setup;
  /** The options that choose this setup, as written on a command line: `--setup small`. */
  readonly choice: string;
  /** Folder of all data sets. */
  readonly data: string;
  /**
   * Folder of this setup's results: `<results>/<setup>`, with `-<dataset>`, `-<precision>` and the
   * changes of `--set` where they are not its own.
   */
  readonly results: string;
  readonly seeds: readonly number[];
  readonly workers?: number;
  readonly executor: typeof EXECUTORS[number];
  /** Changes of the resources that jobs request. */
  readonly resources?: string;
  readonly wait: boolean;
  readonly device?: DeviceName;
  readonly microBatch?: number;
  /** Absent if the command line does not give it. */
  readonly deterministic?: boolean;
  readonly skipUnreadable: boolean;
  readonly dryRun: boolean;
  /** Whether a grid of any size is meant. */
  readonly yes: boolean;
  readonly includeAtChance: boolean;
  /** The row of each table that its other rows are compared with. */
  readonly compare?: Reference;
  /** Another folder of results, as it was written, whose tables stand beside these. */
  readonly beside?: string;
  /** Whether the intervals of the differences have a column of their own. */
  readonly intervals: boolean;
  readonly strict: boolean;
  readonly check: boolean;
  readonly small: boolean;
  /** An exported net without its input's mean and its soft-max. */
  readonly raw: boolean;
  readonly verify: boolean;
  /** Whether a benchmark is of one thread each, by the processor's clock. */
  readonly oneCore: boolean;
  /** The newest instructions that a benchmark may use. */
  readonly isa?: Isa;
  /** A top-5 error, in per cent. */
  readonly score?: number;
  /** Absent if the command line does not give it. */
  readonly gpu?: boolean;
  readonly format: ReportFormat;
  /** The options as they were written. */
  readonly given: CommandLine["given"];
}

/** A command line, read. */
export interface CommandLine {
  /** The command's name and its arguments. */
  readonly words: readonly string[];
  /** The options that were given, as they were written. */
  readonly given: Readonly<Partial<Record<OptionName, string | boolean>>>;
}

const NAMES = Object.keys(OPTIONS) as OptionName[];
/** What carries runs out: this machine or a cluster. */
const EXECUTORS = ["local", "slurm"] as const;
/** Labels besides a data set's own, and the data sets that have them. */
const LABELS = ["real"] as const;
const LABELLED_ANEW: readonly string[] = ["ilsvrc2012"];
const SETUPS: Readonly<Record<string, Setup>> = setups;
/** The project's folder. */
export const ROOT = resolve(import.meta.dirname!, "../..");

/**
 * Reads a command line without checking values.
 *
 * @throws {UsageError} An option is unknown, or lacks its value.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const takesValue = (name: OptionName) => "value" in OPTIONS[name];
  const switches = NAMES.filter((name) => !takesValue(name));
  const unknown: string[] = [];
  const read: Record<string, unknown> = parseArgs([...args], {
    string: [...NAMES.filter(takesValue), "_"],
    collect: NAMES.filter(takesValue),
    boolean: switches,
    // Tells a switch that is not given from one that is given as --gpu=false.
    default: Object.fromEntries(switches.map((name) => [name, null])),
    alias: { help: "h" },
    unknown(arg) {
      if (arg.startsWith("-")) unknown.push(arg);
    },
  });

  const given: Partial<Record<OptionName, string | boolean>> = {};
  for (const name of NAMES) {
    const value = takesValue(name) ? onlyValue(name, read[name] as string[]) : read[name];
    if (value === undefined || value === null) continue;
    if (value === "") {
      const { value: placeholder } = OPTIONS[name] as Option;
      throw new UsageError(`--${name} needs a value: --${name} ${placeholder}`);
    }
    given[name] = typeof value === "boolean" ? value : String(value);
  }
  if (unknown[0] !== undefined) {
    const name = unknown[0].replace(/=.*$/s, "");
    throw new UsageError(
      `There is no option ${name}.` + didYouMean(name, NAMES.map((name) => `--${name}`)),
    );
  }
  return { words: (read._ as unknown[]).map(String), given };
}

/** Options whose values are lists of changes: given several times, they are one list. */
const LISTS: readonly OptionName[] = ["set", "resources"];

/**
 * The value of an option; undefined if it is not given.
 *
 * @throws {UsageError} It is given several times, and only one of the values could count.
 */
function onlyValue(name: OptionName, values: readonly string[]): string | undefined {
  if (values.length <= 1 || values.includes("")) {
    return values.find((value) => value === "") ?? values[0];
  }
  if (LISTS.includes(name)) return values.join(",");
  const { value: placeholder = "" } = OPTIONS[name] as Option;
  const list = /,\.\.\./.test(placeholder) ? `, as in --${name} ${values.join(",")}` : "";
  throw new UsageError(
    `--${name} is given ${values.length} times, as ${
      values.map(quote).join(" and ")
    }: give it once` +
      list,
  );
}

/**
 * Checks and resolves the options of a command that takes `takes`.
 *
 * @throws {UsageError} The command does not take an option, or a value is not valid.
 */
export function resolveOptions(
  { given }: CommandLine,
  { command, takes, own }: {
    readonly command: string;
    readonly takes: readonly OptionName[];
    /** The setup in the file that `--setup` names. */
    readonly own?: Setup;
  },
): Options {
  for (const name of Object.keys(given) as OptionName[]) {
    if (!takes.includes(name) && name !== "help") {
      throw new UsageError(`${command} takes no --${name}; ${command} --help says what it takes`);
    }
  }
  const text = (name: OptionName) => typeof given[name] === "string" ? given[name] : undefined;
  const folder = (name: "data" | "results") => pathFrom(text(name) ?? `${ROOT}/${name}`);

  const named = own ?? SETUPS[setupNamed(text("setup") ?? "small")]!;
  const dataset = datasetNamed(text("dataset") ?? named.dataset, text("labels"));
  const { changes, precision: setPrecision } = withoutPrecision(text("set"));
  const device = deviceNamed(text("device"));
  // asked where results are meant alone: setup has to work, whatever its last note says
  const fast = takes.includes("precision") && device !== "cpu" && given.strict !== true &&
    prefersBfloat16();
  const usual = fast ? "bfloat16" : named.train.precision;
  const wanted = text("precision") ?? setPrecision;
  const precision = oneOf("precision", wanted ?? usual, PRECISIONS);
  if ((setPrecision ?? precision) !== precision) {
    throw new UsageError(
      `--precision ${precision} and --set precision=${setPrecision} contradict each other: leave one out`,
    );
  }
  const first = whole("seed", text("seed") ?? "0", 0, LARGEST_SEED);
  const seeds = whole(
    "seeds",
    text("seeds") ?? "1",
    1,
    Math.min(MOST_SEEDS, LARGEST_SEED - first + 1),
  );
  const workers = text("workers");
  const score = text("score");
  const isa = text("isa");
  const compare = text("compare");
  const beside = text("beside");
  if (given.intervals === true && compare === undefined) {
    throw new UsageError(
      "--intervals is about the differences of --compare; add --compare best, or leave it out",
    );
  }
  const executor = oneOf("executor", text("executor") ?? "local", EXECUTORS);
  const resources = text("resources");
  mustGoTogether(executor, { given, device });
  const isOwn = precision === named.train.precision;
  const all = [
    ...isOwn ? [] : [`precision=${precision}`],
    ...changes === undefined ? [] : [changes],
  ];
  const setup = { ...all.length === 0 ? named : withChanges(named, all.join(",")), dataset };
  if (device !== undefined) mustDivide(setup.train.batch, gpuNumbers(device).length);
  const microBatch = divisorOf(setup.train.batch, text("micro-batch"), device);
  return {
    ...netOptions(text, command),
    setup,
    paper: setups.paper,
    choice: [
      `--setup ${own === undefined ? named.name : shellWord(text("setup")!)}`,
      ...dataset === named.dataset && text("dataset") === undefined
        ? []
        : [`--dataset ${shellWord(dataset)}`],
      ...isOwn && wanted === undefined ? [] : [`--precision ${precision}`],
      ...changes === undefined ? [] : [`--set ${shellWord(changes)}`],
    ].join(" "),
    data: folder("data"),
    results: resolve(
      folder("results"),
      folderName([
        named.name,
        ...dataset === named.dataset ? [] : [dataset],
        ...isOwn ? [] : [precision],
        ...changes === undefined ? [] : [changes],
      ]),
    ),
    seeds: Array.from({ length: seeds }, (_, index) => first + index),
    ...(workers !== undefined && { workers: whole("workers", workers, 1) }),
    executor,
    ...(resources !== undefined && { resources }),
    wait: given.wait === true,
    ...device && { device },
    ...microBatch !== undefined && { microBatch },
    ...(typeof given.deterministic === "boolean" && { deterministic: given.deterministic }),
    skipUnreadable: given["skip-unreadable"] === true,
    dryRun: given["dry-run"] === true,
    yes: given.yes === true,
    includeAtChance: given["include-at-chance"] === true,
    ...compare !== undefined && { compare: rowOrName(compare) },
    ...beside !== undefined && { beside },
    intervals: given.intervals === true,
    strict: given.strict === true,
    check: given.check === true,
    small: given.small === true,
    raw: given.raw === true,
    verify: given.verify === true,
    oneCore: given["one-core"] === true,
    ...isa !== undefined && { isa: oneOf("isa", isa, ISAS) },
    ...(score !== undefined && { score: perCent("score", score) }),
    ...(typeof given.gpu === "boolean" && { gpu: given.gpu }),
    format: oneOf("format", text("format") ?? "table", FORMATS),
    given,
  };
}

/** The data set with other labels, if they are asked for. @throws {UsageError} It has no others. */
function datasetNamed(dataset: string, labels: string | undefined): string {
  if (labels === undefined) return dataset;
  const own = `${dataset}-${oneOf("labels", labels, LABELS)}`;
  if (LABELLED_ANEW.includes(dataset)) return own;
  if (LABELLED_ANEW.some((name) => `${name}-${labels}` === dataset)) return dataset;
  throw new UsageError(
    `--labels ${labels} are labels of ${
      LABELLED_ANEW.join(", ")
    }, not of ${dataset}; name it with ` +
      "--dataset, or leave --labels out",
  );
}

/** The name of one of the project's setups. @throws {UsageError} There is no such setup. */
export function setupNamed(word: string): string {
  const names = Object.keys(SETUPS);
  if (names.includes(word)) return word;
  const own = didYouMean(word, names) === ""
    ? " A setup of your own is a file, as in ./mine.json."
    : "";
  throw new UsageError(
    `--setup is one of ${names.join(", ")}, not "${word}".${didYouMean(word, names)}${own}`,
  );
}

/** Whether the value of `--setup` names a file. */
export function isSetupFile(word: string | boolean | undefined): word is string {
  return typeof word === "string" && /\.([cm]?[jt]s|json)$/.test(word);
}

/** The setup in the file that `--setup` names; nothing where it names one of the project's. */
export async function ownSetup(
  { given: { setup } }: CommandLine,
): Promise<{ readonly own?: Setup }> {
  if (!isSetupFile(setup)) return {};
  // loaded here: most commands name none, and checking takes a library
  const { openSetup } = await import("./setup_file.ts");
  return { own: await openSetup(pathFrom(setup), { word: setup, setups: SETUPS }) };
}

/** Largest number of seeds of a command. */
const MOST_SEEDS = 10_000;

/** Characters of a file's name at most, on all usual disks. */
const LONGEST_NAME = 255;

/** Joins parts to a folder's name. A long name ends with a digest of the whole. */
function folderName(parts: readonly string[]): string {
  const name = parts.join("-");
  if (name.length <= LONGEST_NAME) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.slice(0, LONGEST_NAME - digest.length - 1)}-${digest}`;
}

/** Refuses options that do not apply to the executor. */
function mustGoTogether(
  executor: Options["executor"],
  { given, device }: Pick<CommandLine, "given"> & { readonly device: DeviceName | undefined },
) {
  if (executor === "slurm" && given.workers !== undefined) {
    throw new UsageError(
      "--workers says what runs side by side on this machine; with --executor slurm the cluster " +
        "decides that",
    );
  }
  if (executor === "slurm" && device !== undefined) {
    throw new UsageError(
      "--device is about this machine; a cluster's jobs use all GPUs that they are given, and ask for " +
        `them with --resources train.gpus=${Math.max(gpuNumbers(device).length, 1)}`,
    );
  }
  const alone = (["resources", "wait"] as const).find((name) => given[name]);
  if (executor === "local" && alone !== undefined) {
    throw new UsageError(`--${alone} is about the jobs of a cluster: it needs --executor slurm`);
  }
}

/** The changes of `--set` without the precision, which has an option of its own. */
function withoutPrecision(
  text: string | undefined,
): { readonly changes: string | undefined; readonly precision?: string } {
  const all = text?.split(",") ?? [];
  const precisions = all.filter((change) => change.startsWith("precision="));
  // given twice, it is refused as any other field is
  if (precisions.length !== 1) return { changes: text };
  const others = all.filter((change) => !precisions.includes(change)).join(",");
  return {
    changes: others === "" ? undefined : others,
    precision: precisions[0]!.slice("precision=".length),
  };
}

/** An absolute path, from one relative to the user's folder. */
export function pathFrom(word: string): string {
  return resolve(startFolder(), word);
}

/** The user's folder: `deno task` itself changes to the project's folder. */
export function startFolder(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}
