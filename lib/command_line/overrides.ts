/** Changes single fields of a setup on the command line: `--set kernels=glorot,biases.rate=1`. */
import { type Drops, PRECISIONS, type Setup } from "../setup.ts";
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { pooled } from "../vgg/configs.ts";
import { mustOutlastWarmup } from "../vgg/schedule.ts";

/** The values of fields that hold a word. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  kernels: ["paper", "gaussian-0.01", "glorot", "he"],
  "rgbShift.by": ["root", "eigenvalue"],
  precision: PRECISIONS,
  resize: ["bicubic", "bilinear", "lanczos3", "aliased-bilinear"],
  oddSides: ["up", "down"],
  transfer: ["paper", "deepen"],
  momentumForm: ["caffe", "pytorch"],
  scoreMap: ["average-then-softmax", "softmax-then-average", "sum-then-softmax"],
  cropGrid: ["edge-to-edge", "central-square", "cell-centres"],
  centreCrop: ["upright", "mirrored"],
};

/** Initial values of a rule for the learning rate, for a setup that had another rule. */
const DROPS: Readonly<Record<Drops["rule"], Drops>> = {
  plateau: { rule: "plateau", patience: 5, times: 3 },
  steps: { rule: "steps", at: [1 / 4, 1 / 2, 3 / 4] },
  linear: { rule: "linear" },
};

const RULE = /^schedules\.\w+\.drops\.rule$/;

function wordsFor(field: string): readonly string[] | undefined {
  return RULE.test(field) ? Object.keys(DROPS) : WORDS[field];
}

