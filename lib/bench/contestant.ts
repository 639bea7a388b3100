/**
 * The two ends of a race's line: JSON requests on a contestant's standard input, JSON answers on its
 * standard output, one a line.
 *
 * | request             | answer                                       |
 * |---------------------|----------------------------------------------|
 * | at the start        | `{"version": "..."}`                         |
 * | `{"case": {...}}`   | `{"ready": true}`: built, ready to run       |
 * | `{"steps": n}`      | `{"seconds": s}`: how long n steps have taken |
 * | whatever goes wrong | `{"error": "..."}`                           |
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { UserError } from "../errors.ts";
import type { Case } from "./cases.ts";

/** A program that takes part in races. It does nothing while it is not asked to. */
export interface Contestant {
  readonly name: string;
  /** What it runs on, as in `2.13.0`. */
  readonly version: string;
  /** Builds a case in place of the last one. */
  build(what: Case): Promise<void>;
  /** Runs steps of the case; how long they have taken, in seconds. */
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
 * @param env variables that it gets besides ours
 * @throws UserError where there is no such program, or it cannot take part
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
  const complaints = new Response(child.stderr).text();

  async function answer(): Promise<Answer> {
    const { value: line } = await answers.next();
    if (line === undefined) {
      const said = (await complaints).trim().split("\n").at(-1);
      throw new UserError(`Cannot race against ${name}: it ended, saying "${said}"`);
    }
    const answer = JSON.parse(line) as Answer;
    if (answer.error !== undefined) {
      throw new UserError(`Cannot race against ${name}: ${answer.error}`);
    }
    return answer;
  }

  async function ask(request: unknown): Promise<Answer> {
    // Where the program has ended, answer() says why.
    await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`)).catch(() => {});
    return await answer();
  }

  const stop = async () => {
    await writer.close().catch(() => {});
    await child.status;
    await complaints;
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

/** The lines of a program's output, as they come. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/**
 * Several contestants that run side by side as one: what they are asked to do each of them does,
 * and it is done when the last has done it.
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

/** A case, built. */
export interface Runner {
  step(): void | Promise<void>;
  /** Called before the first of some steps; its time counts. */
  begin?(steps: number): void;
  /** Frees what was built. */
  close(): void;
}

/** The contestant's end: answers requests until standard input ends. */
export async function takePart(version: string, build: (what: Case) => Runner | Promise<Runner>) {
  const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  let runner: Runner | undefined;
  say({ version });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = JSON.parse(line) as { case: Case } | { steps: number };
      if ("case" in request) {
        runner?.close();
        runner = await build(request.case);
        say({ ready: true });
      } else {
        const begin = performance.now();
        runner?.begin?.(request.steps);
        for (let step = 0; step < request.steps; step++) await runner?.step();
        say({ seconds: (performance.now() - begin) / 1000 });
      }
    } catch (error) {
      say({ error: (error as Error).message });
    }
  }
}
