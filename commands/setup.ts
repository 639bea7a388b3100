/** `deno task setup`: installs TensorFlow for this project, or looks at what is installed. */
import { Table } from "@cliffy/table";
import { UserError } from "../lib/errors.ts";
import { progressBar } from "../lib/progress.ts";
import { type Check, check, LOADS, loads } from "../lib/tensorflow/check.ts";
import { here, install, variantOf } from "../lib/tensorflow/install.ts";

export const help = `Install TensorFlow for this project.

usage: deno task setup [options]

The other commands do this by themselves when they first need TensorFlow. Its libraries are kept in
a cache folder, for all clones of this project: VERYDEEP_CACHE, by default verydeep in the system's
folder for caches. Needs Python 3 with pip, and a C++ compiler (PYTHON and CXX name others than
python3 and g++). Loads 0.3 GB and takes 1 GB of disk; with --gpu 3.4 GB and 6 GB.

options:
  --check            say what is there, what is missing and how to get it; install nothing
  --gpu              take the CUDA build and NVIDIA's libraries (Linux on x86_64);
                     --gpu=false goes back to the CPU's
  --format FORMAT    how --check prints: table (default) or json
  --help             print this

Linux on x86_64 is tested; Linux on aarch64 and macOS on Apple silicon are not yet.
`;

/** Options of the command. */
export interface SetupOptions {
  readonly check?: boolean | undefined;
  /** If absent, the build that is installed is kept. */
  readonly gpu?: boolean | undefined;
  readonly format?: string | undefined;
}

/**
 * Installs TensorFlow, or with `check` prints what there is of it.
 *
 * @returns the exit code: 0 where TensorFlow works
 * @throws UserError where it cannot be installed
 */
export async function setup({ check: look, gpu, format }: SetupOptions): Promise<number> {
  if (look) return await printChecks(await check({ gpu }), format);

  const bar = progressBar("setup", { unit: "%" });
  try {
    await install({ gpu, onStep: (step, share) => bar.update(100 * share, 100, step) });
  } finally {
    bar.stop();
  }
  const { ok, detail, remedy } = await loads(variantOf(here()));
  if (!ok) throw new UserError(`Cannot load TensorFlow: ${detail}; ${remedy}`);
  console.log(`Ready: ${detail}`);
  return 0;
}

function printChecks(checks: readonly Check[], format = "table"): number {
  if (format === "json") console.log(JSON.stringify(checks, null, 2));
  else if (format === "table") console.log(tableOf(checks));
  else throw new UserError(`Cannot print the check as "${format}": use --format table or json`);
  return checks.some(({ name, ok }) => name === LOADS && ok) ? 0 : 1;
}

function tableOf(checks: readonly Check[]): string {
  return new Table()
    .header(["part", "", "what is there", "what to do"])
    .body(checks.map(({ name, ok, detail, remedy = "" }) => [
      name,
      ok ? "ok" : "missing",
      detail,
      ok ? "" : remedy,
    ]))
    .border(true)
    .toString();
}