/** What a number may be. */
interface Range {
  readonly fields: RegExp;
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

const isCount = (value: number, least: number, most = Infinity) =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** Channels of the paper's narrowest layers, of which a setup's width is a share. */
const NARROWEST = 64;

/** Ranges of numbers; the first that has a field counts. */
const RANGES: readonly Range[] = [
  {
    fields: /^crop$/,
    holds: (value) => isCount(value, 1, 2048),
    words: "a whole number from 1 to 2048",
  },
  {
    // more would take a machine's memory before anything could tell
    fields: /^(fc|batch)$/,
    holds: (value) => isCount(value, 1, 65_536),
    words: "a whole number from 1 to 65536",
  },
  {
    fields:
      /^(trainingImages|validations|validationImages|jitterStep|schedules\.\w+\.(images|drops\.patience)|scenes\.(classes|train|val))$/,
    holds: (value) => isCount(value, 1),
    words: "a whole number above 0",
  },
  {
    fields: /^scenes\.seed$/,
    holds: (value) => isCount(value, 0),
    words: "a whole number, 0 or more",
  },
  {
    fields: /\.drops\.times$/,
    holds: (value) => isCount(value, 0, 100),
    words: "a whole number from 0 to 100",
  },
  {
    fields: /^width$/,
    holds: (value) => isCount(value * NARROWEST, 1, 16 * NARROWEST),
    words:
      `a number of ${NARROWEST}ths from 1/${NARROWEST} to 16, so that layers have whole channels`,
  },
  {
    fields: /^(dropout|momentum)$/,
    holds: (value) => value >= 0 && value < 1,
    words: "a number that is not negative, and below 1",
  },
  {
    fields: /^retry\./,
    holds: (value) => value >= 0 && value <= 1,
    words: "a number from 0 to 1",
  },
  {
    fields: /^(inputScale|schedules\.\w+\.learningRate)$/,
    holds: (value) => value > 0 && value < Infinity,
    words: "a number above 0",
  },
  {
    fields: /./,
    holds: (value) => value >= 0 && value < Infinity,
    words: "a number that is not negative",
  },
];

/** A decimal number, as `Number` reads it; that also reads blanks, as 0. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Numbers of images that a setup may leave out, which means all. */
const ALL_IMAGES = { trainingImages: Infinity, validationImages: Infinity } as const;

type Leaf = string | number | readonly number[];
interface Branch {
  readonly [field: string]: Leaf | Branch;
}

/**
 * A setup with some fields changed. A field is named as in `lib/experiment.ts`, with a dot between an
 * object's name and its field's: `dropout`, `schedules.first.images`, `scenes.classes`.
 *
 * @throws {UsageError} The field does not exist, or cannot hold the value.
 */
export function override(setup: Setup, changes: string): Setup {
  const seen = new Set<string>();
  const result = changes.split(",").reduce((changed, text) => {
    const [field = "", ...parts] = text.split("=");
    const value = parts.length > 0 ? parts.join("=") : undefined;
    if (seen.has(field)) {
      throw new UsageError(`Cannot set "${field}" twice: only one of its values would count`);
    }
    seen.add(field);
    const { evaluate, scenes } = changed;
    const train = { ...ALL_IMAGES, ...changed.train };
    const data = scenes ? { scenes } : {};
    const [ofTrain, ofEvaluate, ofData] = [train, evaluate, data].map((part) =>
      hasLeaf(part, field)
    );
    if (!ofTrain && !ofEvaluate && !ofData) {
      const names = [train, evaluate, data].flatMap((part) => leaves(part));
      throw new UsageError(
        `Cannot set "${field}": the fields are ${names.join(", ")}.` + didYouMean(field, names),
      );
    }
    if (value === undefined || value === "") {
      throw new UsageError(`--set ${field} needs a value: --set ${field}=VALUE`);
    }
    if (ofData) return { ...changed, ...withLeaf(data, field, value) };
    const part = ofTrain ? "train" : "evaluate";
    return { ...changed, [part]: withLeaf(changed[part], field, value) };
  }, setup);
  mustHold(result);
  return result;
}

/**
 * Refuses a setup that no net can have.
 *
 * @throws {UserError} A number is out of its range, a schedule's warm-up takes all images, or poolings
 * shrink a crop to nothing.
 */
export function mustHold(
  { train, evaluate, scenes }: Pick<Setup, "train" | "evaluate" | "scenes">,
) {
  for (const branch of [train, evaluate, { scenes: scenes ?? {} }]) mustBeInRange(branch);
  const { crop, oddSides, schedules } = train;
  for (const [name, schedule] of Object.entries(schedules)) {
    mustOutlastWarmup(`schedules.${name}`, schedule);
  }
  if (pooled(crop, oddSides) > 0) return;
  throw new UsageError(
    `Cannot set oddSides to ${oddSides}: five poolings shrink a crop of ${crop} pixels to nothing; ` +
      "also set crop to 32 or more",
  );
}

/**
 * A setup with some fields changed, under a name that has all changes; see `override`. Its note names them,
 * but for the precision, which captions name themselves.
 */
export function withChanges(setup: Setup, changes: string): Setup {
  const others = changes.split(",").filter((change) => !change.startsWith("precision=")).join(",");
  const note = others === "" ? setup.note : `${setup.note}; with ${others}`;
  return { ...override(setup, changes), changes, note };
}

/** Refuses an object with a number that is out of its field's range. */
function mustBeInRange(branch: object, prefix = "") {
  for (const [field, value] of Object.entries(branch as Branch)) {
    const path = `${prefix}${field}`;
    if (typeof value === "number") inRange(path, value, String(value));
    else if (!isLeaf(value)) mustBeInRange(value, `${path}.`);
  }
}

/** A number for a field. @throws {UsageError} It is out of its range. */
function inRange(field: string, value: number, text: string): number {
  const range = rangeOf.get(field) ?? RANGES.find(({ fields }) => fields.test(field))!;
  rangeOf.set(field, range);
  if (range.holds(value)) return value;
  throw new UsageError(`Cannot set ${field} to "${text}": it is ${range.words}`);
}

/** Ranges of fields that were looked for; a study asks for each a thousand times. */
const rangeOf = new Map<string, typeof RANGES[number]>();

/** Names of the numbers, words and lists in an object. */
function leaves(branch: object, prefix = ""): string[] {
  return Object.entries(branch as Branch).flatMap(([field, value]) => {
    const path = `${prefix}${field}`;
    if (isLeaf(value)) return typeof value === "string" && !wordsFor(path) ? [] : [path];
    return leaves(value, `${path}.`);
  });
}

/** Whether an object has a number, a word or a list of this name: one of its `leaves`. */
function hasLeaf(branch: object, path: string): boolean {
  let value: Leaf | Branch = branch as Branch;
  for (const name of path.split(".")) {
    if (isLeaf(value) || !Object.hasOwn(value, name)) return false;
    value = value[name]!;
  }
  return isLeaf(value) && (typeof value !== "string" || wordsFor(path) !== undefined);
}

function isLeaf(value: Leaf | Branch): value is Leaf {
  return typeof value !== "object" || Array.isArray(value);
}

function withLeaf(branch: object, path: string, text: string, whole = path): object {
  const [field = "", ...rest] = path.split(".");
  const old = (branch as Branch)[field];
  const value = rest.length > 0
    ? withLeaf(old as Branch, rest.join("."), text, whole)
    : leafOf(whole, text, old as Leaf ?? ALL_IMAGES[field as keyof typeof ALL_IMAGES]);
  if (RULE.test(whole) && field === "rule" && value !== old) return DROPS[value as Drops["rule"]];
  return { ...branch, [field]: value };
}

function leafOf(field: string, text: string, old: Leaf): Leaf {
  if (typeof old === "number") {
    return inRange(field, DECIMAL.test(text) ? Number(text) : NaN, text);
  }
  if (typeof old === "object") return sharesOf(field, text);
  const words = wordsFor(field)!;
  if (words.includes(text)) return text;
  throw new UsageError(
    `Cannot set ${field} to "${text}": it is ${words.join(" or ")}.` + didYouMean(text, words),
  );
}

/** Shares of a training at which the rate drops, in order, as in `0.25:0.5:0.75`. */
function sharesOf(field: string, text: string): number[] {
  const shares = text.split(":").map(Number);
  if (shares.every((share, i) => share > (shares[i - 1] ?? 0) && share < 1)) return shares;
  throw new UsageError(
    `Cannot set ${field} to "${text}": it is shares of the training, rising, between 0 and 1, as in ` +
      "0.25:0.5:0.75",
  );
}
