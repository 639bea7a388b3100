/**
 * What TensorFlow computes on: the processor or one GPU, by the names that `--device` takes, and
 * what NVIDIA's driver says of GPUs. Loads no TensorFlow.
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

/** What a thread computes on. A GPU is unknown without `nvidia-smi`. */
export type Device = { readonly kind: "cpu" } | { readonly kind: "gpu"; readonly gpu?: Gpu };

/** From this compute capability on products of bfloat16 have units of their own: Ampere. */
const HAS_BFLOAT16 = 8;

/** Whether a GPU has units for bfloat16. */
export function gpuHasBfloat16({ capability }: Pick<Gpu, "capability">): boolean {
  return capability >= HAS_BFLOAT16;
}

/** Whether a word is the name of a device. */
export function isDeviceName(word: string): word is DeviceName {
  return /^(cpu|gpu(:\d+)?)$/.test(word);
}

/** `CUDA_VISIBLE_DEVICES` as the program was started with, once it is looked at. */
let started: { readonly visible: string | undefined } | undefined;

function visibleAtStart(): string | undefined {
  started ??= { visible: Deno.env.get("CUDA_VISIBLE_DEVICES") };
  return started.visible;
}

/**
 * Leaves one device visible to TensorFlow in all threads, before any of them loads it: the first GPU
 * if none is named.
 *
 * @throws {UserError} There is no such GPU in `CUDA_VISIBLE_DEVICES`.
 */
export function chooseDevice(device: DeviceName | undefined) {
  const visible = visibleAtStart();
  if (device === undefined && visible?.trim() === "") return;
  Deno.env.set("CUDA_VISIBLE_DEVICES", visibleFor(device ?? "gpu", visible));
}

/**
 * What `CUDA_VISIBLE_DEVICES` must be for a device to be the only one. Where it was `visible`, GPUs
 * are counted within that, as schedulers of clusters want.
 *
 * @throws {UserError} There is no GPU of that number.
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
      "GPUs, counted from gpu:0 on; choose another one, or --device cpu",
  );
}

/** GPUs that the driver knows; `id` is a number or a name as in `CUDA_VISIBLE_DEVICES`. */
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
 * What `nvidia-smi` prints, line by line: name, MiB, compute capability, driver.
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

/** Devices of the same name are equally fast: `CPU`, `NVIDIA H100 80GB HBM3`. */
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

/** Where the installation of TensorFlow's CUDA build notes the machine's GPUs. */
const NOTE = fileURLToPath(
  new URL("../../node_modules/@tensorflow/tfjs-node-gpu/deps/gpus.json", import.meta.url),
);

/** Notes GPUs for later commands, which then need not ask the driver; an empty list removes the note. */
export function noteGpus(found: readonly Gpu[], file: string = NOTE) {
  if (found.length === 0) removeIfThere(file);
  else writeAtomically(file, `${JSON.stringify(found, null, 2)}\n`);
}

/**
 * The GPUs that this project was set up for.
 *
 * @throws {UserError} The note is damaged: without it, runs might be taken for those of another precision.
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
    `Cannot read "${file}": it is damaged; run \`deno task install --gpu\`, which writes it anew`,
  );
}

/**
 * What a run with such a `--device` would compute on, by the GPUs that this project was set up for:
 * TensorFlow, which alone knows, is not asked. `visible` is what `CUDA_VISIBLE_DEVICES` was.
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
  // one that is called by its UUID is not known better
  const gpu = noted[Number(id)] ?? noted[0];
  return { kind: "gpu", ...gpu && { gpu } };
}

/** Whether all GPUs that this project was set up for compute in bfloat16; false where there are none. */
export function prefersBfloat16(file: string = NOTE): boolean {
  const found = notedGpus(file);
  return found.length > 0 && found.every(gpuHasBfloat16);
}
