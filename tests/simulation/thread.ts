/**
 * A thread of a simulated process: rewritten modules of the program, with the simulation's files, clocks,
 * timers and processes in place of the system's.
 *
 * @module
 */
import type { Kernel, Message, Result, RunEnd, Start, System } from "./kernel.ts";
import type { Program } from "./program.ts";
import type { ProgramAnswer } from "./slurm.ts";
import {
  atOnce,
  awaited,
  each,
  GENERATOR,
  isWaiting,
  type Maybe,
  SimulatedPromise,
  startTask,
  Tasks,
  type Waiting,
} from "./runtime.ts";

/** How a process has ended by itself. */
export interface ProcessEnd {
  readonly failure?: Error;
}

interface Timer {
  at: number;
  readonly every?: number;
  readonly work: () => Maybe<unknown>;
}

/** `process.ts`, rewritten. */
export interface LoadedProgram {
  readonly carryOut: () => Waiting<SimulatedPromise>;
  readonly submit: () => Waiting<SimulatedPromise>;
  readonly job: (key: string) => Waiting<SimulatedPromise>;
  readonly work: (key: string) => Maybe<boolean>;
}

const RealDate = Date;

/** The thread that goes on now. */
let current: SimulatedThread;

/** One thread, of one process after the other. */
export class SimulatedThread {
  /** What its process asks at once. */
  system: System | undefined;
  start: Start | undefined;
  readonly tasks = new Tasks();
  readonly timers = new Map<number, Timer>();
  readonly listeners = new Map<string, Set<() => Maybe<unknown>>>();
  readonly jobs = new Map<number, (end: RunEnd) => void>();
  readonly programs = new Map<number, (answer: ProgramAnswer) => void>();
  /** Of timers, jobs and random names. */
  count = 0;
  readonly #program: LoadedProgram;

  /** @param program which threads share, as `loadProgram` gives it */
  constructor(program: LoadedProgram) {
    this.#program = program;
  }

  /** Does something as this thread. */
  as<Value>(work: () => Value): Value {
    const before = current;
    [current, SimulatedPromise.tasks] = [this, this.tasks];
    try {
      return work();
    } finally {
      current = before;
      SimulatedPromise.tasks = before?.tasks;
    }
  }

  /** Lives as a thread of a process. @throws a defect of the program */
  *live(start: Start, system: System): Waiting<ProcessEnd> {
    for (const state of [this.timers, this.listeners, this.jobs, this.programs, this.tasks]) {
      state.clear();
    }
    [this.start, this.system, this.count] = [start, system, 0];
    let end: ProcessEnd | undefined;
    if (start.role !== "worker") {
      const { carryOut, submit, job } = this.#program;
      const promise: SimulatedPromise = yield start.job
        ? job(start.job.key)
        : start.role === "submit"
        ? submit()
        : carryOut();
      promise.then(() => end = {}, (failure) => end = { failure: failure as Error });
    }
    for (;;) {
      const lost: SimulatedPromise | undefined = yield this.tasks.settle();
      if (end) return end;
      if (lost) throw lost.reason;
      let next = Infinity;
      for (const { at } of this.timers.values()) next = Math.min(next, at);
      const { value: message }: Result = yield { name: "idle", next };
      yield this.#receive(message as Message);
    }
  }

  *#receive(message: Message): Waiting<void> {
    if (message.kind === "answer") {
      this.jobs.get(message.id)?.(message.end);
      this.jobs.delete(message.id);
    } else if (message.kind === "program") {
      this.programs.get(message.id)?.(message.answer);
      this.programs.delete(message.id);
    } else if (message.kind === "signal") {
      for (const listener of [...this.listeners.get(message.signal) ?? []]) {
        const result = listener();
        if (isWaiting(result)) yield result;
      }
    } else if (message.kind === "job") {
      let end: RunEnd;
      try {
        const finished = this.#program.work(message.key);
        end = { finished: isWaiting(finished) ? yield finished : finished };
      } catch (error) {
        end = { failure: error as Error };
      }
      this.system!.answer(message.id, end);
    } else {
      const now = this.system!.now();
      for (const [id, timer] of [...this.timers]) {
        if (timer.at > now || !this.timers.has(id)) continue;
        if (timer.every === undefined) this.timers.delete(id);
        else timer.at = now + timer.every;
        const result = timer.work();
        if (isWaiting(result)) yield result;
      }
    }
  }
}

