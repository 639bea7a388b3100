/** Pieces of work at the same time, of which none goes on when another has failed. */

/**
 * Waits for pieces of work that end when `stop` is aborted. The first failure aborts it, and is thrown
 * when all have ended.
 *
 * @returns the results in the order of the work
 * @throws the first failure, or the reason for which `stop` was aborted before
 */
export async function together<Results extends readonly unknown[]>(
  work: readonly [...{ [Index in keyof Results]: Promise<Results[Index]> }],
  stop: AbortController,
): Promise<Results> {
  for (const part of work) part.catch((error) => stop.abort(error));
  await Promise.allSettled(work);
  stop.signal.throwIfAborted();
  return await Promise.all(work) as unknown as Results;
}
