/**
 * The device that TensorFlow computes on (the processor, a GPU or several), its names for `--device`, and the
 * GPUs that NVIDIA's driver lists. Does not load TensorFlow.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { count } from "../numbers.ts";
import { readIfThere, removeIfThere, writeAtomically } from "./files.ts";

/** `cpu`, `gpu` (the first), `gpu:N`, several of these separated by commas, or `gpus:N` (the first N). */
export type DeviceName =
  | "cpu"
  | "gpu"
  | `gpu:${number}`
  | `gpu:${number},${string}`
  | `gpus:${number}`;

/** A GPU as NVIDIA's driver describes it. */
export interface Gpu {
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  /** Compute capability: 8 is Ampere. */
  readonly capability: number;
  readonly driver: string;
}

/**
 * The device of a thread, or the GPUs that share its batches. The GPU's properties are unknown without
 * `nvidia-smi`.
 */
export type Device = { readonly kind: "cpu" } | {
  readonly kind: "gpu";
  /** Of several the one with the least memory. */
  readonly gpu?: Gpu;
  /** Number of GPUs; 1 if absent. */
  readonly count?: number;
  /** The names of several, if they are not all alike. */
  readonly mixture?: readonly string[];
};

/** Number of devices that share a batch. */
export function countOf(device: Device): number {
  return device.kind === "gpu" ? device.count ?? 1 : 1;
}

/** The lowest compute capability with hardware units for bfloat16: Ampere. */
const HAS_BFLOAT16 = 8;

/** Whether a GPU has hardware units for bfloat16. */
export function gpuHasBfloat16({ capability }: Pick<Gpu, "capability">): boolean {
  return capability >= HAS_BFLOAT16;
}

/** Whether a word is the name of a device. */
export function isDeviceName(word: string): word is DeviceName {
  return /^(cpu|gpu|gpu:\d+(,gpu:\d+)*|gpus:[1-9]\d*)$/.test(word);
}

/** The numbers of a name's GPUs; none for `cpu`. */
export function gpuNumbers(device: DeviceName): number[] {
  if (device === "cpu") return [];
  if (device === "gpu") return [0];
  const [, count] = /^gpus:(\d+)$/.exec(device) ?? [];
  if (count !== undefined) return Array.from({ length: Number(count) }, (_, i) => i);
  return device.split(",").map((name) => Number(name.slice("gpu:".length)));
}

/** `CUDA_VISIBLE_DEVICES` at the program's start, after the first call of `visibleAtStart`. */
let started: { readonly visible: string | undefined } | undefined;

function visibleAtStart(): string | undefined {
  started ??= { visible: Deno.env.get("CUDA_VISIBLE_DEVICES") };
  return started.visible;
}

/**
 * Makes only the named devices visible to TensorFlow in all threads: `device`, or the first GPU if
 * absent. Call it before any thread loads TensorFlow.
 *
 * @throws {UserError} There are no such GPUs in `CUDA_VISIBLE_DEVICES`, or on this machine.
 */
export function chooseDevice(device: DeviceName | undefined) {
  const visible = visibleAtStart();
  if (device === undefined && visible?.trim() === "") return;
  const names = visibleFor(device ?? "gpu", visible);
  if (names.includes(",") && visible === undefined) mustBeThere(device!, gpus().length);
  Deno.env.set("CUDA_VISIBLE_DEVICES", names);
}

/** @throws {UserError} The driver lists fewer GPUs than `device` names; 0: it lists none, or is silent. */
export function mustBeThere(device: DeviceName, listed: number) {
  if (listed === 0 || gpuNumbers(device).every((number) => number < listed)) return;
  throw new UserError(
    `Cannot use "${device}": nvidia-smi lists ${
      count(listed, "GPU")
    }, numbered from gpu:0; choose ` +
      `--device gpus:${listed}, or others that are there`,
  );
}

/**
 * The value of `CUDA_VISIBLE_DEVICES` that makes only the named devices visible. `visible` is its value
 * at the start: numbers, UUIDs, or names of MIG parts. GPUs are numbered within it, as schedulers of
 * clusters require.
 *
 * @throws {UserError} `visible` has no GPU with that number, or names one of them twice, or several parts of
 * GPUs (MIG) are named.
 */