/** Loads a program for all simulated threads. */
export function loadProgram(program: Program): LoadedProgram {
  return program.load(globals()) as LoadedProgram;
}

/** What the modules find in place of the system. */
function globals(): Readonly<Record<string, unknown>> {
  const system = () => current.system!;
  const setTimer = (work: () => unknown, duration: number, every?: number) => {
    const at = system().now() + duration;
    current.timers.set(++current.count, { at, work, ...every !== undefined && { every } });
    return current.count;
  };
  const clearTimer = (id: number) => void current.timers.delete(id);
  class SimulatedDate extends RealDate {
    constructor(...given: [number]) {
      super(...given.length > 0 ? given : [system().wall()] as const);
    }
    static override now() {
      return system().wall();
    }
  }
  return {
    $G: GENERATOR,
    $each: each,
    $sure: mustNotWait,
    $now: (work: Maybe<unknown>) => atOnce(work, (call) => system().atOnce(call)),
    $await: awaited,
    $async: startTask,
    kernel: kernelOfCurrent(),
    Promise: SimulatedPromise,
    Deno: denoOfCurrent(),
    process: { kill: mustBeAlive },
    Date: SimulatedDate,
    performance: { now: () => system().now() },
    console: { error: (line: string) => system().log(line) },
    crypto: { randomUUID: () => `${current.start!.serial}-${++current.count}-0-0-0` },
    setTimeout: (work: () => unknown, duration: number) => setTimer(work, duration),
    setInterval: (work: () => unknown, duration: number) => setTimer(work, duration, duration),
    clearTimeout: clearTimer,
    clearInterval: clearTimer,
  };
}

/** The value of a call that does not wait. @throws It does: `weave.ts` has overlooked it. */
function mustNotWait<Value>(value: Value): Value {
  if (isWaiting(value)) throw new TypeError("A call waits that was not rewritten");
  return value;
}

function mustBeAlive(pid: number): true {
  if (current.system!.isAlive(pid)) return true;
  throw Object.assign(new Error("ESRCH"), { code: "ESRCH" });
}

function kernelOfCurrent(): Record<keyof Kernel, unknown> {
  return {
    get workers() {
      return current.start!.workers;
    },
    log: (line: string) => current.system!.log(line),
    spawn: (stop: SharedArrayBuffer) => current.system!.spawn(stop),
    terminate: (thread: number) => current.system!.terminate(thread),
    stopRun: (thread: number) => current.system!.stopRun(thread),
    resume: (step: number) => current.system!.resume(step),
    *nextStep(): Waiting<boolean> {
      const { value }: Result = yield { name: "step" };
      return value as boolean;
    },
    run: (thread: number, key: string) => {
      const [id, { jobs, system }] = [++current.count, current];
      system!.sendJob(thread, id, key);
      return new SimulatedPromise((resolve, reject) => {
        jobs.set(id, (end) => "failure" in end ? reject(end.failure) : resolve(end.finished));
      });
    },
  };
}

function denoOfCurrent() {
  const text = (path: string) => new TextDecoder().decode(procFile(path));
  const simulated = {
    get pid() {
      return current.start!.pid;
    },
    hostname: () => current.start!.host,
    Command: SimulatedCommand,
    env: {
      get: (name: string) => name === "SLURM_JOB_ID" ? current.start!.job?.number : undefined,
      has: (name: string) => name === "SLURM_JOB_ID" && current.start!.job !== undefined,
      toObject: () => ({}),
    },
    readLinkSync: text,
    readTextFileSync: (path: string) => path.startsWith("/proc/") ? text(path) : textOf(path),
    ...{ statSync, openSync, readDirSync, mkdirSync, renameSync, linkSync, removeSync },
    addSignalListener(signal: string, listener: () => void) {
      const { listeners } = current;
      listeners.set(signal, (listeners.get(signal) ?? new Set()).add(listener));
    },
    removeSignalListener: (signal: string, listener: () => void) =>
      void current.listeners.get(signal)?.delete(listener),
  };
  return Object.create(Deno, Object.getOwnPropertyDescriptors(simulated));
}

/** A program of Slurm's, as `Deno.Command` starts it. */
class SimulatedCommand {
  readonly #name: string;
  readonly #args: readonly string[];

