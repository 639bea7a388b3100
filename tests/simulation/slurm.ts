/**
 * A simulated Slurm: a queue, two nodes, and programs that answer late, that say an error although they
 * did what they were asked, or that say nothing.
 *
 * @module
 */

/** What the controller needs of its surroundings. */
export interface Site {
  readonly random: () => number;
  readonly now: () => number;
  /** Does something at a time, ms. */
  readonly at: (time: number, work: () => void) => void;
  /** A file on the server. */
  readonly read: (path: string) => string | undefined;
  /** Names of nodes. */
  readonly nodes: readonly string[];
  /** Starts a job's process on a node. */
  readonly start: (job: Job) => void;
  /** Notes what happened, and how often. */
  readonly tell: (what: string) => void;
  readonly count: (what: string) => void;
}

/** A job, or a task of an array. */
export interface Job {
  /** As in `12` or `12_3`. */
  readonly number: string;
  readonly script: string;
  /** Key of the run that it executes; undefined for the reports. */
  readonly key: string | undefined;
  readonly after: { readonly kind: string; readonly arrays: readonly string[] };
  state: "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED";
  node: string;
  signal: number;
  /** When it may start, and when it ended. */
  from: number;
  ended: number;
  isRequeued: boolean;
}

/** What a program prints. */
export interface ProgramAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How long `scontrol` remembers ended jobs, ms: MinJobAge. */
const REMEMBERED = 300_000;

/** Longest time until accounting knows of an end, ms. */
const LAG = 20_000;

/** Share of calls that are answered late, and of those that go wrong. */
const [LATE, WRONG] = [0.05, 0.03];

/** Most calls of a history that go wrong. */
const MOST = 6;

/** The controller and the accounting of a cluster. */
export class Controller {
  readonly #site: Site;
  readonly #jobs: Job[] = [];
  readonly #hasAccounting: boolean;
  readonly #limits: { readonly array: number; readonly jobs: number };
  #last: number;
  #wrong = MOST;
  /** Whether a command may fail without a defect of the program. */
  isExcused = false;

  /** @param isFaulty whether anything may go wrong */
  constructor(site: Site, isFaulty: boolean) {
    this.#site = site;
    const { random } = site;
    if (!isFaulty) this.#wrong = 0;
    this.#last = Math.floor(random() * 1000);
    this.#hasAccounting = random() < 0.7;
    const isSmall = isFaulty && random() < 0.2;
    this.#limits = { array: random() < 0.3 ? 1 : 1001, jobs: isSmall ? 3 : 10_000 };
    if (isSmall) this.isExcused = true; // what does not fit is submitted by the next command
  }

  /** Calls a program, and gives its answer to `reply` some time later. */
  call(program: string, args: readonly string[], reply: (answer: ProgramAnswer) => void) {
    const { random, at, now, count } = this.#site;
    const isWrong = this.#wrong > 0 && random() < WRONG;
    const isBefore = random() < 0.5;
    if (isWrong) this.#wrong--;
    at(now() + random() * 500, () => {
      let answer = isWrong && isBefore ? UNREACHABLE : this.#answer(program, args);
      if (isWrong && !isBefore && program === "sbatch") {
        count("jobs submitted with an error");
        answer = TIMED_OUT;
      } else if (isWrong && program === "sacct") answer = SILENT;
      else if (isWrong) answer = UNREACHABLE;
      if (isWrong) {
        this.isExcused = true;
        count(`${program} goes wrong`);
      }
      at(now() + (random() < LATE ? random() * 100_000 : random() * 500), () => reply(answer));
    });
  }

  /** The process of a job has ended. */
  end(job: Job, exitCode: number, signal = 0) {
    const { now, tell, count, random } = this.#site;
    if (job.isRequeued) {
      tell(`job ${job.number} is requeued`);
      Object.assign(job, { state: "PENDING", isRequeued: false, from: now() + random() * 120_000 });
      count("jobs requeued");
    } else {
      const isDone = exitCode === 0 && signal === 0;
      if (!isDone) this.isExcused = true;
      Object.assign(job, { state: isDone ? "COMPLETED" : "FAILED", signal, ended: now() });
      tell(`job ${job.number} has ${isDone ? "ended" : "failed"}`);
    }
    this.#scheduleSoon();
  }

  /** The node of a job has failed: the job starts again. */
  loseNode(job: Job) {
    job.isRequeued = true;
    this.end(job, 1);
  }

  /** Number of jobs that wait or run. */
  get open(): number {
    return this.#jobs.filter(isOpen).length;
  }

