/**
 * What GPUs do while runs go on, as `nvidia-smi` says: how busy they are, their memory and their power.
 * Asked every ten seconds in a process of its own, so that no computing thread waits for it.
 *
 * @module
 */

/** The GPUs at a moment, all together. */
export interface GpuSample {
  /** Mean share of time in which they computed something, per cent. */
  readonly utilisation: number;
  /** Most memory that is in use on one of them, bytes. */
  readonly memory: number;
  /** Power that they draw together, watts; absent where the driver does not say. */
  readonly power?: number;
}

/** What GPUs did during a run. */
export interface GpuUse extends GpuSample {
  /** Mean power of the samples, times the time: kWh. Of other programs on the same GPUs, too. */
  readonly energy?: number;
  readonly samples: number;
}

/** Time between two samples, ms. */
const EVERY = 10_000;

const QUERY = "utilization.gpu,memory.used,power.draw";

/**
 * Asks the driver once.
 *
 * @param ids GPUs as in `CUDA_VISIBLE_DEVICES`; all if absent
 * @returns undefined where there is no `nvidia-smi`, or it does not describe them, as for parts (MIG)
 */
export async function sampleGpus(ids?: string): Promise<GpuSample | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("nvidia-smi", {
      args: [
        ...ids === undefined ? [] : [`--id=${ids}`],
        ...[`--query-gpu=${QUERY}`, "--format=csv,noheader,nounits"],
      ],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? sampleIn(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Parses a line for each GPU: per cent, MiB, watts.
 *
 * ```ts
 * import { sampleIn } from "./gpu_use.ts";
 *
 * const { utilisation, power } = sampleIn("90, 1000, 300.5\n50, 2000, 200.0\n")!;
 * if (utilisation !== 70 || power !== 500.5) throw new Error("both together");
 * ```
 */
export function sampleIn(text: string): GpuSample | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rows = lines.map((line) => line.split(",").map(Number));
  if (rows.length === 0) return undefined;
  const column = (i: number) => rows.map((row) => row[i] ?? NaN);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [utilisation, memory] = [sum(column(0)) / rows.length, Math.max(...column(1)) * 2 ** 20];
  if (Number.isNaN(utilisation) || Number.isNaN(memory)) return undefined;
  const power = sum(column(2)); // NaN for "[N/A]"
  return { utilisation, memory, ...!Number.isNaN(power) && { power } };
}

/** What samples of a run that took some seconds say; undefined if there are none. */
export function useIn(samples: readonly GpuSample[], seconds: number): GpuUse | undefined {
  if (samples.length === 0) return undefined;
  const mean = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  const powers = samples.flatMap(({ power }) => power ?? []);
  return {
    utilisation: mean(samples.map(({ utilisation }) => utilisation)),
    memory: Math.max(...samples.map(({ memory }) => memory)),
    ...powers.length > 0 && { power: mean(powers), energy: mean(powers) * seconds / 3.6e6 },
    samples: samples.length,
  };
}

/** A watch over GPUs. */
export interface GpuWatch {
  /** Begins to watch for a run. @returns what ends it, with what was seen */
  begin(): () => GpuUse | undefined;
  /** Asks now, too. */
  sample(): Promise<void>;
  /** Asks no more. */
  stop(): void;
}

/** Watches GPUs, every ten seconds; where `nvidia-smi` is missing it asks once. */
export function watchGpus(ids?: string): GpuWatch {
  const watched = new Set<GpuSample[]>();
  async function sample() {
    const found = await sampleGpus(ids);
    if (found === undefined) clearInterval(timer);
    else for (const samples of watched) samples.push(found);
  }
  const timer = setInterval(sample, EVERY);
  Deno.unrefTimer(timer);
  return {
    begin() {
      const samples: GpuSample[] = [];
      const begin = performance.now();
      watched.add(samples);
      return () => {
        watched.delete(samples);
        return useIn(samples, (performance.now() - begin) / 1000);
      };
    },
    sample,
    stop: () => clearInterval(timer),
  };
}
