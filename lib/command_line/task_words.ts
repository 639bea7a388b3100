/** The command line of a task of deno.json, with its permissions. */
import project from "../../deno.json" with { type: "json" };

/** The words of a task's command line, the first of which is `deno`: `deno`, `run`, ..., `cli.ts`, `train`. */
export function taskWords(name: string): string[] {
  const tasks: Readonly<Record<string, { readonly command: string }>> = project.tasks;
  return tasks[name]!.command.split(" ");
}