  #answer(program: string, args: readonly string[]): ProgramAnswer {
    const last = args.at(-1)!;
    const ok = (lines: readonly string[]) => ({ code: 0, out: lines.join("\n") + "\n", err: "" });
    if (program === "sbatch") return ok([this.#submit(args, last)]);
    if (program === "squeue") {
      return ok(
        this.#jobs.filter(isOpen).map(({ number, state, node, script }) =>
          `${number}|${state}|${state === "PENDING" ? "Dependency" : "None"}|${node}|${script}`
        ),
      );
    }
    if (program === "sinfo") return ok(["debug*|infinite"]);
    if (program === "sacct") return this.#hasAccounting ? ok(this.#account(last)) : UNREACHABLE;
    if (program !== "scontrol") throw new Error(`The simulated Slurm has no "${program}"`);
    if (args.includes("requeue")) {
      this.#jobs.find(({ number }) => number === last)!.isRequeued = true;
      return ok([]);
    }
    if (args.includes("config")) {
      const { array, jobs } = this.#limits;
      return ok([`MaxArraySize            = ${array}`, `MaxJobCount             = ${jobs}`]);
    }
    if (args.includes("assoc_mgr")) return ok([]);
    const job = this.#jobs.find(({ number }) => number === last);
    if (!job || !isOpen(job) && this.#site.now() - job.ended > REMEMBERED) {
      return { code: 1, out: "", err: "slurm_load_jobs error: Invalid job id specified" };
    }
    return ok([`JobId=${last} JobState=${job.state} ExitCode=0:${job.signal}`]);
  }

  #submit(args: readonly string[], script: string): string {
    const text = this.#site.read(script)!;
    const [, kind = "", arrays = ""] = /--dependency=(\w+):(\S+)/.exec(args.join(" ")) ?? [];
    const [, keys = ""] = /^keys?=\(?([\w ]+)\)?$/m.exec(text) ?? [];
    const runs = keys.split(" ").filter((key) => key !== "");
    const isArray = /^#SBATCH --array=/m.test(text);
    const number = String(++this.#last);
    for (const [i, key] of runs.length > 0 ? runs.entries() : [[0, undefined] as const]) {
      this.#jobs.push({
        ...{ number: isArray ? `${number}_${i}` : number, script, key },
        after: { kind, arrays: arrays.split(":").filter((other) => other !== "") },
        ...{ state: "PENDING", node: "", signal: 0, from: 0, ended: Infinity, isRequeued: false },
      });
    }
    this.#site.tell(`job ${number} is submitted: ${script}`);
    this.#site.count("jobs submitted");
    this.#scheduleSoon();
    return number;
  }

  #account(list: string): string[] {
    const wanted = list.replace("--jobs=", "").split(",");
    const { now, random } = this.#site;
    return this.#jobs.filter(({ number }) => wanted.includes(number.split("_")[0]!)).map((job) => {
      const isKnown = isOpen(job) || now() - job.ended > random() * LAG;
      return `${job.number}|${isKnown ? job.state : "RUNNING"}|0:${isKnown ? job.signal : 0}`;
    });
  }

  #scheduleSoon() {
    const { at, now, random } = this.#site;
    at(now() + random() * 5_000, () => this.#schedule());
  }

  /** Starts what can start, and cancels what never can. */
  #schedule() {
    const { nodes, now, at, start } = this.#site;
    for (const job of this.#jobs.filter(({ state }) => state === "PENDING")) {
      const before = this.#jobs.filter(({ number }) =>
        job.after.arrays.some((array) => number === array || number.startsWith(`${array}_`))
      );
      if (before.some(isOpen)) continue;
      if (job.after.kind === "afterok" && before.some(({ state }) => state !== "COMPLETED")) {
        Object.assign(job, { state: "CANCELLED", ended: now() });
        this.#site.tell(`job ${job.number} is cancelled: ${job.script}`);
        this.#scheduleSoon();
        continue;
      }
      if (job.from > now()) {
        at(job.from, () => this.#schedule());
        continue;
      }
      const busy = this.#jobs.flatMap(({ state, node }) => state === "RUNNING" ? node : []);
      const free = nodes.find((node) => !busy.includes(node));
      if (free === undefined) return;
      Object.assign(job, { state: "RUNNING", node: free });
      if (job.key === undefined) at(now() + 1_000, () => this.end(job, 0));
      else start(job);
    }
  }
}

const isOpen = ({ state }: Job) => state === "PENDING" || state === "RUNNING";

const UNREACHABLE: ProgramAnswer = {
  ...{ code: 1, out: "" },
  err: "error: Unable to contact slurm controller (connect failure)",
};

const TIMED_OUT: ProgramAnswer = {
  ...{ code: 1, out: "" },
  err: "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
};

const SILENT: ProgramAnswer = { code: 0, out: "", err: "" };
