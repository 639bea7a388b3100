/**
 * The protocol between the benchmark and a contestant: JSON requests on its standard input, JSON answers
 * on its standard output, one a line.
 *
 * | request             | answer                                       |
 * |---------------------|----------------------------------------------|
 * | at the start        | `{"version": "..."}`                         |
 * | `{"case": {...}}`   | `{"ready": true}`: built, ready to run       |
 * | `{"steps": n}`      | `{"seconds": s}`: duration of n steps           |
 * | on any error        | `{"error": "..."}`                           |
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { UserError } from "../errors.ts";
import type { Case } from "./cases.ts";

/** A program of the benchmark. It is idle between requests. */
export interface Contestant {
  readonly name: string;
  /** The version of its library, as in `2.13.0`. */
  readonly version: string;
  /** Builds a case, and frees the previous one. */
  build(what: Case): Promise<void>;
  /** Runs steps of the case. @returns their duration, seconds */
  run(steps: number): Promise<number>;
  /** Ends the program. */
  stop(): Promise<void>;
}

interface Answer {
  readonly version?: string;
  readonly seconds?: number;
  readonly error?: string;
}

/**
 * Starts a contestant.
 *
 * @param command the program and its arguments
 * @param env additional environment variables
 * @throws {UserError} There is no such program, or it fails.
 */
export async function startContestant(
  name: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  const [program = "", ...args] = command;
  const child = spawn(program, { args, env });
  const writer = child.stdin.getWriter();
  const answers = lines(child.stdout);
  const errors = new Response(child.stderr).text();

  async function answer(): Promise<Answer> {
    const { value: line } = await answers.next();
    if (line === undefined) {
      const lastLine = (await errors).trim().split("\n").at(-1);
      throw new UserError(`Cannot compare with ${name}: it ended with the message "${lastLine}"`);
    }
    const answer = JSON.parse(line) as Answer;
    if (answer.error !== undefined) {
      throw new UserError(`Cannot compare with ${name}: ${answer.error}`);
    }
    return answer;
  }

  async function ask(request: unknown): Promise<Answer> {
    // If the program has ended, answer() reports the reason.
    await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`)).catch(() => {});
    return await answer();
  }

  const stop = async () => {
    await writer.close().catch(() => {});
    await child.status;
    await errors;
  };
  try {
    const { version = "" } = await answer();
    return {
      name,
      version,
      build: async (what) => void await ask({ case: what }),
      run: async (steps) => (await ask({ steps })).seconds!,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawn(program: string, { args, env }: { args: string[]; env: Record<string, string> }) {
  try {
    return new Deno.Command(program, {
      ...{ args, env },
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
  } catch (error) {
    throw new UserError(`Cannot start "${program}": ${(error as Error).message}`);
  }
}

/** The lines of a program's output, as they arrive. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/**
 * Several contestants that run in parallel as one: each of them does every request, and the slowest
 * decides its duration.
 */
export function together(members: readonly [Contestant, ...Contestant[]]): Contestant {
  const [{ name, version }] = members;
  return {
    name,
    version,
    build: async (what) => void await Promise.all(members.map((member) => member.build(what))),
    run: async (steps) => Math.max(...await Promise.all(members.map(({ run }) => run(steps)))),
    stop: async () => void await Promise.all(members.map((member) => member.stop())),
  };
}

/** A case that is built. */
export interface Runner {
  step(): void | Promise<void>;
  /** Called before the first of `steps` steps; its time counts. */
  begin?(steps: number): void;
  /** Frees the case. */
  close(): void;
}

/** The variable that has contestants answer with the processor's time, of all their threads. */
export const CLOCK = "VERYDEEP_CLOCK";

/** Seconds since some moment: processor time if `CLOCK` says so, else wall-clock time. */
function seconds(): number {
  if (Deno.env.get(CLOCK) !== "processor") return performance.now() / 1000;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The contestant's side: answers requests until standard input ends. */
export async function answerRequests(
  version: string,
  build: (what: Case) => Runner | Promise<Runner>,
) {
  const send = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  let runner: Runner | undefined;
  send({ version });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = JSON.parse(line) as { case: Case } | { steps: number };
      if ("case" in request) {
        runner?.close();
        runner = await build(request.case);
        send({ ready: true });
      } else {
        const begin = seconds();
        runner?.begin?.(request.steps);
        for (let step = 0; step < request.steps; step++) await runner?.step();
        send({ seconds: seconds() - begin });
      }
    } catch (error) {
      send({ error: (error as Error).message });
    }
  }
}
