/**
 * A thread of a simulated process: the program's own scheduler, or its own `runOne` in a worker, with
 * the simulation's files, clocks, timers and processes in place of the system's.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import { UserError } from "../../lib/errors.ts";
import { runOne } from "../../lib/executors/local/run.ts";
import { runPlan } from "../../lib/executors/local/scheduler.ts";
import type { RunThreads } from "../../lib/executors/local/start_worker.ts";
import { makeStore, openStore } from "../../lib/store/mod.ts";
import type { ImageCache } from "../../lib/vgg/image_cache.ts";
import { dataset, FOLDER, runs, setup, simulatedEngine } from "./plan.ts";
import { plant } from "./planted.ts";
import { type Answer, type Call, Port } from "./port.ts";

/** What the simulation tells an idle thread. */
export type Message =
  | { readonly kind: "timer" }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "job"; readonly id: number; readonly key: string }
  | {
    readonly kind: "answer";
    readonly id: number;
    readonly finished?: boolean;
    readonly failure?: Failure;
  };

/** The beginning of a thread. */
export interface Start {
  readonly role: "command" | "worker";
  readonly host: string;
  readonly pid: number;
  /** Differs between any two threads. */
  readonly serial: number;
  readonly workers: number;
  readonly planted: string | undefined;
}

/** An error of a thread, for another thread or for the simulation. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Thrown everywhere in a thread whose process has been killed. */
class Killed extends Error {}

let port: Port<Call, Answer>;
let start: Start;
let clocks: Pick<Answer, "now" | "wall"> = { now: 0, wall: 0 };
let isDead = false;
let count = 0;
let stop: Int32Array | undefined;
const timers = new Map<
  number,
  { at: number; readonly every?: number; readonly work: () => void }
>();
const listeners = new Map<string, Set<() => void>>();
const waiting = new Map<number, (answer: Extract<Message, { kind: "answer" }>) => void>();
const defects: unknown[] = [];

/** Asks the simulation, and waits. @throws the error that the system would give */
function call(request: Call): Answer {
  if (isDead) throw new Killed();
  port.send(request);
  const answer = port.receive(Infinity);
  clocks = answer;
  if (answer.dead) {
    isDead = true;
    throw new Killed();
  }
  if (answer.error !== undefined) {
    const kind = answer.error as "NotFound" | "AlreadyExists" | "NotADirectory";
    throw new Deno.errors[kind](`${kind} (os error 0): ${request.path}`);
  }
  return answer;
}

/** Whether a file is the simulation's. */
function isSimulated(file: string): boolean {
  return /^\/sim(\/|$)|^\/proc\/(sys\/kernel\/random\/boot_id|self\/(status|ns\/pid)|\d+\/stat)$/
    .test(file);
}

const RealDate = Date;

/** Replaces a function of Deno for simulated files. */
function replace<Name extends "statSync" | "readDirSync" | "openSync" | "readTextFileSync">(
  name: Name,
  simulated: (...args: Parameters<typeof Deno[Name]>) => unknown,
) {
  const real = Deno[name] as (...args: unknown[]) => unknown;
  const either = (...args: unknown[]) => {
    const work = isSimulated(String(args[0])) ? simulated as typeof real : real;
    return work(...args);
  };
  Object.assign(Deno, { [name]: either });
}

function fileInfo(value: unknown) {
  const { mtime, ...attributes } = value as { mtime: number };
  return { ...attributes, mtime: new RealDate(mtime) };
}

function openFile(path: string, options: Deno.OpenOptions = {}) {
  const isWritten = options.createNew || options.append;
  const opened = call({
    ...{ name: isWritten ? "create" : "open", path },
    ...isWritten && { isNew: options.createNew === true },
  });
  const { id } = opened.value as { id: number };
  const content = opened.bytes ?? new Uint8Array();
  let at = 0;
  return {
    statSync: () => fileInfo(opened.value),
    seekSync: (to: number) => at = to,
    readSync(room: Uint8Array) {
      if (at >= content.length) return null;
      const part = content.subarray(at, at + room.length);
      room.set(part);
      at += part.length;
      return part.length;
    },
    writeSync: (bytes: Uint8Array<ArrayBuffer>) => call({ name: "write", id, bytes }).value,
    syncSync: () => void call({ name: "sync", id }),
    close() {},
    [Symbol.dispose]() {},
  };
}

replace("statSync", (path) => fileInfo(call({ name: "stat", path: String(path) }).value));
replace("openSync", (path, options) => openFile(String(path), options));
replace("readTextFileSync", (path) => {
  const name = String(path).startsWith("/proc/") ? "proc" : "open";
  return new TextDecoder().decode(call({ name, path: String(path) }).bytes);
});
replace("readDirSync", (path) => {
  const names = call({ name: "list", path: String(path) }).value as [string, boolean][];
  return names.map(([name, isDirectory]) => ({ name, isDirectory, isFile: !isDirectory }));
});
Object.assign(Deno, {
  mkdirSync: (path: string) => void call({ name: "mkdir", path }),
  renameSync: (path: string, to: string) => void call({ name: "rename", path, to }),
  linkSync: (path: string, to: string) => void call({ name: "link", path, to }),
  removeSync: (path: string) => void call({ name: "remove", path }),
  utimeSync: (path: string, _: Date, date: Date) =>
    void call({ name: "touch", path, mtime: date.getTime() }),
  readLinkSync: (path: string) => new TextDecoder().decode(call({ name: "proc", path }).bytes),
  hostname: () => start.host,
  addSignalListener(signal: string, listener: () => void) {
    listeners.set(signal, (listeners.get(signal) ?? new Set()).add(listener));
  },
  removeSignalListener: (signal: string, listener: () => void) =>
    void listeners.get(signal)?.delete(listener),
});
Object.defineProperty(Deno, "pid", { get: () => start.pid });
process.kill = ((pid: number) => {
  if (call({ name: "alive", pid }).value) return true;
  throw Object.assign(new Error("ESRCH"), { code: "ESRCH" });
}) as typeof process.kill;

