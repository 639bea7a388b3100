/**
 * The device that TensorFlow computes on (the processor or one GPU), its names for `--device`, and the
 * GPUs that NVIDIA's driver lists. Does not load TensorFlow.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { readIfThere, removeIfThere, writeAtomically } from "./files.ts";

/** `cpu`, `gpu` (the first) or `gpu:N`. */
export type DeviceName = "cpu" | "gpu" | `gpu:${number}`;

/** A GPU as NVIDIA's driver describes it. */
export interface Gpu {
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  /** Compute capability: 8 is Ampere. */
  readonly capability: number;
  readonly driver: string;
}

/** The device of a thread. The GPU's properties are unknown without `nvidia-smi`. */
export type Device = { readonly kind: "cpu" } | { readonly kind: "gpu"; readonly gpu?: Gpu };

/** The lowest compute capability with hardware units for bfloat16: Ampere. */
const HAS_BFLOAT16 = 8;

/** Whether a GPU has hardware units for bfloat16. */
export function gpuHasBfloat16({ capability }: Pick<Gpu, "capability">): boolean {
  return capability >= HAS_BFLOAT16;
}

/** Whether a word is the name of a device. */
export function isDeviceName(word: string): word is DeviceName {
  return /^(cpu|gpu(:\d+)?)$/.test(word);
}

/** `CUDA_VISIBLE_DEVICES` at the program's start, after the first call of `visibleAtStart`. */
let started: { readonly visible: string | undefined } | undefined;

function visibleAtStart(): string | undefined {
  started ??= { visible: Deno.env.get("CUDA_VISIBLE_DEVICES") };
  return started.visible;
}

/**
 * Makes only one device visible to TensorFlow in all threads: `device`, or the first GPU if absent.
 * Call it before any thread loads TensorFlow.
 *
 * @throws {UserError} There is no such GPU in `CUDA_VISIBLE_DEVICES`.
 */
export function chooseDevice(device: DeviceName | undefined) {
  const visible = visibleAtStart();
  if (device === undefined && visible?.trim() === "") return;
  Deno.env.set("CUDA_VISIBLE_DEVICES", visibleFor(device ?? "gpu", visible));
}

/**
 * The value of `CUDA_VISIBLE_DEVICES` that makes only one device visible. `visible` is its value at the
 * start; GPUs are numbered within it, as schedulers of clusters require.
 *
 * @throws {UserError} `visible` has no GPU with that number.
 */
export function visibleFor(device: DeviceName, visible: string | undefined): string {
  if (device === "cpu") return "-1";
  const index = Number(device.slice("gpu:".length));
  if (visible === undefined) return String(index);
  const names = visible.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const name = names[index];
  if (name !== undefined) return name;
  throw new UserError(
    `Cannot use "${device}": CUDA_VISIBLE_DEVICES is "${visible}", which names ${names.length} ` +
      "GPUs, numbered from gpu:0; choose another one, or --device cpu",
  );
}

/** The driver's GPUs, or one of them: `id` is a number or a UUID as in `CUDA_VISIBLE_DEVICES`. */
export function gpus(id?: string): Gpu[] {
  try {
    const { success, stdout } = new Deno.Command("nvidia-smi", {
      args: [
        ...id === undefined ? [] : [`--id=${id}`],
        "--query-gpu=name,memory.total,compute_cap,driver_version",
        "--format=csv,noheader,nounits",
      ],
      stdin: "null",
      stderr: "null",
    }).outputSync();
    return success ? gpusIn(new TextDecoder().decode(stdout)) : [];
  } catch {
    return [];
  }
}

/**
 * Parses the output of `nvidia-smi`: each line has name, MiB, compute capability and driver.
 *
 * ```ts
 * import { gpusIn } from "./device.ts";
 *
 * const [gpu] = gpusIn("NVIDIA H100 80GB HBM3, 81559, 9.0, 550.54.15\n");
 * if (gpu?.memory !== 81559 * 2 ** 20 || gpu.capability !== 9) throw new Error("an H100");
 * ```
 */
