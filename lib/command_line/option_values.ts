/** Checks the values of options: names, numbers, scales, and lists of them. */
import { UsageError } from "../errors.ts";
import type { TrainScale } from "../experiment.ts";
import type { Reference } from "../results/compare_rows.ts";
import { didYouMean } from "../did_you_mean.ts";
import { PAPER_CROP } from "../vgg/images.ts";
import type { OptionName } from "./option_list.ts";

/** One of several names. */
export function oneOf<Value extends string>(
  name: OptionName,
  value: string,
  values: readonly Value[],
): Value {
  const found = values.find((other) => other === value);
  if (found !== undefined) return found;
  const all = `${values.length > 1 ? "one of " : ""}${values.join(", ")}`;
  throw new UsageError(
    `--${name} is ${all}, not "${value}".` + didYouMean(value, values),
  );
}

/** Some of several names, separated by commas; each once. */
export function someOf<Value extends string>(
  name: OptionName,
  value: string,
  values: readonly Value[],
): Value[] {
  return [...new Set(parts(value).map((part) => oneOf(name, part, values)))];
}

/** A whole number of at least `least` and at most `most`. */
export function whole(name: OptionName, value: string, least: number, most = Infinity): number {
  const number = Number(value);
  const isWhole = /^\d+$/.test(value) && Number.isSafeInteger(number);
  if (isWhole && number >= least && number <= most) return number;
  const range = most === Infinity ? `, ${least} or more` : ` from ${least} to ${most}`;
  throw new UsageError(`--${name} is a whole number${range}, not "${value}"`);
}

/** A training scale: `256`, or jittered: `256,512` or, as the paper writes it, `[256;512]`. */
export function trainScale(value: string): TrainScale {
  const [, range = value] = /^\[(.*)\]$/.exec(value) ?? [];
  const [min, max, ...more] = parts(range, /[,;]/).map((part) => scale("S", part));
  if (min !== undefined && max === undefined) return min;
  if (min !== undefined && max !== undefined && min < max && more.length === 0) return [min, max];
  throw new UsageError(
    `--S is one scale, as in --S 256, or two ends of a range, as in --S 256,512, not "${value}"`,
  );
}

/** Test scales, separated by commas; each once. */
export function testScales(value: string): number[] {
  return [...new Set(parts(value).map((part) => scale("Q", part)))];
}

/** A smallest side in the paper's pixels, at least one crop wide. */
function scale(name: "S" | "Q", value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= PAPER_CROP && Number.isSafeInteger(number)) return number;
  throw new UsageError(
    `--${name} is a whole number, ${PAPER_CROP} or more, not "${value}": the smallest side of an ` +
      `image, in the paper's pixels, in which every setup's crop is ${PAPER_CROP} wide`,
  );
}

/** The parts of a list. */
export function parts(value: string, between: string | RegExp = ","): string[] {
  return value.split(between).map((part) => part.trim());
}

/** A number from 0 to 100. */
export function perCent(name: OptionName, value: string): number {
  const number = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && number <= 100) return number;
  throw new UsageError(`--${name} is a number from 0 to 100, in per cent, not "${value}"`);
}

/** The row of a table: its number from 1, `best` or `baseline`. */
export function rowOrName(value: string): Reference {
  if (value === "best" || value === "baseline") return value;
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && Number.isSafeInteger(number)) return number;
  throw new UsageError(
    `--compare is the number of a row, 1 or more, or best, or baseline, not "${value}"`,
  );
}
