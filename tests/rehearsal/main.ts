/**
 * `deno task rehearse FOLDER [OPTIONS]`: the rehearsal at its real scale, in a new folder. Options
 * that decide which results are meant, as `--precision bfloat16`, go to whatever makes or reads some.
 * Ends with 1 where something is not as it must be. docs/how-to/imagenet.md says what it does and takes.
 *
 * @module
 */
import { entriesIn } from "../../lib/system/files.ts";
import { clock } from "../../lib/system/progress.ts";
import { pathFrom } from "../../lib/command_line/options.ts";
import { FULL, rehearse } from "./rehearse.ts";

const [name, ...options] = Deno.args;
if (name === undefined || name.startsWith("-")) {
  console.error("usage: deno task rehearse FOLDER [OPTIONS]");
  Deno.exit(2);
}
const folder = pathFrom(name);
if (entriesIn(folder).length > 0) {
  console.error(`error: Cannot rehearse in "${folder}": it is not empty; name a new folder`);
  Deno.exit(2);
}
const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
const begin = performance.now();
try {
  await rehearse({ scale: FULL, folder, options, say: console.log, onProgress: write });
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
console.log(`all is as it must be: ${clock((performance.now() - begin) / 1000)}`);
