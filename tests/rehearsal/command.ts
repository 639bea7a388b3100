/** Commands as a user gives them, each in a process of its own, with what they take. */
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { clock } from "../../lib/system/progress.ts";
import { statusOf } from "../support/processes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A task of this project. */
export type TaskName = keyof typeof project.tasks;

/** What a command took. */
export interface Effort {
  readonly seconds: number;
  /** Main memory at its height, bytes; 0 where the system does not tell. */
  readonly memory: number;
}

/** What a command came to. */
export interface Outcome extends Effort {
  /** What it printed as JSON. */
  // deno-lint-ignore no-explicit-any
  readonly records: any[];
}

/** How a command is carried out. */
export interface CommandOptions {
  /** The project's folder; this one if absent. */
  readonly root?: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Given what it writes to standard error. */
  readonly onProgress?: (text: string) => void;
  /** Asked now and then: whether to kill it (SIGKILL). */
  readonly killWhen?: () => boolean;
}

/** Between two looks at a process, ms. */
const LOOK = 20;

/**
 * Carries a task of the command line out as `deno task` does, and reads the JSON that it prints.
 *
 * @throws It ends by itself with another exit code than 0, or, where it was to be killed, at all.
 */
export async function command(
  name: TaskName,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { printed, ...effort } = await carryOut(name, [...args, "--format", "json"], options);
  return { ...effort, records: options.killWhen ? [] : JSON.parse(printed) };
}

/**
 * Carries a task of the command line out as `deno task` does.
 *
 * @returns what it printed to standard output, and what it took
 * @throws as `command` does
 */
export async function carryOut(
  name: TaskName,
  args: readonly string[],
  { root = ROOT, env = {}, onProgress = () => {}, killWhen }: CommandOptions = {},
): Promise<Effort & { readonly printed: string }> {
  const begin = performance.now();
  const [, ...task] = project.tasks[name].command.split(" ");
  const child = new Deno.Command(Deno.execPath(), {
    args: [...task, ...args],
    ...{ cwd: root, env, stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  let memory = 0, isKilled = false;
  const look = setInterval(() => {
    memory = Math.max(memory, heightOf(child.pid));
    if (isKilled || !killWhen?.()) return;
    isKilled = true;
    child.kill("SIGKILL");
  }, LOOK);
  const printing = new Response(child.stdout).text();
  let said = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    onProgress(text);
  }
  const { success, signal } = await child.status;
  clearInterval(look);
  const printed = await printing;
  if (killWhen ? signal !== "SIGKILL" : !success) {
    throw new Error(`${name} ${args.join(" ")} ended, saying:\n${said}`);
  }
  return { printed, seconds: (performance.now() - begin) / 1000, memory };
}

/** What a command took, in words. */
export function effortInWords({ seconds, memory }: Effort): string {
  return `${clock(seconds)}${memory > 0 ? `, ${(memory / 1e9).toFixed(1)} GB of memory` : ""}`;
}

/** The most memory that a process has had, bytes (Linux); 0 if it has ended. */
function heightOf(pid: number): number {
  const [, kib = 0] = /^VmHWM:\s*(\d+)/m.exec(statusOf(pid)) ?? [];
  return 1024 * Number(kib);
}
