/**
 * Worker threads and their messages. A worker's module calls `answerJobs`. The main thread starts the
 * module with `startWorker` and sends it one job at a time, or distributes a list of jobs among several
 * workers with `inParallel`.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { mustHaveAddresses } from "./address_space.ts";
import { threads } from "./machine.ts";

/** The global scope of a worker; Deno's types describe that of a page. */
interface WorkerScope {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(reply: Reply): void;
}
type Request = { common: unknown } | { job: unknown };
type Reply = { note: unknown } | { answer: unknown } | { failure: Failure };
interface Failure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly isUserError: boolean;
}

/**
 * Called by a worker's module: does each job with `work`. It also gets the data that all jobs share, and
 * a function that sends notes, such as progress, during the job.
 */
export function answerJobs<Job, Common, Answer, Note = never>(
  work: (job: Job, common: Common, send: (note: Note) => void) => Promise<Answer> | Answer,
) {
  const scope = self as unknown as WorkerScope;
  const send = (note: Note) => scope.postMessage({ note });
  let common: Common;
  scope.onmessage = async ({ data }) => {
    if ("common" in data) {
      common = data.common as Common;
      return;
    }
    try {
      scope.postMessage({ answer: await work(data.job as Job, common, send) });
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      scope.postMessage({ failure: { message, stack, isUserError: error instanceof UserError } });
    }
  };
}

/** Files that a thread's event loop keeps open (7 with Deno 2.9), and those of everybody's work. */
const [FILES_OF_A_THREAD, FILES_OF_WORK] = [8, 32];

/**
 * Opens as many files as new threads may need, and closes them again. Where a thread cannot open those of
 * its event loop, or reserve its addresses, Deno ends the process with a report of its own defect.
 *
 * @throws {UserError} The limit of open files or of addresses is too low.
 */
export function mayStart(threads: number) {
  mustHaveAddresses(threads);
  const needed = FILES_OF_WORK + threads * FILES_OF_A_THREAD;
  const open: Deno.FsFile[] = [];
  try {
    while (open.length < needed) open.push(Deno.openSync(new URL(import.meta.url)));
  } catch (error) {
    if (!/os error 2[34]\b/.test((error as Error).message)) throw error;
    const what = threads === 1 ? "a thread: it may" : `${threads} threads: they may`;
    throw new UserError(
      `Cannot start ${what} need ${needed} files, but only ${open.length} more may be open; raise the ` +
        "limit of this session, as in ulimit -n 1024",
      { cause: error },
    );
  } finally {
    for (const file of open) file.close();
  }
}

/** A worker thread; it does one job at a time. */
export interface WorkerThread<Job, Answer, Note = never> {
  /** Sends a job and returns its answer. `onNote` gets the worker's notes meanwhile. */
  ask(job: Job, onNote?: (note: Note) => void): Promise<Answer>;
  /** Ends the thread, even during a job. */
  stop(): void;
}

/**
 * Starts a worker thread.
 *
 * @param module calls `answerJobs`
 * @param common data that all of its jobs share
 */
export function startWorker<Job, Answer, Note = never>(
  module: URL,
  common: unknown,
): WorkerThread<Job, Answer, Note> {
  mayStart(1);
  const worker = new Worker(module, { type: "module" });
  worker.postMessage({ common });
  return {
    ask: (job, onNote) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data: reply }: MessageEvent<Reply>) => {
          if ("note" in reply) onNote?.(reply.note as Note);
          else if ("failure" in reply) reject(errorOf(reply.failure));
          else resolve(reply.answer as Answer);
        };
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
        worker.postMessage({ job });
      }),
    stop: () => worker.terminate(),
  };
}

/**
 * Does `jobs` on the machine's cores, and yields each answer with its job's index as soon as it is
 * ready. Any worker may get any job, so an answer must depend on its job only. `common` is sent to each
 * worker once. The first failure ends the work and is thrown.
 */
export async function* inParallel<Job, Answer>(
  jobs: readonly Job[],
  { worker: module, common, workers = threads() }: {
    readonly worker: URL;
    readonly common?: unknown;
    readonly workers?: number;
  },
): AsyncGenerator<{ index: number; answer: Answer }> {
  const done: { index: number; answer: Answer }[] = [];
  let next = 0, failure: unknown;
  let wake = () => {};
  const length = Math.min(workers, jobs.length);
  mayStart(length);
  const started = Array.from(
    { length },
    () => startWorker<Job, Answer>(module, common),
  );

  async function work(thread: WorkerThread<Job, Answer>) {
    try {
      while (next < jobs.length && failure === undefined) {
        const index = next++;
        done.push({ index, answer: await thread.ask(jobs[index]!) });
        wake();
      }
    } catch (error) {
      failure = error;
      wake();
    }
  }

  try {
    for (const thread of started) void work(thread);
    for (let yielded = 0; yielded < jobs.length; yielded++) {
      while (done.length === 0 && failure === undefined) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      if (failure !== undefined) throw failure;
      yield done.shift()!;
    }
  } finally {
    for (const thread of started) thread.stop();
  }
}

/** Restores the error that a worker reported. */
function errorOf({ message, stack, isUserError }: Failure): Error {
  const error = isUserError ? new UserError(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Splits `items` into chunks of at most `size`. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
