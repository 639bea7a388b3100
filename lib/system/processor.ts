/**
 * The processor's instructions, and which of TensorFlow's kernels use them. Does not load TensorFlow.
 *
 * @module
 */

/** Instruction sets that decide how fast nets are computed. */
export type Instructions = "AVX" | "AVX2" | "AVX-512" | "bfloat16" | "AMX";

/** Instruction sets to which a benchmark can limit all programs. */
export const ISAS = ["avx2"] as const;
export type Isa = typeof ISAS[number];

/** Flags in `/proc/cpuinfo` on x86 and ARM; one of an entry's flags is enough. */
const FLAGS: Readonly<Record<Instructions, readonly string[]>> = {
  "AVX": ["avx"],
  "AVX2": ["avx2"],
  "AVX-512": ["avx512f"],
  "bfloat16": ["avx512_bf16", "amx_bf16", "bf16"],
  "AMX": ["amx_tile"],
};

/** Flags with any of which TensorFlow turns oneDNN on by itself (core/util/util.cc). */
const ONEDNN_FLAGS = ["avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"];

/**
 * The instruction sets of the first processor in a text like `/proc/cpuinfo`.
 *
 * ```ts
 * import { instructionsIn } from "./processor.ts";
 *
 * const zen3 = instructionsIn("model name\t: AMD EPYC 7B13\nflags\t\t: fpu sse2 avx fma avx2\n");
 * if (zen3?.join() !== "AVX,AVX2") throw new Error("Zen 3 has neither AVX-512 nor bfloat16");
 * ```
 *
 * @returns undefined if the text does not list them
 */
export function instructionsIn(cpuinfo: string): readonly Instructions[] | undefined {
  const found = flagsIn(cpuinfo);
  if (found === undefined) return undefined;
  const names = Object.keys(FLAGS) as Instructions[];
  return names.filter((name) => FLAGS[name].some((flag) => found.has(flag)));
}

function flagsIn(cpuinfo: string): ReadonlySet<string> | undefined {
  const line = /^(?:flags|Features)\s*: (.*)$/m.exec(cpuinfo)?.[1];
  return line === undefined ? undefined : new Set(line.split(" "));
}

let known: { readonly instructions: readonly Instructions[] | undefined } | undefined;

/**
 * The instruction sets of this processor. Undefined if they are unknown: not on Linux, or without
 * permission to call the C library.
 */
export function instructions(): readonly Instructions[] | undefined {
  known ??= { instructions: instructionsIn(cpuinfo()) };
  return known.instructions;
}

const READ_ONLY = 0;
const PART = 2 ** 16;

/** The first processor's part of `/proc/cpuinfo`. */
const cpuinfo = () => processFile("cpuinfo", "\n\n");

/**
 * The start of a file in `/proc`, at least up to a text; empty if it cannot be read. Deno reads that
 * folder only with all permissions. The C library reads it with the permission that TensorFlow needs.
 */
function processFile(name: string, upTo: string): string {
  if (Deno.build.os !== "linux") return "";
  try {
    const libc = Deno.dlopen("libc.so.6", {
      open: { parameters: ["buffer", "i32"], result: "i32" },
      read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
      close: { parameters: ["i32"], result: "i32" },
    });
    const { open, read, close } = libc.symbols;
    const file = open(new TextEncoder().encode(`/proc/${name}\0`), READ_ONLY);
    if (file < 0) return "";
    const part = new Uint8Array(PART);
    let text = "";
    while (!text.includes(upTo)) {
      const count = Number(read(file, part, BigInt(PART)));
      if (count <= 0) break;
      text += new TextDecoder().decode(part.subarray(0, count));
    }
    close(file);
    libc.close();
    return text;
  } catch {
    return "";
  }
}

/** Time between two readings of the processors' work, ms. */
const WATCH = 300;

/**
 * Number of cores that all programs keep busy now, measured while this program waits. If the system
 * does not report it, the load of the last minute.
 */
