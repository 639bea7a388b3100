/** The command that makes a table. */
import type { Table } from "../experiment.ts";
import { shellWord } from "../system/shell.ts";

/** The command of a table, without options: `deno task table3`, `deno task study ./mine.ts`. */
export function tableTask({ name, file, study }: Pick<Table, "name" | "file" | "study">): string {
  const command = study === undefined ? "table" : "study";
  return `deno task ${file === undefined ? name : `${command} ${shellWord(file)}`}`;
}
