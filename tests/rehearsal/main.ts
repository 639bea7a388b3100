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

const HELP = `usage:
  deno task rehearse FOLDER [OPTIONS]

Rehearses ImageNet in FOLDER, which must be new or empty: archives, nets, crops and batches of full
size, but fewer images and iterations. docs/how-to/imagenet.md says what it does and takes.

Options that decide which results are meant, as --precision bfloat16, go to each command. An option
that these do not know is refused by the first of them.
Ends with 1 where something is not as it must be.`;

const [name, ...options] = Deno.args;
if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
  console.log(HELP);
  Deno.exit(0);
}
if (name === undefined || name.startsWith("-")) {
  console.error("error: the first argument must be a folder; deno task rehearse --help says more");
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