export async function busyCores(): Promise<number> {
  const before = ticksIn(processFile("stat", "\n"));
  await new Promise((resolve) => setTimeout(resolve, WATCH));
  const after = ticksIn(processFile("stat", "\n"));
  const [load = 0] = Deno.loadavg();
  if (before === undefined || after === undefined || after.all <= before.all) return load;
  const share = (after.busy - before.busy) / (after.all - before.all);
  return share * navigator.hardwareConcurrency;
}

/** Busy and total clock ticks of all processors together, from `/proc/stat`. */
export function ticksIn(stat: string): { readonly busy: number; readonly all: number } | undefined {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1];
  if (line === undefined) return undefined;
  // user, nice, system, idle, iowait, irq, softirq, steal; user already includes guests
  const ticks = line.split(" ").map(Number).slice(0, 8);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

/**
 * Whether this processor has instructions for bfloat16. Without them bfloat16 is 7 to 18 times as slow
 * as float32. True if the instruction sets are unknown.
 */
export function hasBfloat16(found: readonly Instructions[] | undefined = instructions()): boolean {
  return found?.includes("bfloat16") ?? true;
}

/** The environment variable that turns TensorFlow's oneDNN kernels on or off. */
export const ONEDNN_SWITCH = "TF_ENABLE_ONEDNN_OPTS";

/**
 * Our value of the switch if the user has not set it. On x86-64 TensorFlow turns oneDNN on by itself
 * only on processors with AVX512_VNNI, AVX512_BF16, AVX_VNNI or AMX. But on a processor with only AVX2
 * (Zen 3), trainings are 1.5 to 2.1 times as fast with it. On other architectures TensorFlow decides.
 */
export function oneDnnDefault(arch: string = Deno.build.arch): "1" | undefined {
  return arch === "x86_64" ? "1" : undefined;
}

/**
 * Whether TensorFlow uses oneDNN's kernels with this value of its switch; undefined if TensorFlow
 * decides. Loading TensorFlow sets the switch of this process.
 */
export function usesOneDnn(
  value: string | undefined = Deno.env.get(ONEDNN_SWITCH),
): boolean | undefined {
  if (/^(1|true)$/i.test(value ?? "")) return true;
  if (/^(0|false)$/i.test(value ?? "")) return false;
  return undefined;
}

/**
 * Whether TensorFlow turns oneDNN on if its switch is not set; undefined if the processor is unknown.
 */
export function turnsOneDnnOn(text: string = cpuinfo()): boolean | undefined {
  const found = flagsIn(text);
  return found && ONEDNN_FLAGS.some((flag) => found.has(flag));
}

/** Why computing on this processor is slower than necessary, and what to do: one sentence each. */
export function slowness(
  precision: string,
  { found = instructions(), oneDnn = usesOneDnn() }: {
    readonly found?: readonly Instructions[] | undefined;
    readonly oneDnn?: boolean | undefined;
  } = {},
): string[] {
  return [
    ...precision === "bfloat16" && !hasBfloat16(found)
      ? [
        "This processor has no instructions for bfloat16, which makes it 7 to 18 times as slow as " +
        "float32: choose --precision float32.",
      ]
      : [],
    ...oneDnn === false
      ? [
        `oneDNN is off (${ONEDNN_SWITCH} in the environment): trainings take up to 2.8 times as ` +
        "long; unset the variable.",
      ]
      : [],
  ];
}

/** Instruction sets in words: `has AVX2; lacks AVX-512, bfloat16, AMX`. */
export function instructionsInWords(
  found: readonly Instructions[] | undefined = instructions(),
): string {
  if (found === undefined) return "unknown";
  const asked = (Object.keys(FLAGS) as Instructions[]).filter((name) => name !== "AVX");
  const [has, lacks] = [true, false].map((is) =>
    asked.filter((name) => found.includes(name) === is)
  );
  return [
    ...has!.length > 0 ? [`has ${has!.join(", ")}`] : [],
    ...lacks!.length > 0 ? [`lacks ${lacks!.join(", ")}`] : [],
  ].join("; ");
}