export function visibleFor(device: DeviceName, visible: string | undefined): string {
  if (device === "cpu") return "-1";
  const numbers = gpuNumbers(device);
  if (visible === undefined) return numbers.join();
  const names = visible.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const chosen = numbers.flatMap((number) => names[number] ?? []);
  if (chosen.length < numbers.length) {
    const others = names.length === 0 ? "" : `--device gpus:${names.length}, others of them, or `;
    throw new UserError(
      `Cannot use "${device}": CUDA_VISIBLE_DEVICES is "${visible}", which names ` +
        `${count(names.length, "GPU")}, numbered from gpu:0; choose ${others}--device cpu`,
    );
  }
  const twice = chosen.find((name, i) => chosen.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UserError(
      `Cannot use "${device}": CUDA_VISIBLE_DEVICES is "${visible}", which names ${twice} twice; ` +
        "let it name each GPU once",
    );
  }
  if (chosen.length > 1 && chosen.some((name) => name.startsWith("MIG-"))) {
    throw new UserError(
      `Cannot use "${device}": CUDA_VISIBLE_DEVICES is "${visible}", parts of GPUs (MIG), of which ` +
        "CUDA gives a program only one; choose one, as in --device gpu:0",
    );
  }
  return chosen.join();
}

/**
 * The driver's GPUs, or one of them: `id` is a number, a UUID or its beginning, or the UUID of a part
 * (MIG), as in `CUDA_VISIBLE_DEVICES`. A part has its own memory, and its profile in its name.
 */
export function gpus(id?: string): Gpu[] {
  if (id === undefined || isNumber(id)) return queried(id);
  const found = listedAs(id, listedDevices());
  const [gpu] = queried(found?.gpu ?? id);
  if (gpu === undefined) return [];
  const { profile } = found ?? {};
  return [profile === undefined ? gpu : partOf(gpu, profile)];
}

/** What `nvidia-smi` says of all GPUs, or of one by its number or UUID; nothing if it is missing. */
function queried(id?: string): Gpu[] {
  return gpusIn(answered([
    ...id === undefined ? [] : [`--id=${id}`],
    "--query-gpu=name,memory.total,compute_cap,driver_version",
    "--format=csv,noheader,nounits",
  ]));
}

/** What `nvidia-smi` prints; nothing if it is missing or fails. */
function answered(args: string[]): string {
  try {
    const command = new Deno.Command("nvidia-smi", { args, stdin: "null", stderr: "null" });
    const { success, stdout } = command.outputSync();
    return success ? new TextDecoder().decode(stdout) : "";
  } catch {
    return "";
  }
}

const isNumber = (id: string) => /^\d+$/.test(id);

/** A GPU or a part of one as `nvidia-smi -L` lists it. */
export interface ListedDevice {
  readonly uuid: string;
  /** The UUID of the GPU that it is, or is a part of. */
  readonly gpu: string;
  /** Of a part: `3g.20gb`. */
  readonly profile?: string;
}

/**
 * Parses `nvidia-smi -L`: parts follow their GPU.
 *
 * ```ts
 * import { devicesIn } from "./device.ts";
 *
 * const [gpu, part] = devicesIn(
 *   "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89)\n  MIG 3g.20gb     Device  0: (UUID: MIG-dbd8)\n",
 * );
 * if (gpu?.uuid !== "GPU-5c89" || part?.gpu !== "GPU-5c89") throw new Error("a GPU and its part");
 * ```
 */
export function devicesIn(text: string): ListedDevice[] {
  const found: ListedDevice[] = [];
  let gpu = "";
  for (const line of text.split("\n")) {
    const [, profile, uuid] = /^\s*(?:GPU \d+:|MIG (\S+)\s+Device).*\(UUID: (\S+)\)/.exec(line) ??
      [];
    if (uuid === undefined) continue;
    if (profile === undefined) gpu = uuid;
    found.push({ uuid, gpu, ...profile !== undefined && { profile } });
  }
  return found;
}

const listedDevices = () => devicesIn(answered(["-L"]));

