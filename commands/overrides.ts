/** Single fields of a setup, changed on the command line: `--set kernels=glorot,biases.rate=1`. */
import type { Setup } from "../lib/experiment.ts";
import { didYouMean } from "../lib/nearest.ts";
import { UsageError } from "../lib/errors.ts";

/** What may stand in a field that holds a word. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  kernels: ["paper", "gaussian-0.01", "glorot", "he"],
  "rgbShift.by": ["root", "eigenvalue"],
  precision: ["float32", "bfloat16"],
  scoreMap: ["average-then-softmax", "softmax-then-average"],
};

/** Fields that count something. */
const WHOLE = new RegExp(
  "^(crop|fc|batch|validations|validationImages|jitterStep|schedules\\.\\w+\\.images|scenes\\.\\w+)$",
);

type Leaf = string | number;
interface Branch {
  readonly [field: string]: Leaf | Branch | readonly number[];
}

/**
 * A setup with some fields changed. A field is named as in `lib/experiment.ts`, with a dot between an
 * object's name and its field's: `dropout`, `schedules.first.images`, `scenes.classes`.
 *
 * @throws {UsageError} There is no such field, or it cannot hold the value.
 */
export function override(setup: Setup, changes: string): Setup {
  return changes.split(",").reduce((changed, text) => {
    const [field = "", value] = text.split("=");
    const { train, evaluate, scenes } = changed;
    const data = scenes ? { scenes } : {};
    const names = [...leaves(train), ...leaves(evaluate), ...leaves(data)];
    if (!names.includes(field)) {
      throw new UsageError(
        `Cannot set "${field}": the fields are ${names.join(", ")}.` + didYouMean(field, names),
      );
    }
    if (value === undefined || value === "") {
      throw new UsageError(`--set ${field} needs a value: --set ${field}=VALUE`);
    }
    if (leaves(data).includes(field)) return { ...changed, ...withLeaf(data, field, value) };
    const part = leaves(train).includes(field) ? "train" : "evaluate";
    return { ...changed, [part]: withLeaf(changed[part], field, value) };
  }, setup);
}

/** Names of the numbers and words in an object. */
function leaves(branch: object, prefix = ""): string[] {
  return Object.entries(branch as Branch).flatMap(([field, value]) => {
    if (typeof value === "number" || field in WORDS || `${prefix}${field}` in WORDS) {
      return [`${prefix}${field}`];
    }
    if (typeof value !== "object" || Array.isArray(value)) return [];
    return leaves(value, `${prefix}${field}.`);
  });
}

function withLeaf(branch: object, path: string, text: string, whole = path): object {
  const [field = "", ...rest] = path.split(".");
  const old = (branch as Branch)[field];
  const value = rest.length > 0
    ? withLeaf(old as Branch, rest.join("."), text, whole)
    : leafOf(whole, text, old as Leaf);
  return { ...branch, [field]: value };
}

function leafOf(field: string, text: string, old: Leaf): Leaf {
  if (typeof old === "number") {
    const value = Number(text);
    const whole = WHOLE.test(field);
    if (whole ? Number.isSafeInteger(value) && value > 0 : value >= 0 && value < Infinity) {
      return value;
    }
    const kind = whole ? "a whole number above 0" : "a number that is not negative";
    throw new UsageError(`Cannot set ${field} to "${text}": it is ${kind}`);
  }
  const words = WORDS[field]!;
  if (words.includes(text)) return text;
  throw new UsageError(
    `Cannot set ${field} to "${text}": it is ${words.join(" or ")}.` + didYouMean(text, words),
  );
}
