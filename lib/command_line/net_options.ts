/** Options that name a net and how it is tested. */
import {
  type ConfigName,
  type Method,
  METHODS,
  type TrainRun,
  type TrainScale,
} from "../experiment.ts";
import { ALL_NETS } from "../vgg/configs.ts";
import { INPUT_NAMES, type InputName } from "../weights/inputs.ts";
import type { OptionName } from "./option_list.ts";
import { oneOf, parts, someOf, testScales, trainScale } from "./option_values.ts";

/** A net as a command line describes it; fields that it does not give are absent. */
export interface NetOptions {
  readonly config?: ConfigName;
  /** A net of a file with tables, as in `./mine.ts/F`, where `--config` names one. */
  readonly netInFile?: string;
  readonly S?: TrainScale;
  /** `random`, a key or a file. */
  readonly initFrom?: string;
  readonly layers?: readonly string[];
  readonly update?: NonNullable<TrainRun["update"]>;
  /** A key or a file; for tables several, each with its config, as in `D=FILE,E=FILE`. */
  readonly weights?: string;
  /** What nets in files of weights expect as their input. */
  readonly input?: InputName;
  /** The layout in which a net is written. */
  readonly as?: ExportLayout;
  /** The tracker that logs are written for; the same option. */
  readonly tracker?: Tracker;
  readonly Q?: readonly number[];
  readonly methods?: readonly Method[];
}

/** The library that an exported net is for. */
export type ExportLayout = "torchvision" | "keras" | "savedmodel" | "onnx" | "page";

const LAYOUTS: readonly ExportLayout[] = ["torchvision", "keras", "savedmodel", "onnx", "page"];
/** Trackers of experiments whose files are documented. */
export type Tracker = "mlflow";
const TRACKERS: readonly Tracker[] = ["mlflow"];
const UPDATES = ["all", "fc"] as const;

/**
 * Checks the options of a net, as a command takes them.
 *
 * @throws {UsageError} A value is not valid for its option.
 */
export function netOptions(
  text: (name: OptionName) => string | undefined,
  command: string,
): NetOptions {
  function value<Field extends keyof NetOptions>(
    field: Field,
    name: OptionName,
    judge: (text: string) => NetOptions[Field],
  ) {
    const written = text(name);
    return written === undefined ? {} : { [field]: judge(written) };
  }
  return {
    ...isNetInFile(text("config"))
      ? { netInFile: text("config")! }
      : value("config", "config", (name) => oneOf("config", name, ALL_NETS)),
    ...value("S", "S", trainScale),
    ...value("initFrom", "init-from", String),
    ...value("layers", "layers", parts),
    ...value("update", "update", (name) => oneOf("update", name, UPDATES)),
    ...value("weights", "weights", String),
    ...value("input", "input", (name) => oneOf("input", name, INPUT_NAMES)),
    ...command === "export-log"
      ? value("tracker", "as", (name) => oneOf("as", name, TRACKERS))
      : value("as", "as", (name) => oneOf("as", name, LAYOUTS)),
    ...value("Q", "Q", testScales),
    ...value("methods", "method", (names) => someOf("method", names, METHODS)),
  };
}

/** Whether the value of `--config` names a file's net, as in `./mine.ts/F`, and not one of the paper's. */
function isNetInFile(config: string | undefined): boolean {
  return config !== undefined && /\.([cm]?[jt]s|json)(\/|$)/.test(config);
}
