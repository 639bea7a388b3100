/**
 * A history of processes that share a plan. Its seed decides which thread goes on, how long everything
 * takes, and the faults.
 *
 * @module
 */
import { uniform } from "../../lib/statistics/random.ts";
import { logIn, placeIn } from "../../lib/store/run_files.ts";
import { isEvaluation } from "../../lib/experiment.ts";
import { FileSystem } from "./file_system.ts";
import { FOLDER, runs, STEPS } from "./plan.ts";
import { Interruption } from "../../lib/errors.ts";
import { TIME_LIMIT_SIGNAL } from "../../lib/system/signals.ts";
import type { Call, Message, Result, RunEnd, Start, System } from "./kernel.ts";
import { Stack } from "./runtime.ts";
import { Controller, type Job } from "./slurm.ts";
import type { ProcessEnd, SimulatedThread } from "./thread.ts";

/** What came of a history. */
export interface Outcome {
  /** What broke a promise; undefined if nothing did. */
  readonly violation: string | undefined;
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>;
  /** What happened, line by line. */
  readonly events: readonly string[];
}

/** What a history needs. */
export interface HistoryOptions {
  readonly seed: number;
  /** Results of an unbroken history by path; absent for that history itself. */
  readonly expected?: ReadonlyMap<string, Uint8Array>;
}

/** A thread, of one process after the other. */
export interface Thread {
  readonly body: SimulatedThread;
  process: Process | undefined;
  /** What it does. */
  life: Stack<ProcessEnd> | undefined;
  /** What it waits for, and when that happens. */
  call: Call;
  due: number;
  /** Messages that reach it, sorted by time. */
  inbox: { readonly at: number; readonly message: Message }[];
  /** Key of the run that it executes, and whether it was told to stop it. */
  run?: string | undefined;
  isRunStopped?: boolean;
}

interface Host {
  /** Of its caches. */
  readonly id: string;
  /** Others may have the same. */
  readonly name: string;
  boot: number;
  /** How far its date is ahead, ms. */
  skew: number;
}

interface Process {
  readonly host: Host;
  readonly pid: number;
  readonly since: number;
  readonly main: Thread;
  readonly threads: Set<Thread>;
  /** What happens at which of its calls. */
  readonly fault: { readonly kind: Fault; readonly at: number } | undefined;
  calls: number;
  pausedUntil: number;
  wasSignalled: boolean;
  /** What it does, and for which job of Slurm's. */
  readonly role: Start["role"];
  readonly job: Job | undefined;
  /** Not 0 once its workers are to stop. */
  stop?: Int32Array;
}

const FAULTS = ["kill", "power", "suspend", "stall", "signal", "clock"] as const;
type Fault = typeof FAULTS[number];

/** Most faults of a history. */
const MOST = 5;

/** Calls of a process of which one may be hit; a command without waiting makes some 500. */
const CALLS = 500;

/** The same of a job of Slurm's. */
const JOB_CALLS = 200;

/** Most commands of a user who submits again what is missing. */
const COMMANDS = 40;

/** Longest virtual time, ms: each fault may cost a pause of 200 s, and a minute of waiting. */
const DEADLINE = 2_400_000;

/** The same where Slurm starts the processes: requeued jobs wait for minutes. */
const SLURM_DEADLINE = 20_000_000;

/** A pause after which another process may consider an owner dead, ms: a minute after its last touch. */
const LONG = 45_000;

/** Longest time until such an owner has stopped, ms: to its next touch, and for a step. */
const NOTICED = 30_000;

/** Number of the signal that kills a process. */
const SIGKILL = 9;

/** Begin of the virtual time. */
const EPOCH = Date.UTC(2026, 0, 1);

/** Breaks off a history. */
class Violation extends Error {}

