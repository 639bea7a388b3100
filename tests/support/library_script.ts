/** Runs a program that imports "verydeep" as a user's script does. */
import assert from "node:assert/strict";
import { outcome } from "./commands.ts";
import { asTask } from "./tasks.ts";

/**
 * What a program prints that runs in a folder, with the permissions of a table's task. Its setup smoke
 * takes data and results from there.
 */
export async function printedByScript(text: string, folder: string): Promise<string> {
  const program = text.replace('setup: "smoke",', 'setup: "smoke", data: "data", results: ".",');
  const [command, ...args] = asTask("table", program, folder);
  const child = new Deno.Command(command!, {
    // deno task may have said where its user is
    ...{
      args,
      cwd: folder,
      env: { NO_COLOR: "1", INIT_CWD: "" },
      stdout: "piped",
      stderr: "piped",
    },
  }).spawn();
  const { code, out, err } = await outcome(child);
  assert.equal(code, 0, err);
  return out;
}
