/** Work of which no part is kept: it is given up where a stop is asked for on the way. */

/** Tells how much is done, and asks whether to go on. */
export interface WorkControl {
  onProgress?(done: number, total: number): void;
  /** Whether to leave. */
  shouldStop(): boolean;
}

/** Does work that tells how far it is. @returns nothing where it was given up */
export function unlessStopped<Result>(
  { onProgress, shouldStop }: WorkControl,
  work: (onProgress: (done: number, total: number) => void) => Result,
): Result | undefined {
  const stopped = new Error("stopped");
  try {
    return work((done, total) => {
      if (shouldStop()) throw stopped;
      onProgress?.(done, total);
    });
  } catch (error) {
    if (error !== stopped) throw error;
  }
}
