/** Programs under the permissions that the tasks of deno.json have, and in PID namespaces of their own. */
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { isRoot, run } from "./disks.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Task = keyof typeof project.tasks;

/** The permissions of tests: no more than tasks have, but for a port of their own. */
export const TEST_FLAGS = ["--no-prompt", "-RWESN", "--allow-ffi", "--allow-run"] as const;

/** The flags of a task of the command line: `deno run FLAGS cli.ts NAME`. */
export function flagsOf(task: Task): string[] {
  const [, flags] = / run (.*) cli\.ts /.exec(project.tasks[task].command)!;
  return flags!.split(" ");
}

/**
 * Deno's arguments for a command line, with the permissions of its task; what is no task's name has the
 * fewest, those of table1.
 */
export function commandLine(...args: readonly string[]): string[] {
  const [name = ""] = args;
  const task = Object.hasOwn(project.tasks, name) ? name as Task : "table1";
  return ["run", ...flagsOf(task), "cli.ts", ...args];
}

/** A command line that runs a program text as a task would. */
export function asTask(task: Task, program: string, folder: string) {
  const file = `${folder}/${crypto.randomUUID()}.ts`;
  Deno.writeTextFileSync(file, program);
  return [Deno.execPath(), "run", `--config=${ROOT}deno.json`, ...flagsOf(task), file];
}

/** A process with pipes, from a command line. */
export function spawn(
  [program, ...args]: readonly string[],
  stderr: "piped" | "inherit" = "inherit",
) {
  return new Deno.Command(program!, {
    ...{ args, cwd: ROOT, stdin: "piped", stdout: "piped", stderr },
  }).spawn();
}

/** The arguments that give a command a PID namespace of its own, with its /proc. */
export const IN_PID_NAMESPACE = [
  // others than root may make one where they are root in a namespace of users
  ...["unshare", ...isRoot ? [] : ["--user", "--map-root-user"]],
  ...["--pid", "--fork", "--mount-proc"],
];

/** Why there can be no PID namespace here; undefined if there can. */
export async function namespaceFault(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it is of Linux";
  const [program, ...args] = IN_PID_NAMESPACE;
  const { code, err } = await run(program!, ...args, "true");
  return code === 0 ? undefined : err.trim();
}

/** Does something where PID namespaces are allowed; says so where they are not. */
export async function withNamespaces(work: () => Promise<void>) {
  const fault = await namespaceFault();
  if (fault !== undefined) {
    return void console.warn(`skipped: a PID namespace is refused: ${fault}`);
  }
  await work();
}
