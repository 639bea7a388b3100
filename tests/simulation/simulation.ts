/** Histories, one after the other. */
import { History, type Outcome, type Thread } from "./history.ts";
import { Program } from "./program.ts";
import { loadProgram, SimulatedThread } from "./thread.ts";

/** Threads at the same time: three commands with one worker each, or two with two. */
const THREADS = 6;

/** Simulated threads, which live in one history after the other. */
export class Simulation {
  readonly #threads: readonly Thread[];
  /** Results of a history without faults, by path. */
  readonly expected: ReadonlyMap<string, Uint8Array>;

  private constructor(threads: readonly Thread[], expected: ReadonlyMap<string, Uint8Array>) {
    this.#threads = threads;
    this.expected = expected;
  }

  /**
   * Loads the program, and lets one command carry the plan out without a fault.
   *
   * @param planted name of a defect of `planted.ts`
   * @param isStrict whether to look for calls that wait although nobody expects it
   */
  static async start(planted?: string, isStrict = false): Promise<Simulation> {
    const program = await Program.read();
    const unbroken = new History(threadsOf(program), { seed: 0 });
    const { violation } = unbroken.run();
    if (violation !== undefined) throw new Error(`Without a fault: ${violation}`);
    const expected = unbroken.results();
    const isAsItIs = planted === undefined && !isStrict;
    const tried = isAsItIs ? program : await Program.read(planted, isStrict);
    return new Simulation(threadsOf(tried), expected);
  }

  /** The history of a seed. */
  try(seed: number): Outcome {
    return new History(this.#threads, { seed, expected: this.expected }).run();
  }
}

function threadsOf(program: Program): Thread[] {
  const loaded = loadProgram(program);
  return Array.from({ length: THREADS }, () => ({
    body: new SimulatedThread(loaded),
    ...{ process: undefined, life: undefined, call: { name: "idle" }, due: Infinity, inbox: [] },
  }));
}
