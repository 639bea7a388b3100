/** A plot as numbers, for programs that draw it themselves. */

/** An axis. */
export interface ChartAxis {
  readonly label: string;
  /** Its ends; those of the points if absent. */
  readonly domain?: readonly [number, number];
  /** Where it has ticks, and what stands there if not the number; chosen by the program if absent. */
  readonly ticks?: readonly { readonly at: number; readonly text?: string }[];
  readonly isLogarithmic?: boolean;
}

/** A point with the ends of its interval. */
export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** Points of one kind. */
export interface ChartSeries {
  /** Its words in the legend; absent if it is not in the legend. */
  readonly name?: string;
  /** As in `#d55e00`; the text's own colour if absent. */
  readonly colour?: string;
  /** None if absent. */
  readonly symbol?: "circle" | "square" | "diamond" | "triangle";
  readonly isHollow?: boolean;
  /** How its points are joined; not at all if absent. */
  readonly line?: "solid" | "dashed";
  readonly points: readonly ChartPoint[];
}

/** A plot as numbers. */
export interface Chart {
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
  /** The axis along which intervals are; `y` if absent. */
  readonly intervals?: "x" | "y";
  /** Words below places. */
  readonly labels?: readonly { readonly x: number; readonly y: number; readonly text: string }[];
  /** Places on the axis of x with a vertical line. */
  readonly rules?: readonly number[];
  /** Height divided by width. */
  readonly ratio?: number;
}
