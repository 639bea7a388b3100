/** Threads that live through histories, one after the other. */
import { History, type Outcome, type Thread } from "./history.ts";
import { Port } from "./port.ts";

/** Threads at the same time: three commands with one worker each, or two with two. */
const THREADS = 6;

/** A pool of threads. */
export class Simulation implements Disposable {
  readonly #workers: readonly Worker[];
  readonly #threads: readonly Thread[];
  /** Results of a history without faults, by path. */
  readonly #expected: ReadonlyMap<string, Uint8Array>;

  private constructor(workers: readonly Worker[], threads: readonly Thread[]) {
    this.#workers = workers;
    this.#threads = threads;
    const unbroken = new History(threads, { seed: 0 });
    const { violation } = unbroken.run();
    if (violation !== undefined) throw new Error(`Without a fault: ${violation}`);
    this.#expected = unbroken.results();
  }

  /** Starts the threads, and lets one command carry the plan out without a fault. */
  static async start(): Promise<Simulation> {
    const [workers, threads]: [Worker[], Thread[]] = [[], []];
    while (threads.length < THREADS) {
      const port: Thread["port"] = new Port(false);
      const worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module" });
      worker.postMessage(port.memory);
      await port.ready(); // one by one: the types of its modules are checked once
      workers.push(worker);
      threads.push({
        port,
        process: undefined,
        call: { name: "parked" },
        due: Infinity,
        inbox: [],
      });
    }
    return new Simulation(workers, threads);
  }

  /** The history of a seed. @param planted a defect of `planted.ts` */
  try(seed: number, planted?: string): Outcome {
    const history = new History(this.#threads, { seed, planted, expected: this.#expected });
    return history.run();
  }

  [Symbol.dispose]() {
    for (const worker of this.#workers) worker.terminate();
  }
}
