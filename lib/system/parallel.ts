/**
 * Work on every core: Web Workers do a list of jobs, each one job at a time.
 *
 * A worker's module calls `answerJobs`; the owner of the jobs calls `inParallel` with the module's
 * address. Any worker may do any job, so an answer must depend on its job alone.
 *
 * @module
 */
import { UserError } from "../errors.ts";

/** What a worker's global scope offers; Deno's types describe that of a page. */
interface WorkerScope {
  onmessage: (event: MessageEvent<JobMessage>) => void;
  postMessage(reply: AnswerMessage): void;
}
type JobMessage = { common: unknown } | { job: unknown };
type AnswerMessage = { answer: unknown } | { failure: Failure };
interface Failure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly isUserError: boolean;
}

/**
 * Called by a worker's module: does each job with `work`, which also receives the jobs' common data.
 */
export function answerJobs<Job, Common, Answer>(
  work: (job: Job, common: Common) => Promise<Answer> | Answer,
) {
  const scope = self as unknown as WorkerScope;
  let common: Common;
  scope.onmessage = async ({ data }) => {
    if ("common" in data) {
      common = data.common as Common;
      return;
    }
    try {
      scope.postMessage({ answer: await work(data.job as Job, common) });
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      scope.postMessage({ failure: { message, stack, isUserError: error instanceof UserError } });
    }
  };
}

/**
 * Does `jobs` on the machine's cores and yields each answer with its job's index, in any order.
 * `common` is sent to each worker once. The first failure ends the work and is thrown.
 */
export async function* inParallel<Job, Answer>(
  jobs: readonly Job[],
  { worker: module, common, workers = navigator.hardwareConcurrency }: {
    readonly worker: URL;
    readonly common?: unknown;
    readonly workers?: number;
  },
): AsyncGenerator<{ index: number; answer: Answer }> {
  const done: { index: number; answer: Answer }[] = [];
  let next = 0, failure: Error | undefined;
  let wake = () => {};

  const running = Array.from({ length: Math.min(workers, jobs.length) }, () => {
    const worker = new Worker(module, { type: "module" });
    let index = 0;
    function giveJob() {
      if (next === jobs.length) return;
      index = next++;
      worker.postMessage({ job: jobs[index] });
    }
    worker.onmessage = ({ data }: MessageEvent<AnswerMessage>) => {
      if ("failure" in data) failure = errorOf(data.failure);
      else done.push({ index, answer: data.answer as Answer });
      giveJob();
      wake();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      failure = new Error(event.message);
      wake();
    };
    worker.postMessage({ common });
    giveJob();
    return worker;
  });

  try {
    for (let yielded = 0; yielded < jobs.length; yielded++) {
      while (done.length === 0 && !failure) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      if (failure) throw failure;
      yield done.shift()!;
    }
  } finally {
    for (const worker of running) worker.terminate();
  }
}

/** The error that a worker reported, as it would have been thrown here. */
function errorOf({ message, stack, isUserError }: Failure): Error {
  const error = isUserError ? new UserError(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Cuts `items` into chunks of at most `size`, so that a job takes longer than its message. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
