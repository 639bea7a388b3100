/** `setup`: installs TensorFlow for this project, or looks at what is installed. */
import { homedir } from "node:os";
import { deviceInWords, gpus, noteGpus, prefersBfloat16 } from "../system/device.ts";
import { UserError } from "../errors.ts";
import { progressBar } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { type Check, check, LOADS, loads } from "../tensorflow/install/check.ts";
import { here, install, variantOf } from "../tensorflow/install/mod.ts";
import { helpOf } from "../command_line/help.ts";
import type { Options } from "../command_line/options.ts";

export const help = helpOf("setup", {
  about:
    "The other commands do this by themselves when they first need TensorFlow. Its libraries " +
    "are kept in a cache folder for all clones of this project: VERYDEEP_CACHE, by default " +
    "verydeep in the system's folder for caches. Needs Python 3 with pip, and a C++ compiler " +
    "(PYTHON and CXX name others than python3 and g++). Loads 0.3 GB and takes 1 GB of disk; with " +
    "--gpu, on Linux on x86-64, 3.4 GB and 6 GB; --gpu=false goes back to the CPU's build. " +
    "GPUs that are found then decide the precision that commands take where none is named: " +
    "bfloat16 from compute capability 8.0 (Ampere) on. " +
    "Linux on x86-64 is tested; Linux on aarch64 and macOS on Apple silicon are not yet.",
  examples: {
    "setup": "install, or repair, what is missing",
    "setup --check": "what is there, what is missing and how to get it",
    "setup --gpu": "the CUDA build and NVIDIA's libraries",
  },
});

/**
 * Installs TensorFlow, or with `check` prints what there is of it.
 *
 * @returns the exit code: 0 where TensorFlow works
 * @throws {UserError} It cannot be installed.
 */
export async function setup({ check: look, gpu, format }: Options): Promise<number> {
  if (look) {
    const checks = await check({ gpu });
    console.log(listing({
      title: "What TensorFlow needs",
      records: checks.map(recordOf),
      columns: [{ field: "part" }, { field: "state" }, { field: "detail", show: shortened }],
      notes: checks.flatMap(({ name, remedy }) => remedy === undefined ? [] : `${name}: ${remedy}`),
    }, format));
    return checks.some(({ name, ok }) => name === LOADS && ok) ? 0 : 1;
  }

  const bar = progressBar("set up TensorFlow", { unit: "%" });
  try {
    await install({ gpu, onStep: (step, share) => bar.update(100 * share, 100, step) });
  } finally {
    bar.stop();
  }
  const variant = variantOf(here());
  const { ok, detail, remedy } = await loads(variant);
  if (!ok) throw new UserError(`Cannot load TensorFlow: ${detail}; ${remedy}`);
  console.log(`Ready: ${detail}`);
  const found = variant === "gpu" ? gpus() : [];
  noteGpus(found);
  for (const gpu of found) console.log(`GPU: ${deviceInWords({ kind: "gpu", gpu })}`);
  if (prefersBfloat16()) {
    console.log("Nets are computed in bfloat16 unless --precision float32 is given.");
  }
  return 0;
}

function recordOf({ name, ok, detail, remedy = "" }: Check) {
  return { part: name, state: ok ? "ok" : "missing", detail, remedy };
}

/** A path as people write it, without what all of them share. */
function shortened(detail: unknown): string {
  return String(detail)
    .replace(/^.*\/node_modules\/(?=.)/, "node_modules/.../")
    .replace(homedir(), "~");
}
