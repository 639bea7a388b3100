/** `bench`: the speed of training, testing and reading, compared with PyTorch and stock tfjs-node. */
import { UsageError } from "../errors.ts";
import { machine, machineInWords } from "../system/environment.ts";
import { instructionsInWords } from "../system/processor.ts";
import { progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import type { Options } from "../command_line/options.ts";
import { numeral, text } from "./bench_cells.ts";
import { benchGpu } from "./bench_gpu.ts";

/** Load of other programs, in busy cores, above which ratios are unreliable. */
const BUSY = 0.5;

/** Prints the measurements that the phrases select, all of them without phrases. */
export async function bench(
  options: Pick<Options, "isa" | "oneCore" | "device" | "deterministic" | "format">,
  words: readonly string[] = [],
): Promise<number> {
  const { isa, oneCore, device, deterministic, format } = options;
  const [first, ...phrases] = words;
  if (first === "gpu") {
    if (isa !== undefined || oneCore) {
      throw new UsageError(
        "--isa and --one-core are about processors: leave them out of bench gpu",
      );
    }
    return await benchGpu(options, phrases);
  }
  if (device !== undefined || deterministic !== undefined) {
    throw new UsageError(
      "--device and --deterministic are about one GPU: give them to bench gpu, or leave them out",
    );
  }
  // What these import takes longer to load than a help text may take.
  const { measure } = await import("../bench/mod.ts");
  const { ensureInstalled } = await import("../tensorflow/install/mod.ts");
  const bars = progressBars();
  try {
    await ensureInstalled(bars);
    const [load = 0] = Deno.loadavg();
    if (load > BUSY && !oneCore) {
      bars.log(
        `This machine has been busy (load ${load.toFixed(1)}): where other programs run, ` +
          "PyTorch above all is slower than it could be, and ratios are too high; --one-core " +
          "measures what a core does",
      );
    }
    const bar = bars.bar("bench", { unit: "cases" });
    const { measurements, versions } = await measure({
      phrases: words,
      ...{ isa, oneCore },
      onProgress: (done, total, name) => bar.update(done, total, name),
      onResume: bars.log,
      onSkip: (message) => bars.log(`Left out: ${message}`),
    });
    bar.stop();
    console.log(listing({
      title: "Speed beside others",
      records: measurements,
      columns: [
        { field: "name", heading: "case" },
        { field: "ours", show: numeral },
        { field: "peer", show: numeral },
        { field: "unit" },
        { field: "peer_name", heading: "peer", show: text },
        { field: "ratio", show: numeral },
        { field: "ratio_min", heading: "least", show: numeral },
        { field: "ratio_max", heading: "greatest", show: numeral },
      ],
      notes: [
        `${machineInWords(machine())}; ${instructionsInWords()}.` +
        (isa ? ` Limited to ${isa.toUpperCase()}: see docs/explanation/benchmarks.md.` : ""),
        Object.entries(versions).map(([name, version]) => `${name}: ${version}`).join("; "),
        "A ratio is ours / peer: the median over the rounds, the least and the greatest.",
        oneCore
          ? "One thread each; images per second of the processor's time."
          : "%: time that a training of the small setup waits for data.",
      ].filter((line) => line !== ""),
    }, format));
    return 0;
  } finally {
    bars.stop();
  }
}
