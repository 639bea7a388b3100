/** `install`: installs TensorFlow for this project, or prints what is installed. */
import { homedir } from "node:os";
import { deviceInWords, gpus, noteGpus, prefersBfloat16 } from "../system/device.ts";
import { UserError } from "../errors.ts";
import { progressBar } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { type Check, check, LOADS, loads } from "../tensorflow/install/check.ts";
import { here, install as installTensorFlow, variantOf } from "../tensorflow/install/mod.ts";
import type { Options } from "../command_line/options.ts";

/**
 * Installs TensorFlow or, with `check`, prints which parts are installed.
 *
 * @returns the exit code: 0 if TensorFlow works
 * @throws {UserError} It cannot be installed.
 */
export async function install({ check: look, gpu, format }: Options): Promise<number> {
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

  const bar = progressBar("install TensorFlow", { unit: "%" });
  try {
    await installTensorFlow({ gpu, onStep: (step, share) => bar.update(100 * share, 100, step) });
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
  const { calibrateMachine } = await import("../bench/calibration.ts");
  await calibrateMachine();
  return 0;
}

function recordOf({ name, ok, detail, remedy = "" }: Check) {
  return { part: name, state: ok ? "ok" : "missing", detail, remedy };
}

/** A path for people: `~` for the home folder. */
function shortened(detail: unknown): string {
  return String(detail)
    .replace(/^.*\/node_modules\/(?=.)/, "node_modules/.../")
    .replace(homedir(), "~");
}
