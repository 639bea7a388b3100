/**
 * What the processor can do, and which of TensorFlow's kernels run on it. Loads no TensorFlow.
 *
 * @module
 */

/** Instructions that decide how fast nets are computed. */
export type Instructions = "AVX" | "AVX2" | "AVX-512" | "bfloat16" | "AMX";

/** Instructions to which a benchmark can limit everyone, whatever newer ones the processor has. */
export const ISAS = ["avx2"] as const;
export type Isa = typeof ISAS[number];

/** Names of flags in `/proc/cpuinfo`, x86's and ARM's; one of them is enough. */
const FLAGS: Readonly<Record<Instructions, readonly string[]>> = {
  "AVX": ["avx"],
  "AVX2": ["avx2"],
  "AVX-512": ["avx512f"],
  "bfloat16": ["avx512_bf16", "amx_bf16", "bf16"],
  "AMX": ["amx_tile"],
};

/** Flags of which one is enough for TensorFlow to turn oneDNN on by itself (core/util/util.cc). */
const ONEDNN_FLAGS = ["avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"];

/**
 * The instructions that a text like `/proc/cpuinfo` names, of the first processor in it.
 *
 * ```ts
 * import { instructionsIn } from "./processor.ts";
 *
 * const zen3 = instructionsIn("model name\t: AMD EPYC 7B13\nflags\t\t: fpu sse2 avx fma avx2\n");
 * if (zen3?.join() !== "AVX,AVX2") throw new Error("Zen 3 has neither AVX-512 nor bfloat16");
 * ```
 *
 * @returns nothing where the text does not say
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
 * The instructions of this processor. Nothing where the system does not say (not on Linux), or where
 * the C library may not be called.
 */
export function instructions(): readonly Instructions[] | undefined {
  known ??= { instructions: instructionsIn(cpuinfo()) };
  return known.instructions;
}

const READ_ONLY = 0;
const PART = 2 ** 16;

/** What `/proc/cpuinfo` says of the first processor. */
const cpuinfo = () => processFile("cpuinfo", "\n\n");

/**
 * The beginning of a file in `/proc`, up to a text or further; empty where it cannot be read. Deno
 * reads files of that folder only with all permissions, so the C library does, which needs the one
 * that TensorFlow needs.
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

/** How long the processors' work is watched, ms. */
const WATCH = 300;

/**
 * Cores that are busy now, this program's own included, which waits meanwhile. Where the system does
 * not tell, the load of the last minute.
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

/** What `/proc/stat` says that all processors together have done, in ticks of a clock. */
export function ticksIn(stat: string): { readonly busy: number; readonly all: number } | undefined {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1];
  if (line === undefined) return undefined;
  // user, nice, system, idle, iowait, irq, softirq, steal; guests count as users already
  const ticks = line.split(" ").map(Number).slice(0, 8);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

/**
 * Whether this processor computes in bfloat16 by instructions of its own. Without them bfloat16 is 7
 * to 18 times as slow as float32. Yes where the system does not say.
 */
export function hasBfloat16(found: readonly Instructions[] | undefined = instructions()): boolean {
  return found?.includes("bfloat16") ?? true;
}

/** The variable by which TensorFlow turns oneDNN's kernels on or off. */
export const ONEDNN_SWITCH = "TF_ENABLE_ONEDNN_OPTS";

/**
 * What the switch should be where the user has not set it. On x86-64 TensorFlow turns oneDNN on by
 * itself only where the processor has AVX512_VNNI, AVX512_BF16, AVX_VNNI or AMX. On one with AVX2
 * alone (Zen 3) trainings are 1.5 to 2.1 times as fast with it, too. Elsewhere TensorFlow decides.
 */
export function oneDnnDefault(arch: string = Deno.build.arch): "1" | undefined {
  return arch === "x86_64" ? "1" : undefined;
}

/**
 * Whether TensorFlow uses oneDNN's kernels, by a value of its switch; undefined where TensorFlow
 * decides. The switch of this process is set when TensorFlow is loaded.
 */
export function usesOneDnn(
  value: string | undefined = Deno.env.get(ONEDNN_SWITCH),
): boolean | undefined {
  if (/^(1|true)$/i.test(value ?? "")) return true;
  if (/^(0|false)$/i.test(value ?? "")) return false;
  return undefined;
}

/**
 * Whether TensorFlow turns oneDNN on where its switch is not set; undefined where the processor is
 * not known.
 */
export function turnsOneDnnOn(text: string = cpuinfo()): boolean | undefined {
  const found = flagsIn(text);
  return found && ONEDNN_FLAGS.some((flag) => found.has(flag));
}

/** Why computing on this processor is slower than it could be, and what to do: a sentence each. */
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
        "This processor has no instructions for bfloat16, which is 7 to 18 times as slow as float32 " +
        "on it: choose --precision float32.",
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

/** `AVX2, AVX-512, bfloat16, AMX`; what is missing is named too. */
export function instructionsInWords(
  found: readonly Instructions[] | undefined = instructions(),
): string {
  if (found === undefined) return "what it has is not known";
  const asked = (Object.keys(FLAGS) as Instructions[]).filter((name) => name !== "AVX");
  const [has, lacks] = [true, false].map((is) =>
    asked.filter((name) => found.includes(name) === is)
  );
  return [
    ...has!.length > 0 ? [`has ${has!.join(", ")}`] : [],
    ...lacks!.length > 0 ? [`lacks ${lacks!.join(", ")}`] : [],
  ].join("; ");
}
