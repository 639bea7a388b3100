/** The permissions that a task of deno.json runs under. */
import project from "../../deno.json" with { type: "json" };

/** Flags of `deno run` in a task, as in `--no-prompt`. */
export function taskFlags(name: keyof typeof project.tasks): string[] {
  const [, flags] = / run (.*) cli\.ts /.exec(project.tasks[name].command) ?? [];
  if (flags === undefined) throw new Error(`The task ${name} runs no command of cli.ts`);
  return flags.split(" ");
}
