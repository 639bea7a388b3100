/** Work that is discarded if a stop is requested before its end. */

/** Receives progress, and says whether to stop. */
export interface WorkControl {
  onProgress?(done: number, total: number): void;
  /** Whether to stop. */
  shouldStop(): boolean;
}

/** Does work that reports progress. @returns `undefined` if it was stopped */
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