export function gpusIn(text: string): Gpu[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [driver = "", capability, memory, ...name] = line.split(",").map((part) => part.trim())
      .reverse();
    return {
      name: name.reverse().join(", "),
      memory: Number(memory) * 2 ** 20,
      capability: Number(capability),
      driver,
    };
  });
}

/** The device of a thread that has loaded TensorFlow; `usesGpu` says whether that found a GPU. */
export function deviceOf(usesGpu: boolean): Device {
  if (!usesGpu) return { kind: "cpu" };
  const [gpu] = gpus(Deno.env.get("CUDA_VISIBLE_DEVICES")?.split(",")[0]);
  return { kind: "gpu", ...gpu && { gpu } };
}

/** Parts of a batch to compute in parallel: a GPU does its own work in parallel. */
export function towersOn({ kind }: Device, onProcessor: number): number {
  return kind === "gpu" ? 1 : onProcessor;
}

/** A device's name, for comparisons of speed: `CPU`, `NVIDIA H100 80GB HBM3`. */
export function nameOfDevice(device: Device): string {
  return device.kind === "cpu" ? "CPU" : device.gpu?.name ?? "a GPU";
}

/** A device in words: `CPU`, `NVIDIA H100 80GB HBM3, 80 GiB`. */
export function deviceInWords(device: Device): string {
  const name = nameOfDevice(device);
  if (device.kind === "cpu" || !device.gpu) return name;
  const { memory, driver } = device.gpu;
  return `${name}, ${(memory / 2 ** 30).toFixed(0)} GiB, driver ${driver}`;
}

/** The file in which the installation of TensorFlow's CUDA build records the machine's GPUs. */
const NOTE = fileURLToPath(
  new URL("../../node_modules/@tensorflow/tfjs-node-gpu/deps/gpus.json", import.meta.url),
);

/** Records GPUs, so that later commands need not ask the driver; an empty list removes the record. */
export function noteGpus(found: readonly Gpu[], file: string = NOTE) {
  if (found.length === 0) removeIfThere(file);
  else writeAtomically(file, `${JSON.stringify(found, null, 2)}\n`);
}

/**
 * The GPUs that the installation recorded.
 *
 * @throws {UserError} The record is damaged. Ignoring it could change the default precision of runs.
 */
export function notedGpus(file: string = NOTE): Gpu[] {
  const text = readIfThere(file);
  if (text === undefined) return [];
  try {
    const found = JSON.parse(text);
    if (Array.isArray(found) && found.every((gpu) => gpu?.capability > 0)) return found;
  } catch {
    // it is damaged
  }
  throw new UserError(
    `Cannot read "${file}": it is damaged; run \`deno task install --gpu\` to write it again`,
  );
}

/**
 * The device that a run with this `--device` will probably use, according to the recorded GPUs. Only
 * TensorFlow knows for certain, and it is not loaded here. `visible` is `CUDA_VISIBLE_DEVICES` at the
 * program's start.
 *
 * @throws {UserError} `CUDA_VISIBLE_DEVICES` names too few GPUs.
 */
export function expectedDevice(
  device: DeviceName | undefined,
  { noted, visible }: {
    readonly noted: readonly Gpu[];
    readonly visible: string | undefined;
  } = { noted: notedGpus(), visible: visibleAtStart() },
): Device {
  const isHidden = device === undefined && (noted.length === 0 || visible?.trim() === "");
  const id = visibleFor(isHidden ? "cpu" : device ?? "gpu", visible);
  if (id === "-1") return { kind: "cpu" };
  // a GPU named by its UUID is assumed to be like the first one
  const gpu = noted[Number(id)] ?? noted[0];
  return { kind: "gpu", ...gpu && { gpu } };
}

/** Whether all recorded GPUs have hardware units for bfloat16; false if no GPU is recorded. */
export function prefersBfloat16(file: string = NOTE): boolean {
  const found = notedGpus(file);
  return found.length > 0 && found.every(gpuHasBfloat16);
}
