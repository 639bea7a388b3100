/** Cells of the benchmarks' tables. */
import { formatNumber } from "../numbers.ts";
import type { RecordValue } from "../report/records.ts";

/** A cell as it is; nothing where it is missing. */
export const text = (value: RecordValue) => value === undefined ? "" : String(value);

/** A number with three digits or two decimals; other cells as they are. */
export function numeral(value: RecordValue): string {
  if (typeof value !== "number") return text(value);
  return formatNumber(value, {
    minimumFractionDigits: value < 10 ? 2 : 0,
    maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0,
  });
}