class SimulatedDate extends RealDate {
  constructor(...args: [number]) {
    super(...args.length > 0 ? args : [clocks.wall] as const);
  }
  static override now() {
    return clocks.wall;
  }
}
function setTimer(work: () => void, duration: number, every?: number): number {
  timers.set(++count, { at: clocks.now + duration, work, ...every !== undefined && { every } });
  return count;
}
Object.assign(globalThis, {
  Date: SimulatedDate,
  setTimeout: setTimer,
  setInterval: (work: () => void, duration: number) => setTimer(work, duration, duration),
  clearTimeout: (id: number) => void timers.delete(id),
  clearInterval: (id: number) => void timers.delete(id),
});
performance.now = () => clocks.now;
crypto.randomUUID = () => `${start.serial}-${++count}-0-0-0`;

const bars = {
  log: (line: string) => void call({ name: "log", line }),
  bar: () => ({ update() {}, stop() {} }),
} as unknown as Parameters<typeof runPlan>[1]["bars"];

/** Threads of this simulated process, which are simulated ones, too. */
const threads: RunThreads = {
  prepare: () => Promise.resolve(),
  start(settings) {
    stop = new Int32Array(settings.stop);
    const thread = call({ name: "spawn" }).value as number;
    return Promise.resolve({
      device: { kind: "cpu" },
      readImages: () => Promise.resolve({} as ImageCache),
      stopRun: () => void call({ name: "stop run", thread }),
      stop: () => void call({ name: "terminate", thread }),
      run({ planned: { key } }) {
        const id = ++count;
        call({ name: "job", thread, key, id });
        return new Promise<boolean>((resolve, reject) => {
          waiting.set(id, ({ finished, failure }) => {
            if (failure === undefined) return resolve(finished!);
            const { name, message, stack } = failure;
            reject(Object.assign(new (name === "Error" ? Error : UserError)(message), { stack }));
          });
        });
      },
    });
  },
};

/** A command that carries out the plan. */
async function carryOut() {
  const store = makeStore(FOLDER);
  await runPlan(runs, { store, dataset, setup, bars }, { workers: start.workers }, threads);
}

function failureOf(error: unknown): Failure {
  const { message, stack } = error as Error;
  return { name: error instanceof UserError ? error.name : "Error", message, stack };
}

function work(key: string): boolean {
  let isStopped = false;
  const planned = runs.find((run) => run.key === key)!;
  const step = () => isStopped = call({ name: "step" }).value as boolean;
  return runOne(planned, {
    engine: simulatedEngine(step, (step) => void call({ name: "resume", step })),
    ...{ dataset, store: openStore(FOLDER), onProgress() {}, onNotice: bars.log },
    shouldStop: () => isStopped,
  });
}

function receive(message: Message) {
  if (message.kind === "answer") {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  } else if (message.kind === "signal") {
    for (const listener of [...listeners.get(message.signal) ?? []]) listener();
  } else if (message.kind === "job") {
    const { id, key } = message;
    let outcome: { finished: boolean } | { failure: Failure };
    try {
      outcome = { finished: work(key) };
    } catch (error) {
      if (isDead) return;
      outcome = { failure: failureOf(error) };
    }
    call({ name: "answer", id, ...outcome });
  } else {
    for (const [id, timer] of [...timers]) {
      if (timer.at > clocks.now || !timers.has(id)) continue;
      if (timer.every === undefined) timers.delete(id);
      else timer.at = clocks.now + timer.every;
      timer.work();
    }
  }
}

/** Lets every promise go as far as it can. */
const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Runs work of a process; an error that is not the end of the process is a defect. */
async function attempt(work: () => unknown) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Killed) && !isDead) defects.push(error);
  }
}

self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (!(event.reason instanceof Killed) && !isDead) defects.push(event.reason);
});

/** The life of this thread: of one process after the other. */
async function live() {
  for (;;) {
    isDead = false;
    for (const state of [timers, listeners, waiting]) state.clear();
    [count, stop, defects.length] = [0, undefined, 0];
    port.send({ name: "parked" });
    const answer = port.receive(Infinity);
    [start, clocks] = [answer.value as Start, answer];
    const uproot = plant(start.planted);
    if (start.role === "command") {
      void attempt(async () => {
        const outcome = await carryOut().then(
          () => ({}),
          (error) => ({ failure: failureOf(error) }),
        );
        call({ name: "end", ...outcome });
      });
    }
    while (!isDead) {
      await settle();
      await attempt(() => {
        if (defects.length > 0) call({ name: "defect", failure: failureOf(defects[0]) });
        const next = Math.min(...[...timers.values()].map(({ at }) => at));
        const isStopped = stop !== undefined && stop[0] !== 0;
        receive(call({ name: "idle", next, isStopped }).value as Message);
      });
    }
    await settle();
    uproot();
  }
}

self.addEventListener("message", (event) => {
  port = new Port<Call, Answer>(true, (event as MessageEvent<SharedArrayBuffer>).data);
  void live();
});
