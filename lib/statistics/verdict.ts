/** Whether a measured error reproduces a published one. */
import { type Interval, wilson } from "./proportion.ts";
import { meanAndDeviation, studentInterval } from "./seeds.ts";

/** What a measured error says about a published one of the same protocol. */
export type Status =
  /** They are equal, as far as differences matter. */
  | "reproduced"
  /** The measured error is lower. */
  | "better"
  /** The measured error is higher. */
  | "worse"
  /** Neither equality nor a difference is shown, although the interval is narrow enough for equality. */
  | "within noise"
  /** There are too few images or seeds to show equality. */
  | "underpowered";

/** A status and its grounds: errors in points, measured - published. */
export interface Verdict {
  readonly status: Status;
  readonly difference: number;
  readonly interval: Interval;
  /** One sentence, with the numbers. */
  readonly reason: string;
}

/**
 * Differences up to this size, in points, count as equality. The paper sees no difference between A and
 * A-LRN (0.1) and D and E (0.1 to 0.3), and a slight one between dense and multi-crop (0.2), while the
 * steps from A to B, B to C and C to D are 0.9, 0.6 and 1.1.
 */
export const MARGIN = 0.5;

/** A published error is printed to 0.1 and may be this far from what was measured, points. */
const ROUNDING = 0.05;

/**
 * Compares measured with published. The interval of the difference is the wider of Wilson's, for the
 * images, and Student's, for the seeds where there are at least two, and both ends are moved outwards
 * by the rounding. Equality is shown if it is within the margin: an equivalence test by two
 * one-sided tests (Schuirmann 1987), each at 2.5 %.
 *
 * The caller checks first whether the protocols are the same.
 *
 * @param errors measured errors in per cent, one a seed
 * @param images how many images each of them was measured on
 * @param published in per cent
 * @throws {RangeError} An error is not between 0 and 100, or there are no images.
 */
export function verdict(
  { errors, images, published }: {
    readonly errors: readonly number[];
    readonly images: number;
    readonly published: number;
  },
): Verdict {
  for (const error of [...errors, published]) {
    if (!(error >= 0 && error <= 100)) throw new RangeError(`Cannot take ${error} % as an error`);
  }
  const difference = meanAndDeviation(errors).mean - published;
  const { low, high, source } = intervalOf(errors, images);
  const interval = { low: low - published - ROUNDING, high: high - published + ROUNDING };
  const status = statusOf(interval);
  const reason = `Measured - published is ${signed(difference)} points, and its interval from ` +
    `${source}, ${signed(interval.low)} to ${signed(interval.high)}, ${BECAUSE[status]}.`;
  return { status, difference, interval, reason };
}

/** What each status says about the interval of the difference. */
const BECAUSE: Readonly<Record<Status, string>> = {
  "reproduced": `is within ±${MARGIN}`,
  "better": "is below 0",
  "worse": "is above 0",
  "within noise": `contains 0 and goes beyond ±${MARGIN}`,
  "underpowered": `is too wide to show equality within ±${MARGIN}`,
};

/** The wider interval of the measured error in per cent, and where it comes from. */
function intervalOf(errors: readonly number[], images: number): Interval & { source: string } {
  const { low, high } = wilson(meanAndDeviation(errors).mean / 100 * images, images);
  const byImages = { low: 100 * low, high: 100 * high };
  if (errors.length > 1) {
    const bySeeds = studentInterval(errors);
    if (width(bySeeds) > width(byImages)) return { ...bySeeds, source: `${errors.length} seeds` };
  }
  return { ...byImages, source: `${images.toLocaleString("en")} images` };
}

function statusOf(interval: Interval): Status {
  const { low, high } = interval;
  if (low >= -MARGIN && high <= MARGIN) return "reproduced";
  if (low > 0) return "worse";
  if (high < 0) return "better";
  return width(interval) > 2 * MARGIN ? "underpowered" : "within noise";
}

const width = ({ low, high }: Interval) => high - low;

/** A difference with its sign; 0 after rounding has no sign. */
export function signed(points: number, decimals = 2): string {
  const text = points.toFixed(decimals);
  return Number(text) === 0 ? Math.abs(points).toFixed(decimals) : points > 0 ? `+${text}` : text;
}
