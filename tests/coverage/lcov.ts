/** What lcov says of files: which lines ran, and which did not. */

/** The lines of a file that hold code. */
export interface FileLines {
  readonly file: string;
  readonly lines: number;
  /** Those that never ran, in their order. */
  readonly missed: readonly number[];
}

/** Reads the records of an lcov file (geninfo's manual): `SF:` names a file, `DA:` a line and how often it ran. */
export function readLcov(text: string): FileLines[] {
  const files = new Map<string, Map<number, number>>();
  let runs = new Map<number, number>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^(SF|DA):(.*)$/.exec(line) ?? [];
    if (key === "SF") {
      runs = files.get(value!) ?? new Map();
      files.set(value!, runs);
    } else if (key === "DA") {
      const [number, count] = value!.split(",").map(Number) as [number, number];
      runs.set(number, (runs.get(number) ?? 0) + count);
    }
  }
  return [...files].map(([file, runs]) => {
    const missed = [...runs].filter(([, count]) => count === 0).map(([number]) => number);
    return { file, lines: runs.size, missed: missed.sort((a, b) => a - b) };
  });
}

/** A file that no test loads: every line that is not empty is one that never ran. */
export function neverLoaded(file: string, text: string): FileLines {
  const missed = text.split("\n").flatMap((line, i) => line.trim() === "" ? [] : [i + 1]);
  return { file, lines: missed.length, missed };
}

/** Lines that ran, of all, in per cent. */
export function share(files: readonly FileLines[]): number {
  const sum = (of: (file: FileLines) => number) => files.reduce((sum, file) => sum + of(file), 0);
  return 100 * (1 - sum(({ missed }) => missed.length) / sum(({ lines }) => lines));
}

/** Numbers as ranges: `3-5, 8`. */
export function ranges(numbers: readonly number[]): string {
  const ends = numbers.filter((number, i) => numbers[i + 1] !== number + 1);
  const begins = numbers.filter((number, i) => numbers[i - 1] !== number - 1);
  return begins.map((begin, i) => begin === ends[i] ? `${begin}` : `${begin}-${ends[i]}`).join(
    ", ",
  );
}