/** The device that a UUID, or the beginning of one, names. */
function listedAs(id: string, listed: readonly ListedDevice[]): ListedDevice | undefined {
  return listed.find(({ uuid }) => uuid.startsWith(id));
}

/** A part of a GPU: `3g.20gb` has at least 20e9 bytes (an A100's has 20.9e9). */
function partOf(gpu: Gpu, profile: string): Gpu {
  const [, gigabytes] = /\.(\d+)gb/.exec(profile) ?? [];
  return {
    ...gpu,
    name: `${gpu.name} MIG ${profile}`,
    ...gigabytes !== undefined && { memory: Math.min(gpu.memory, Number(gigabytes) * 1e9) },
  };
}

/**
 * The GPUs of a value of `CUDA_VISIBLE_DEVICES`, by numbers and whole UUIDs, which is how `nvidia-smi`
 * takes them. Undefined if one is a part (MIG): the driver does not say what a part does.
 */
export function idsForDriver(visible: string): string | undefined {
  const ids = visible.split(",").map((id) => id.trim());
  if (ids.some((id) => id.startsWith("MIG-"))) return undefined;
  if (ids.every(isNumber)) return ids.join();
  const listed = listedDevices();
  return ids.map((id) => isNumber(id) ? id : listedAs(id, listed)?.gpu ?? id).join();
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

/**
 * The device of a thread that has loaded TensorFlow; `usesGpu` says whether that found a GPU. What is
 * visible are the GPUs that `chooseDevice` has left.
 */
export function deviceOf(usesGpu: boolean): Device {
  if (!usesGpu) return { kind: "cpu" };
  const ids = Deno.env.get("CUDA_VISIBLE_DEVICES")?.split(",") ?? [undefined];
  return deviceFrom(ids.map((id) => gpus(id)[0]));
}

/** The device that GPUs are together; undefined for one that the driver does not describe. */
export function deviceFrom(found: readonly (Gpu | undefined)[]): Device {
  const known = found.filter((gpu) => gpu !== undefined);
  const [smallest] = known.toSorted((one, other) => one.memory - other.memory);
  const names = [...new Set(known.map(({ name }) => name))];
  return {
    kind: "gpu",
    ...smallest && known.length === found.length && { gpu: smallest },
    ...found.length > 1 && { count: found.length },
    ...names.length > 1 && { mixture: names },
  };
}

/** Parts of a batch to compute in parallel: one on each GPU, which does its own work in parallel. */
export function towersOn(device: Device, onProcessor: number): number {
  return device.kind === "gpu" ? countOf(device) : onProcessor;
}

/** A device's name, for comparisons of speed: `CPU`, `NVIDIA H100 80GB HBM3`, `4 x NVIDIA ...`. */
export function nameOfDevice(device: Device): string {
  if (device.kind === "cpu") return "CPU";
  const several = countOf(device) > 1 ? `${countOf(device)} x ` : "";
  const name = device.mixture?.join(" and ") ?? device.gpu?.name;
  return name === undefined && several !== "" ? `${several}GPU` : `${several}${name ?? "a GPU"}`;
}

/** A device in words: `CPU`, `NVIDIA H100 80GB HBM3, 80 GiB`. */
export function deviceInWords(device: Device): string {
  const name = nameOfDevice(device);
  if (device.kind === "cpu" || !device.gpu) return name;
  const { memory, driver } = device.gpu;
  const each = countOf(device) > 1 ? device.mixture ? " or more each" : " each" : "";
  return `${name}, ${(memory / 2 ** 30).toFixed(0)} GiB${each}, driver ${driver}`;
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
function notedGpus(file: string = NOTE): Gpu[] {
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
  const ids = visibleFor(isHidden ? "cpu" : device ?? "gpu", visible);
  if (ids === "-1") return { kind: "cpu" };
  // a GPU named by its UUID is assumed to be like the first one
  return deviceFrom(ids.split(",").map((id) => noted[Number(id)] ?? noted[0]));
}

/** Whether all recorded GPUs have hardware units for bfloat16; false if no GPU is recorded. */
export function prefersBfloat16(file: string = NOTE): boolean {
  const found = notedGpus(file);
  return found.length > 0 && found.every(gpuHasBfloat16);
}
