/** Commands as a user gives them, each in a process of its own, with what they take. */
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A task of this project. */
export type TaskName = keyof typeof project.tasks;

/** What a command came to. */
export interface Outcome {
  /** What it printed as JSON. */
  // deno-lint-ignore no-explicit-any
  readonly records: any[];
  readonly seconds: number;
  /** Main memory at its height, bytes; 0 where the system does not tell. */
  readonly memory: number;
}

/** Between two looks at a process, ms. */
const LOOK = 20;

/**
 * Carries a task of the command line out as `deno task` does, and reads what it prints.
 *
 * @param onProgress is given what it writes to standard error
 * @param killWhen asked now and then: whether to kill it (SIGKILL)
 * @throws It ends by itself with another exit code than 0, or, where it was to be killed, at all.
 */
export async function command(
  name: TaskName,
  args: readonly string[],
  { onProgress = () => {}, killWhen }: {
    readonly onProgress?: (text: string) => void;
    readonly killWhen?: () => boolean;
  } = {},
): Promise<Outcome> {
  const begin = performance.now();
  const [, ...task] = project.tasks[name].command.split(" ");
  const child = new Deno.Command(Deno.execPath(), {
    args: [...task, ...args, "--format", "json"],
    ...{ cwd: ROOT, stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  let memory = 0, isKilled = false;
  const look = setInterval(() => {
    memory = Math.max(memory, heightOf(child.pid));
    if (isKilled || !killWhen?.()) return;
    isKilled = true;
    child.kill("SIGKILL");
  }, LOOK);
  const printed = new Response(child.stdout).text();
  let said = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    onProgress(text);
  }
  const { success, signal } = await child.status;
  clearInterval(look);
  if (killWhen ? signal !== "SIGKILL" : !success) {
    throw new Error(`${name} ${args.join(" ")} ended, saying:\n${said}`);
  }
  const records = killWhen ? [] : JSON.parse(await printed);
  await printed;
  return { records, seconds: (performance.now() - begin) / 1000, memory };
}

/** The most memory that a process has had, bytes (Linux). */
function heightOf(pid: number): number {
  try {
    const [, kib] = /^VmHWM:\s*(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return 1024 * Number(kib ?? 0);
  } catch {
    return 0;
  }
}