  constructor(name: string, { args }: { readonly args: readonly string[] }) {
    [this.#name, this.#args] = [name, args];
  }

  output(): SimulatedPromise {
    const [id, { programs, system }] = [++current.count, current];
    system!.callProgram(id, this.#name, this.#args);
    return new SimulatedPromise((resolve) => {
      programs.set(id, ({ code, out, err }) => {
        const [stdout, stderr] = [out, err].map((text) => new TextEncoder().encode(text));
        resolve({ code, stdout, stderr });
      });
    });
  }
}

function procFile(path: string): Uint8Array {
  const { error, bytes } = current.system!.proc(path);
  if (error !== undefined) throw errorOf(error, path);
  return bytes!;
}

/** The error that Deno gives. It has no stack: that would take longer than all the rest of a call. */
function errorOf(error: NonNullable<Result["error"]>, path: string): Error {
  const isStale = error === "Stale";
  const kind = isStale ? Error : Deno.errors[error];
  const message = `${
    isStale ? "Stale file handle (os error 116)" : `${error} (os error 0)`
  }: ${path}`;
  return Object.assign(Object.create(kind.prototype), { name: error, message });
}

/** The result of an operation. @throws the error that Deno gives */
function valueOf({ value, error }: Result, path: string): unknown {
  if (error !== undefined) throw errorOf(error, path);
  return value;
}

function fileInfo(value: unknown) {
  const { mtime, ...attributes } = value as { mtime: number };
  return { ...attributes, mtime: new RealDate(mtime) };
}

function* statSync(path: string): Waiting<unknown> {
  return fileInfo(valueOf(yield { name: "stat", path }, path));
}

function* openSync(path: string, options: Deno.OpenOptions = {}): Waiting<unknown> {
  const isWritten = options.createNew || options.append;
  const result: Result = yield {
    ...{ name: isWritten ? "create" : "open", path },
    ...isWritten && { isNew: options.createNew === true },
  };
  return new OpenFile(path, valueOf(result, path), result.bytes);
}

/** A file that a simulated process has open. What it reads is what the file was when it was opened. */
class OpenFile {
  readonly #path: string;
  readonly #value: unknown;
  readonly #content: Uint8Array;
  #at = 0;

  constructor(path: string, value: unknown, content = new Uint8Array()) {
    [this.#path, this.#value, this.#content] = [path, value, content];
  }

  get #id(): unknown {
    return (this.#value as { id: unknown }).id;
  }

  statSync() {
    return fileInfo(this.#value);
  }

  seekSync(to: number) {
    this.#at = to;
  }

  readSync(room: Uint8Array): number | null {
    if (this.#at >= this.#content.length) return null;
    const part = this.#content.subarray(this.#at, this.#at + room.length);
    room.set(part);
    this.#at += part.length;
    return part.length;
  }

  *writeSync(bytes: Uint8Array<ArrayBuffer>): Waiting<unknown> {
    const call = { name: "write", path: this.#path, id: this.#id, bytes };
    return valueOf(yield call, this.#path);
  }

  *syncSync(): Waiting<unknown> {
    return valueOf(yield { name: "sync", path: this.#path, id: this.#id }, this.#path);
  }

  *utimeSync(_: Date, date: Date): Waiting<unknown> {
    const call = { name: "touch", path: this.#path, id: this.#id, mtime: date.getTime() };
    return valueOf(yield call, this.#path);
  }

  close() {}

  [Symbol.dispose]() {}
}

function* textOf(path: string): Waiting<string> {
  const result: Result = yield { name: "open", path };
  valueOf(result, path);
  return new TextDecoder().decode(result.bytes);
}

function* readDirSync(path: string): Waiting<unknown> {
  const names = valueOf(yield { name: "list", path }, path) as [string, boolean][];
  return names.map(([name, isDirectory]) => ({ name, isDirectory, isFile: !isDirectory }));
}

function* mkdirSync(path: string): Waiting<void> {
  valueOf(yield { name: "mkdir", path }, path);
}

function* renameSync(path: string, to: string): Waiting<void> {
  valueOf(yield { name: "rename", path, to }, path);
}

function* linkSync(path: string, to: string): Waiting<void> {
  valueOf(yield { name: "link", path, to }, path);
}

function* removeSync(path: string): Waiting<void> {
  valueOf(yield { name: "remove", path }, path);
}
