/** Numbers for people, in English notation. */

/**
 * A number with commas between thousands.
 *
 * ```ts
 * import { formatNumber } from "./numbers.ts";
 *
 * if (formatNumber(1281167) !== "1,281,167") throw new Error("separators");
 * if (formatNumber(2.1, { minimumFractionDigits: 2 }) !== "2.10") throw new Error("digits");
 * ```
 *
 * @param digits how many digits to print; up to three decimals if absent
 */
export function formatNumber(value: number, digits?: Intl.NumberFormatOptions): string {
  return formatOf(digits).format(value);
}

/** Formats by their digits: to make one takes a hundred times as long as to use it. */
const formats = new Map<string, Intl.NumberFormat>();

function formatOf(digits: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const name = JSON.stringify(digits);
  const format = formats.get(name) ?? new Intl.NumberFormat("en-US", digits);
  formats.set(name, format);
  return format;
}

/** A number with a number of decimals, as `toFixed` writes it; what rounds to 0 has no sign. */
export function fixed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, "");
}

/** A number with its noun: `1 row`, `2,000 rows`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${formatNumber(number)} ${number === 1 ? one : many}`;
}
