/**
 * `deno task rehearse FOLDER [OPTIONS]`: the rehearsal at its real scale, in a new folder; with `--cuda`
 * that of the CUDA build on the processor. Options that decide which results are meant, as
 * `--precision bfloat16`, go to whatever makes or reads some. Ends with 1 where something is not as it
 * must be. docs/how-to/imagenet.md and docs/how-to/gpu.md say what it does and takes.
 *
 * @module
 */
import { entriesIn } from "../../lib/system/files.ts";
import { clock } from "../../lib/system/progress.ts";
import { pathFrom } from "../../lib/command_line/options.ts";
import { rehearseCuda } from "./cuda.ts";
import { FULL, rehearse } from "./rehearse.ts";

const HELP = `usage:
  deno task rehearse FOLDER [OPTIONS]
  deno task rehearse FOLDER --cuda [OPTIONS]

Rehearses ImageNet in FOLDER, which must be new or empty: archives, nets, crops and batches of full
size, but fewer images and iterations. docs/how-to/imagenet.md says what it does and takes.

With --cuda: installs TensorFlow's CUDA build in a copy of the project, and the CPU build in another
one, lets both make all tables of the smoke setup on the processor, and compares tables, weights and
posteriors byte by byte. Needs no GPU; downloads 3.7 GB. docs/how-to/gpu.md says more.

Options that decide which results are meant, as --precision bfloat16, go to each command. An option
that these do not know is refused by the first of them.
Ends with 1 where something is not as it must be.`;

const CUDA = "--cuda";

const [name, ...others] = Deno.args;
const options = others.filter((option) => option !== CUDA);
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
  const rehearsal = { folder, options, say: console.log, onProgress: write };
  if (others.includes(CUDA)) await rehearseCuda(rehearsal);
  else await rehearse({ scale: FULL, ...rehearsal });
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
console.log(`all is as it must be: ${clock((performance.now() - begin) / 1000)}`);
