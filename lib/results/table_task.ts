/** The command that makes a table. */
import type { Table } from "../experiment.ts";
import { shellWord } from "../system/shell.ts";

/** The command of a table, without options: `deno task table3`, `deno task table ./mine.ts`. */
export function tableTask({ name, file }: Pick<Table, "name" | "file">): string {
  return `deno task ${file === undefined ? name : `table ${shellWord(file)}`}`;
}