/** A history. */
export class History {
  readonly #threads: readonly Thread[];
  readonly #options: HistoryOptions;
  readonly #random: () => number;
  readonly #files: FileSystem;
  readonly #hosts: readonly Host[];
  readonly #isNetwork: boolean;
  readonly #workers: number;
  /** Longest step of a training, ms. */
  readonly #step: number;
  /** What happens at which time. */
  #later: { readonly at: number; readonly work: () => void }[] = [];
  /** Where Slurm starts the runs. */
  readonly #slurm: Controller | undefined;
  #commands = 0;
  #now = 0;
  #serial = 0;
  #faults: number;
  /** The kinds of faults: in some histories all, in others one or two. */
  readonly #kinds: readonly Fault[];
  #wasReopened = false;
  /** Until when a process that was suspended for long may do what another one has taken over. */
  #mayOverlapUntil = -Infinity;
  /** Results whose bytes changed. */
  readonly #changed = new Set<string>();
  readonly #events: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(threads: readonly Thread[], options: HistoryOptions) {
    const { seed, expected } = options;
    this.#threads = threads;
    this.#options = options;
    this.#random = uniform(seed, 1);
    this.#isNetwork = expected !== undefined && this.#random() < 0.5;
    this.#files = new FileSystem(this.#isNetwork, this.#random, "/sim");
    const isAlike = this.#random() < 0.5;
    this.#hosts = ["a", "b"].map((id, i) => ({
      ...{ id, name: isAlike ? "node" : `node-${id}`, boot: i },
      skew: this.#random() < 0.5 ? 0 : this.#draw(-300_000, 300_000),
    }));
    const isSlurm = expected !== undefined && this.#random() < 0.3;
    this.#workers = this.#random() < 0.5 && !isSlurm ? 2 : 1;
    this.#step = 500 * 40 ** this.#random();
    const commands = expected === undefined
      ? 1
      : 1 + Math.floor(this.#random() * (4 - this.#workers));
    this.#faults = expected === undefined ? 0 : Math.floor(this.#random() * (MOST + 1));
    const any = () => FAULTS[Math.floor(this.#random() * FAULTS.length)]!;
    this.#kinds = this.#random() < 0.5 ? [any(), any()] : FAULTS;
    if (isSlurm) {
      const isFaulty = this.#random() < 0.8;
      this.#slurm = new Controller({
        ...{ random: this.#random, now: () => this.#now, nodes: ["a", "b"] },
        at: (at, work) => void this.#later.push({ at, work }),
        read: (path) => {
          const bytes = this.#files.file(path);
          return bytes && new TextDecoder().decode(bytes);
        },
        start: (job) => this.#start(this.#hosts.find(({ id }) => id === job.node)!, "job", job),
        tell: (what) => this.#tell(what),
        count: (what) => this.#count(what),
      }, isFaulty);
      this.#count("histories with Slurm");
    }
    for (let i = 0; i < (isSlurm ? Math.min(commands, 2) : commands); i++) {
      this.#plan(i === 0 ? 0 : 60_000);
    }
  }

  /** Lets it happen. */
  run(): Outcome {
    let violation: string | undefined;
    try {
      while (this.#goOn());
      this.#mustBeComplete();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
      this.#tell(violation);
    }
    for (const { process } of this.#threads) if (process) this.#end(process);
    return { violation, counts: this.#counts, events: this.#events };
  }

  /** The results on the server, by path. */
  results(): Map<string, Uint8Array> {
    const files = [...this.#files.files()];
    return new Map(files.filter(([path]) => /(weights|posteriors)\.safetensors$/.test(path)));
  }

  /** Lets the next thing happen. @returns whether anything was left */
  #goOn(): boolean {
    let later: { readonly at: number; readonly work: () => void } | undefined;
    for (const event of this.#later) if (event.at < (later?.at ?? Infinity)) later = event;
    let next: Thread | undefined;
    let due = later?.at ?? Infinity;
    for (const thread of this.#threads) {
      if (!thread.process) continue;
      const at = Math.max(this.#dueOf(thread), thread.process.pausedUntil);
      if (at < due) [next, due] = [thread, at];
    }
    if (next === undefined && later === undefined) {
      if (this.#threads.every(({ process }) => !process)) return this.#reopens();
      throw new Violation("a deadlock: every process waits for ever");
    }
    this.#now = Math.max(this.#now, due);
    if (this.#now > (this.#slurm ? SLURM_DEADLINE : DEADLINE)) {
      throw new Violation(
        `no end: the plan is not done after ${Math.round(this.#now / 60_000)} min`,
      );
    }
    if (next) this.#resume(next);
    else {
      this.#later.splice(this.#later.indexOf(later!), 1);
      later!.work();
    }
    return true;
  }

  /** Whether a bit of a result changes after the plan is done, and a command looks at it again. */
  #reopens(): boolean {
    if (this.#wasReopened || !this.#options.expected) return false;
    this.#wasReopened = true;
    this.#mustBeComplete();
    if (this.#random() < 0.7) return false;
    this.#changeBit();
    this.#plan(1_000);
    return true;
  }

  #dueOf({ call, due, inbox }: Thread): number {
    return call.name === "idle"
      ? Math.min(inbox[0]?.at ?? Infinity, call.next as number ?? Infinity)
      : due;
  }

  /** Plans the start of a command within a time, ms. */
  #plan(within: number, host = this.#hosts[Math.floor(this.#random() * 2)]!) {
    const at = this.#now + this.#random() * within;
    if (++this.#commands > COMMANDS) throw new Violation(`no end: ${COMMANDS} commands`);
    this.#later.push({ at, work: () => this.#start(host, this.#slurm ? "submit" : "command") });
  }

  #start(host: Host, role: Start["role"], job?: Job) {
    const isAlone = this.#threads.every(({ process }) => !process);
    if (isAlone && this.#faults > 0 && this.#random() < 0.3) this.#changeBit();
    // numbers are soon used again
    const used = this.#threads.flatMap(({ process }) => process?.host === host ? process.pid : []);
    let pid = 2 + Math.floor(this.#random() * 2);
    while (used.includes(pid)) pid++;
    const main = this.#threads.find(({ process }) => !process)!;
    const isHit = this.#faults > 0;
    if (isHit) this.#faults--;
    const kind = this.#kinds[Math.floor(this.#random() * this.#kinds.length)]!;
    const process: Process = {
      ...{ host, pid, since: ++this.#serial, main, threads: new Set() },
      ...{ calls: 0, pausedUntil: 0, wasSignalled: false, role, job },
      fault: isHit
        ? { kind, at: Math.floor(this.#random() * (job ? JOB_CALLS : CALLS)) }
        : undefined,
    };
    this.#tell(job ? `starts as job ${job.number}` : "starts", process);
    this.#wake(main, process, role);
  }

  /** Lets a thread begin. */
  #wake(thread: Thread, process: Process, role: Start["role"]) {
    Object.assign(thread, { process, inbox: [], run: undefined, isRunStopped: false });
    process.threads.add(thread);
    const { host: { name: host }, pid, job } = process;
    const start: Start = {
      ...{ role, host, pid, serial: ++this.#serial, workers: this.#workers },
      ...job && role === "job" && { job: { number: job.number, key: job.key! } },
    };
    thread.life = new Stack(thread.body.live(start, this.#systemOf(thread, process)));
    this.#goOnWith(thread, undefined);
  }

  /** Gives a thread what it waits for. */
  #resume(thread: Thread) {
    const { call, process } = thread;
    if (call.name === "idle") {
      const mail = thread.inbox[0];
      if (mail && mail.at <= this.#now) thread.inbox.shift();
      const message: Message = mail && mail.at <= this.#now ? mail.message : { kind: "timer" };
      if (message.kind === "job") this.#begin(thread, message.key);
      return this.#goOnWith(thread, { value: message });
    }
    if (call.name === "step") {
      this.#mustBeAlone(thread);
      const isStopped = process!.stop![0] !== 0 || thread.isRunStopped;
      return this.#goOnWith(thread, { value: isStopped });
    }
    const { fault } = process!;
    if (fault && process!.calls++ === fault.at && this.#befall(process!, fault.kind)) return;
    this.#goOnWith(thread, this.#files.do(process!.host.id, call, this.#now));
  }

  /** Lets a thread go on until it waits for something that takes time. */
  #goOnWith(thread: Thread, result: Result | undefined) {
    const process = thread.process!;
    let step;
    try {
      step = thread.body.as(() => thread.life!.goOn(result));
    } catch (error) {
      if (error instanceof Violation) throw error;
      throw new Violation(`an unexpected error: ${(error as Error).stack}`);
    }
    if ("end" in step) return this.#finish(process, step.end.failure);
    const { call } = step;
    thread.call = call;
    if (call.name === "step") thread.due = this.#now + this.#random() * this.#step;
    else if (call.name !== "idle") thread.due = this.#now + this.#random() ** 4 * 200;
  }

  /** A fault of a process. @returns whether its thread does not go on now */
  #befall(process: Process, kind: Fault): boolean {
    const { host } = process;
    this.#count(kind);
    if (kind === "kill") this.#kill(process, (job) => this.#slurm!.end(job, 0, SIGKILL));
    else if (kind === "power") {
      const hosts = this.#isNetwork ? [host] : this.#hosts;
      for (const failed of hosts) failed.boot = ++this.#serial;
      for (const { process: other } of this.#threads) {
        if (!other || !hosts.includes(other.host)) continue;
        this.#kill(other, (job) => this.#slurm!.loseNode(job));
      }
      for (const { id } of hosts) this.#files.fail(id);
    } else if (kind === "suspend" || kind === "stall") {
      const pause = this.#draw(1_000, 200_000);
      // in a stall the timers go on, unless the main thread itself waits for a file
      const isTouched = kind === "stall" && process.main.call.name === "idle";
      if (pause > LONG && !isTouched) {
        this.#mayOverlapUntil = Math.max(this.#mayOverlapUntil, this.#now + pause + NOTICED);
      }
      this.#tell(`${kind}: ${Math.round(pause / 1000)} s`, process);
      if (kind === "suspend") process.pausedUntil = this.#now + pause;
      else {for (const thread of process.threads) {
          thread.due += thread.call.name === "idle" ? 0 : pause;
        }}
      return true;
    } else if (kind === "signal") {
      this.#tell("is asked to stop", process);
      process.wasSignalled = true;
      const signal = process.job ? TIME_LIMIT_SIGNAL : "SIGTERM";
      process.main.inbox.unshift({ at: this.#now, message: { kind: "signal", signal } });
    } else {
      host.skew += (this.#random() - 0.5) * 2 * 10 ** (4 + 7 * this.#random());
      this.#tell(`clock jumps to ${Math.round(host.skew / 1000)} s ahead`, process);
    }
    return process.main.process !== process;
  }

  /** Ends a process in the middle of what it does, and has it started again. */
  #kill(process: Process, endJob: (job: Job) => void) {
    this.#tell("is killed", process);
    for (const { call } of process.threads) {
      // what it has just asked for may happen, or a part of it
      const isFile = !["idle", "step"].includes(call.name);
      if (isFile && this.#random() < 0.5) {
        this.#files.do(process.host.id, call, this.#now, this.#random());
      }
    }
    this.#end(process);
    if (process.job) endJob(process.job);
    else this.#plan(this.#random() < 0.5 ? 1_000 : 100_000, process.host);
  }

  /** Ends all threads of a process. */
  #end(process: Process) {
    for (const thread of [...process.threads]) this.#park(thread);
  }

  /** Ends a thread, whatever it does. */
  #park(thread: Thread) {
    thread.process!.threads.delete(thread);
    [thread.process, thread.life] = [undefined, undefined];
  }

  /** What a thread is told at once. */
  #systemOf(thread: Thread, process: Process): System {
    const other = (number: number) => this.#threads[number]!;
    return {
      now: () => this.#now,
      wall: () => Math.floor(EPOCH + this.#now + process.host.skew),
      proc: (path) => this.#procOf(process, path),
      isAlive: (pid) => this.#processAt(process.host, pid) !== undefined,
      atOnce: (call) => this.#files.do(process.host.id, call, this.#now),
      log: (line) => this.#tell(line, process),
      spawn: (stop) => {
        process.stop = new Int32Array(stop);
        const free = this.#threads.findIndex(({ process }) => !process);
        this.#wake(other(free), process, "worker");
        return free;
      },
      terminate: (number) => {
        if (other(number).process === process) this.#park(other(number));
      },
      sendJob: (number, id, key) => {
        other(number).isRunStopped = false;
        this.#mail(other(number), { kind: "job", id, key });
      },
      stopRun: (number) => void (other(number).isRunStopped = true),
      answer: (id, end: RunEnd) => {
        thread.run = undefined;
        this.#mail(process.main, { kind: "answer", id, end });
      },
      resume: (step) => this.#mustGoOn(thread.run!, step),
      callProgram: (id, name, args) =>
        this.#slurm!.call(name, args, (answer) => {
          if (thread.process === process) this.#mail(thread, { kind: "program", id, answer });
        }),
    };
  }

  #mail(thread: Thread, message: Message) {
    thread.inbox.push({ at: this.#now + this.#random() * 5, message });
    thread.inbox.sort((one, other) => one.at - other.at);
  }

  #processAt(host: Host, pid: number): Process | undefined {
    return this.#threads.find(({ process }) => process?.host === host && process.pid === pid)
      ?.process;
  }

  /** A file of /proc. */
  #procOf({ host }: Process, path: string): Result {
    const text = (content: string) => ({ bytes: new TextEncoder().encode(content) });
    if (path.endsWith("boot_id")) return text(`boot ${host.boot}\n`);
    if (path.endsWith("status")) return text("NSpid:\t1\n");
    if (path.endsWith("ns/pid")) return text(`pid:[${host.id}]`);
    const pid = Number(path.split("/")[2]);
    const process = this.#processAt(host, pid);
    if (pid !== 1 && !process) return { error: "NotFound" };
    return text(`${pid} (deno) S ${"0 ".repeat(18)}${process?.since ?? 0} 0\n`);
  }

  /** A worker begins a run. */
  #begin(thread: Thread, key: string) {
    const mayOverlap = this.#now < this.#mayOverlapUntil;
    thread.run = key;
    this.#count("runs begun");
    const run = runs.find((run) => run.key === key)!;
    this.#tell(`begins ${placeIn(run)}`, thread.process);
    if (this.#hasTwin(thread)) {
      this.#count("runs in two processes");
      if (!mayOverlap) throw new Violation(`two processes execute ${placeIn(run)}`);
    }
    const path = `${FOLDER}/${placeIn(run)}/${
      isEvaluation(run.run) ? "posteriors" : "weights"
    }.safetensors`;
    if (this.#expected(path) && !mayOverlap) {
      throw new Violation(`${placeIn(run)} is done again`);
    }
  }

  /** Whether another process executes a thread's run. */
  #hasTwin(thread: Thread): boolean {
    return this.#threads.some((other) =>
      other !== thread && other.process && other.run === thread.run
    );
  }

  /** A process that woke up and whose run another one has taken over must have stopped it soon. */
  #mustBeAlone(thread: Thread) {
    if (this.#now < this.#mayOverlapUntil || thread.isRunStopped || !this.#hasTwin(thread)) return;
    throw new Violation("two processes go on with a run, long after one took it over");
  }

  /** A training goes on from the last checkpoint on the server. */
  #mustGoOn(key: string, step: number) {
    const folder = `${FOLDER}/${placeIn(runs.find((run) => run.key === key)!)}`;
    const file = this.#files.file(`${folder}/checkpoint.safetensors`);
    const last = Number(/\\"step\\":(\d+)/.exec(new TextDecoder().decode(file))?.[1] ?? 0);
    if (step >= last || this.#now < this.#mayOverlapUntil || this.#changed.size > 0) return;
    throw new Violation(`a training begins at step ${step}, and its checkpoint is of step ${last}`);
  }

  /** Whether a result is on the server, as it should be. */
  #expected(path: string): boolean {
    const [wanted, found] = [this.#options.expected?.get(path), this.#files.file(path)];
    return wanted !== undefined && wanted.length === found?.length &&
      wanted.every((byte, i) => byte === found[i]);
  }

  /** A command has ended by itself. */
  #finish(process: Process, failure: Error | undefined) {
    this.#end(process);
    this.#tell(failure ? `ends: ${failure.message}` : "ends", process);
    const { job, wasSignalled } = process;
    const isInterrupted = failure instanceof Interruption && wasSignalled;
    if (job) {
      // a job whose time is up before its first step fails
      if (failure && !wasSignalled && this.#changed.size === 0) this.#fail("a job", failure);
      return this.#slurm!.end(job, failure ? 1 : 0);
    }
    if (failure === undefined) return this.#mustBeDone();
    if (this.#slurm?.isExcused && /^Cannot (finish|submit|ask Slurm)/.test(failure.message)) {
      this.#count("commands called again");
      return this.#plan(100_000);
    }
    if (!isInterrupted) this.#fail("a command", failure);
    this.#count("stops by a signal");
    this.#plan(100_000);
  }

  #fail(who: string, { message, stack }: Error): never {
    throw new Violation(`${who} fails: ${message}\n${stack}`);
  }

  /** Every result is there, and has the bytes of an unbroken history. */
  #mustBeDone() {
    // changed weights that nothing reads any more are compared by `doctor` only
    const { expected } = this.#options;
    for (const path of expected?.keys() ?? []) {
      if (
        !this.#expected(path) && !(path.endsWith("weights.safetensors") && this.#changed.has(path))
      ) throw new Violation(`${path} is missing or differs`);
    }
  }

  /** The same at the end, with the whole logs. */
  #mustBeComplete() {
    this.#mustBeDone();
    for (const run of runs.filter(({ run }) => !isEvaluation(run))) {
      const log = this.#files.file(`${FOLDER}/${placeIn(run)}/log.jsonl`);
      const steps = logIn(new TextDecoder().decode(log)).map(({ step }) => step);
      if (steps.length < STEPS) {
        throw new Violation(`the log of ${placeIn(run)} has steps ${steps}`);
      }
    }
  }

  /** A bit of any file changes while no process runs. */
  #changeBit() {
    const paths = [...this.#files.files().keys()].filter((path) => path.endsWith(".safetensors"));
    const path = paths[Math.floor(this.#random() * paths.length)];
    if (path === undefined) return;
    this.#count("bits changed");
    this.#tell(`a bit of ${path} changes`);
    this.#files.flipBit(path);
    this.#changed.add(path);
  }

  #draw(from: number, to: number): number {
    return from + this.#random() * (to - from);
  }

  #count(what: string) {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #tell(what: string, process?: Process) {
    const who = process ? `${process.host.id}/${process.pid}: ` : "";
    this.#events.push(`${(this.#now / 1000).toFixed(3).padStart(9)} s  ${who}${what}`);
  }
}
