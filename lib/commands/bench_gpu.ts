/** `bench gpu`: the speed of trainings, evaluations and the input pipeline on one GPU, beside PyTorch. */
import { deviceInWords } from "../system/device.ts";
import { DETERMINISTIC_SWITCH, isDeterministic } from "../system/determinism.ts";
import { machine, machineInWords } from "../system/environment.ts";
import { count } from "../numbers.ts";
import { progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import { numeral, text } from "./bench_cells.ts";
import type { Options } from "../command_line/options.ts";

/** Seconds after which no new case starts: a lease of eight minutes then suffices for each call. */
const LIMIT = 7.5 * 60;

/** A GPU has no other programs beside it, so that few turns suffice. */
const RACE = { rounds: 3, turn: 0.7 };

/** Each case once: a processor only tries them. */
const TRIAL = { rounds: 1, turn: 0 };

/** Prints the measurements that the phrases select, all of them without phrases. @returns the exit code */
export async function benchGpu(
  { device = "gpu", deterministic, format }: Pick<Options, "device" | "deterministic" | "format">,
  phrases: readonly string[],
): Promise<number> {
  // What these import takes longer to load than a help text may take.
  const { measureGpu } = await import("../bench/gpu.ts");
  const { fullScale, TINY } = await import("../bench/gpu_cases.ts");
  const { deviceFor } = await import("../bench/speed.ts");
  const { ensureInstalled } = await import("../tensorflow/install/mod.ts");
  if (deterministic !== undefined) Deno.env.set(DETERMINISTIC_SWITCH, deterministic ? "1" : "0");
  const bars = progressBars();
  try {
    await ensureInstalled(bars);
    const on = await deviceFor(device);
    const isTrial = on.kind === "cpu";
    const bar = bars.bar("bench gpu", { unit: "measurements" });
    const { measurements, versions, left } = await measureGpu({
      device: on,
      scale: isTrial ? TINY : fullScale(on),
      phrases,
      limit: LIMIT,
      race: isTrial ? TRIAL : RACE,
      onProgress: (done, total, name) => bar.update(done, total, name),
      onResume: bars.log,
      onSkip: (message) => bars.log(`Left out: ${message}`),
    });
    bar.stop();
    console.log(listing({
      title: `Speed on ${deviceInWords(on)}`,
      records: measurements,
      columns: [
        { field: "name", heading: "case" },
        { field: "batch", show: text },
        { field: "ours", show: numeral },
        { field: "peer", show: numeral },
        { field: "unit" },
        { field: "peer_name", heading: "peer", show: text },
        { field: "ratio", show: numeral },
        { field: "of_peak", heading: "% of peak", show: numeral },
      ],
      notes: [
        machineInWords(machine()),
        Object.entries(versions).map(([name, version]) => `${name}: ${version}`).join("; "),
        isTrial
          ? "Nets and images are tiny: this tries every case, and its numbers say nothing."
          : `Kernels: ${
            isDeterministic() ? "deterministic" : "any, not deterministic"
          }. Products in ` +
            "float32 are computed in TF32, unless NVIDIA_TF32_OVERRIDE=0 is set.",
        "% of peak: arithmetic that we do, divided by the fastest product of matrices in this precision.",
        "%: time that a training whose crops come from files waits for them.",
        ...left > 0
          ? [`The time is over: the same command makes the other ${count(left, "measurement")}.`]
          : [],
      ].filter((line) => line !== ""),
    }, format));
    if (left > 0) console.error(`${count(left, "measurement")} left: give the same command again`);
    return 0;
  } finally {
    bars.stop();
  }
}
