/**
 * Progress on standard error: bars with rate and time left on a terminal, occasional lines elsewhere,
 * and no output for work of less than two seconds.
 *
 * @module
 */
import cliProgress from "cli-progress";
import process from "node:process";
import { formatNumber } from "../numbers.ts";

/** Shows the progress of one piece of work. */
export interface Bar {
  /** `done` of `total` units, followed by `note`. Draws at most ten times a second. */
  update(done: number, total: number, note?: string): void;
  /** Ends the bar. Until then, a bar on a terminal keeps the program alive. */
  stop(): void;
}

/** Bars of parallel work, one below the other. */
export interface Bars {
  /** Adds a bar, which disappears when it is stopped. */
  bar(label: string, options?: BarOptions): Bar;
  /** Writes a line above the bars. */
  log(line: string): void;
  /** Ends all bars; those that were not stopped stay on the screen. */
  stop(): void;
}

/** How a bar counts. */
export interface BarOptions {
  /** The unit, as in `images`; with `%` only the share is shown. */
  readonly unit?: string;
}

/** The output stream and the clock, which tests replace. */
export interface Surroundings {
  readonly stream?: { readonly isTTY?: boolean; write(text: string): unknown };
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Work that takes less time than this is not shown, ms. */
const QUIET = 2_000;
/** Interval between two drawings on a terminal, ms. */
const FRAME = 100;
/** Interval between two lines without a terminal, ms, unless a tenth of the work was done. */
const PAUSE = 10_000;
/** Rates are averages over the last 20 s, or over the last few steps if steps are slow. */
const MEMORY = 20_000;
const STEPS = 8;

/** One bar on standard error, which stays on the screen when it is stopped. */
export function progressBar(label: string, options: BarOptions & Surroundings = {}): Bar {
  const bars = progressBars(options);
  const { update } = bars.bar(label, options);
  return { update, stop: bars.stop };
}

/** Several bars on standard error. */
export function progressBars(
  { stream = process.stderr, now = () => performance.now() }: Surroundings = {},
): Bars {
  return stream.isTTY ? onTerminal(stream, now) : asLines((text) => stream.write(text), now);
}

function onTerminal(stream: NonNullable<Surroundings["stream"]>, now: () => number): Bars {
  const screen = new MultiBar({
    stream,
    // The terminal's settings do not change, so an interrupted program leaves no trace.
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    format: (_options, { maxWidth }, { work }) => {
      const label = Math.max(...[...shown].map(({ label }) => label.length));
      return draw(work, { now: now(), width: maxWidth - 1, label });
    },
  });
  const shown = new Set<Task>();
  let drawn = -Infinity;
  // A timer alone is not enough: timers do not run during a training step.
  function show() {
    if (now() - drawn < FRAME) return;
    drawn = now();
    screen.update();
  }

  return {
    bar(label, { unit = "" } = {}) {
      const work = new Task(label, unit, now());
      let line: unknown;
      return {
        update(done, total, note) {
          work.update(done, total, { note, now: now() });
          if (work.age(now()) < QUIET) return;
          shown.add(work);
          line ??= screen.create(1, 0, { work });
          show();
        },
        stop() {
          shown.delete(work);
          if (line !== undefined) screen.remove(line);
          line = undefined;
        },
      };
    },
    log(text) {
      if (!screen.isActive) return void stream.write(`${text}\n`);
      screen.log(`${text}\n`);
      screen.update();
    },
    stop() {
      if (screen.isActive) screen.stop();
    },
  };
}

function asLines(write: (text: string) => void, now: () => number): Bars {
  const running = new Set<Bar>();
  return {
    bar(label, { unit = "" } = {}) {
      const work = new Task(label, unit, now());
      let last = { time: now(), share: 0 };
      let spoken = false;
      function say() {
        write(`${sentence(work, now())}\n`);
        last = { time: now(), share: work.share };
        spoken = true;
      }

      const bar: Bar = {
        update(done, total, note) {
          work.update(done, total, { note, now: now() });
          const since = now() - last.time;
          if (since >= PAUSE || (since >= QUIET && work.share - last.share >= 0.1)) say();
        },
        stop() {
          if (running.delete(bar) && spoken && work.share > last.share) say();
        },
      };
      running.add(bar);
      return bar;
    },
    log: (text) => write(`${text}\n`),
    stop: () => running.forEach((bar) => bar.stop()),
  };
}

/** The work of a bar. */
class Task {
  done = 0;
  total = 0;
  note = "";
  /** Times of the last steps, and the units done at each. */
  #past: { time: number; done: number }[] = [];

