/** What simulated processes ask their simulated system for. */

import type { ProgramAnswer } from "./slurm.ts";

/** A call that takes time: an operation of the file system, `idle`, `step`, or `await` within a task. */
export interface Call {
  readonly name: string;
  readonly path?: string;
  readonly to?: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly [argument: string]: unknown;
}

/** What a call gives: a value, bytes, or the name of an error. */
export interface Result {
  readonly value?: unknown;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly error?: "NotFound" | "AlreadyExists" | "NotADirectory" | "Stale" | undefined;
}

/** How a run ended in a thread. */
export type RunEnd = { readonly finished: boolean } | { readonly failure: Error };

/** The beginning of a thread. */
export interface Start {
  /** Carries out the plan here, submits it to Slurm, or carries out one run as a job or in a worker. */
  readonly role: "command" | "submit" | "job" | "worker";
  /** Number of the job, and the key of its run. */
  readonly job?: { readonly number: string; readonly key: string };
  readonly host: string;
  readonly pid: number;
  /** Differs between any two threads. */
  readonly serial: number;
  readonly workers: number;
}

/** What the simulation tells an idle thread. */
export type Message =
  | { readonly kind: "timer" }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "job"; readonly id: number; readonly key: string }
  | { readonly kind: "answer"; readonly id: number; readonly end: RunEnd }
  | { readonly kind: "program"; readonly id: number; readonly answer: ProgramAnswer };

/** What the system of a thread answers at once. */
export interface System {
  /** The monotonic clock, ms. */
  now(): number;
  /** The date, ms. */
  wall(): number;
  /** A file of /proc. */
  proc(path: string): Result;
  isAlive(pid: number): boolean;
  /** A file operation of work that cannot wait. */
  atOnce(call: Call): Result;
  log(line: string): void;
  /** Starts a worker. @param stop an int32, not 0 once it is to stop @returns its number */
  spawn(stop: SharedArrayBuffer): number;
  terminate(thread: number): void;
  sendJob(thread: number, id: number, key: string): void;
  stopRun(thread: number): void;
  answer(id: number, end: RunEnd): void;
  /** A training goes on from a step. */
  resume(step: number): void;
  /** Starts a program of Slurm's. */
  callProgram(id: number, name: string, args: readonly string[]): void;
}

/** What the program of a simulated process sees of its thread. */
export interface Kernel extends Pick<System, "log" | "spawn" | "terminate" | "stopRun" | "resume"> {
  readonly workers: number;
  /** Passes the time of a step of a training. @returns whether to stop */
  nextStep(): boolean;
  /** Sends a run to a worker. @returns whether it is done; false if it was stopped */
  run(thread: number, key: string): Promise<boolean>;
}

/** The kernel of this thread; the loader of `program.ts` puts it in place. */
export declare const kernel: Kernel;