  constructor(readonly label: string, readonly unit: string, readonly start: number) {}

  update(
    done: number,
    total: number,
    { note = "", now }: { note?: string | undefined; now: number },
  ) {
    // Resumed or restarted work says nothing about the rate.
    if (total !== this.total || done < this.done) this.#past = [];
    Object.assign(this, { done, total, note });
    if (this.#past.at(-1)?.done !== done) this.#past.push({ time: now, done });
    while (this.#past.length > STEPS && this.#past[1]!.time < now - MEMORY) this.#past.shift();
  }

  /** The share that is done, 0 to 1. */
  get share(): number {
    return this.total > 0 ? Math.min(this.done / this.total, 1) : 0;
  }

  /** Milliseconds since the start. */
  age(now: number): number {
    return now - this.start;
  }

  /** Units a second, if known. */
  rate(now: number): number | undefined {
    const first = this.#past[0];
    if (!first || now <= first.time || this.done <= first.done) return undefined;
    return (this.done - first.done) / (now - first.time) * 1000;
  }
}

/** A bar: `scenes  ████████░░░░░░░░   45 %  5,400/12,000 images  612/s  0:11 left`. */
function draw(work: Task, size: { now: number; width: number; label: number }): string {
  const name = work.label.padEnd(size.label);
  const facts = [percent(work.share), ...factsOf(work, size.now)].join("  ");
  const cells = Math.min(Math.max(size.width - name.length - facts.length - 4, 8), 20);
  const full = Math.round(work.share * cells);
  const bar = "█".repeat(full) + "░".repeat(cells - full);
  return `${name}  ${bar}  ${facts}`.slice(0, size.width);
}

/** Progress as a line: `scenes: 45 %, 5,400/12,000 images, 612/s, 0:11 left`. */
function sentence(work: Task, now: number): string {
  return `${work.label}: ${[percent(work.share).trim(), ...factsOf(work, now)].join(", ")}`;
}

function factsOf(work: Task, now: number): string[] {
  const { done, total, unit, note } = work;
  const rate = work.rate(now);
  const facts: string[] = [];
  if (unit !== "%") {
    facts.push(`${count(done)}/${count(total)} ${unit}`.trim());
    if (rate !== undefined && rate >= 2) facts.push(`${count(rate)}/s`);
  }
  if (done >= total) facts.push(`in ${clock(work.age(now) / 1000)}`);
  else if (rate !== undefined) facts.push(`${clock((total - done) / rate)} left`);
  return note ? [...facts, note] : facts;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`.padStart(5);
}

function count(units: number): string {
  return formatNumber(Math.round(units));
}

/**
 * Seconds for people: `0:07`, `12:30`, `3:05:00`, `2 d 04 h`.
 *
 * ```ts
 * import { clock } from "./progress.ts";
 *
 * if (clock(750) !== "12:30") throw new Error("minutes and seconds");
 * ```
 */
export function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours >= 48) return `${count(Math.floor(hours / 24))} d ${two(hours % 24)} h`;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** The part of cli-progress, which has no types, that is used here. */
interface Screen {
  readonly isActive: boolean;
  create(total: number, value: number, payload: { work: Task }): unknown;
  remove(bar: unknown): void;
  update(): void;
  log(line: string): void;
  stop(): void;
}
const { MultiBar } = cliProgress as unknown as {
  MultiBar: new (options: {
    stream: unknown;
    hideCursor: boolean;
    linewrap: boolean;
    gracefulExit: boolean;
    format: (options: unknown, sizes: { maxWidth: number }, payload: { work: Task }) => string;
  }) => Screen;
};
