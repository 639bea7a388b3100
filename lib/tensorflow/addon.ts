/**
 * Loads TensorFlow: the native addon of tfjs-node without TensorFlow.js, in
 * some 0.2 s. Run as a program it prints which TensorFlow that is, for `deno task install --check`.
 *
 * @module
 */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DETERMINISTIC_SWITCH, isDeterministic } from "../system/determinism.ts";
import type { DeviceName } from "../system/device.ts";
import { instructions, ONEDNN_SWITCH, oneDnnDefault } from "../system/processor.ts";
import { UserError } from "../errors.ts";
import { doubtOf, openCuda } from "./cuda_libraries.ts";
import { withoutStderr } from "./quiet.ts";

const require = createRequire(import.meta.url);

/** A tensor in TensorFlow's memory, until `deleteTensor(id)`. */
export interface NativeTensor {
  readonly id: number;
  /** `TF_FLOAT` and so on; other types by TensorFlow's number. */
  readonly dtype: number;
  readonly shape: number[];
}

/** Values that a tensor is made from: for strings, the bytes of each. */
export type TensorInput = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[];

/** Values of a tensor: int64 as `BigInt64Array`, bool as `Uint8Array`, strings as bytes of each. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint8Array[];

/** An attribute of an eager operation: `type` is one of `TF_ATTR_*`. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * The functions of the addon, `binding/tfjs_binding.cc`. All throw an `Error` with TensorFlow's
 * message. Every tensor and model is held until it is deleted.
 */
export interface Binding {
  /**
   * Makes a tensor and returns its id. Values at an address divisible by 64 are not copied: later
   * writes to them change the tensor. int64 takes an `Int32Array` of low and high halves.
   */
  createTensor(shape: readonly number[], dtype: number, values: TensorInput): number;
  deleteTensor(id: number): void;
  /** Copies the values out. float32, int32, int64, bool, complex64 and string; uint8 it refuses. */
  tensorDataSync(id: number): TensorData;
  /** Runs one operation without a graph. */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[];
  /** Opens a SavedModel folder in a session of its own and returns its id; tags by commas. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /**
   * Runs a session with these tensors for the nodes `feeds`, and returns new ones for the nodes
   * `fetches`: at least one. Names by commas, each `name` or `name:output`.
   */
  runSavedModel(
    id: number,
    inputs: readonly number[],
    feeds: string,
    fetches: string,
  ): NativeTensor[];
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
  /** Whether eager operations would run on a GPU, which is whether TensorFlow found one. */
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** What TensorFlow may use. The first load of a process decides. */
export interface LoadOptions {
  /** What `chooseDevice` has left visible: a GPU must be found, or CUDA not be touched. */
  readonly device?: DeviceName;
  /** Threads inside an operation; as many as processors if absent. */
  readonly intraOpThreads?: number;
  /** Operations at once; as many as processors if absent. */
  readonly interOpThreads?: number;
  /**
   * On a GPU: whether only kernels run that give the same bits each time. If absent, the environment
   * decides, and without a word from it they do.
   */
  readonly deterministic?: boolean;
  /** Leaves it to TensorFlow whether oneDNN's kernels run, as its makers ship it. */
  readonly leavesOneDnn?: boolean;
}

/**
 * Folder of the tfjs-node package.
 *
 * @throws UserError where the project's packages are not installed
 */
export function packageFolder(): string {
  try {
    return dirname(require.resolve("@tensorflow/tfjs-node-gpu/package.json"));
  } catch {
    throw new UserError(
      "Cannot find @tensorflow/tfjs-node-gpu in node_modules: run `deno install`",
    );
  }
}

/** Path of the addon in the tfjs-node package, where tfjs-node itself looks for it too. */
export function addonFile(folder: string = packageFolder()): string {
  return join(folder, "lib", "napi-v8", "tfjs_binding.node");
}

/** TensorFlow in this thread. */
let loaded: Binding | undefined;

/**
 * Loads TensorFlow, once a thread; later calls return the same. Threads must load one after the
 * other, because standard error is redirected meanwhile.
 *
 * Variables that would have float32 computed in bfloat16 are taken out of the environment. Variables of
 * TensorFlow's that are not set are set first: no log below fatal errors, no more of a
 * GPU's memory than is used, oneDNN's kernels, whatever the processor, and on a GPU only kernels that
 * give the same bits in each run.
 *
 * @throws UserError if TensorFlow is not installed, its libraries do not open, or the processor lacks
 * instructions that it needs
 */
export async function loadAddon(options: LoadOptions = {}): Promise<Binding> {
  const folder = packageFolder();
  const file = addonFile(folder);
  if (!existsSync(file)) {
    throw new UserError("Cannot load TensorFlow: it is not installed; run `deno task install`");
  }
  mustHaveAvx(instructions());
  const cuda = join(folder, "deps", "nvidia");
  for (const name of OTHER_PRECISION) Deno.env.delete(name);
  const oneDnn = options.leavesOneDnn ? undefined : oneDnnDefault();
  const mayUseGpu = existsSync(cuda) && options.device !== "cpu";
  if (mayUseGpu && options.deterministic !== undefined) {
    Deno.env.set(DETERMINISTIC_SWITCH, options.deterministic ? "1" : "0");
  }
  setUnlessSet(defaultVariables({ oneDnn, gpu: mayUseGpu }));
  setThreads(options);
  const wantsGpu = options.device !== undefined && options.device !== "cpu";
  if (existsSync(cuda)) {
    if (options.device !== "cpu") openCuda(cuda);
  } else if (wantsGpu) {
    throw new UserError(
      `Cannot use "${options.device}": TensorFlow is installed for the CPU only; run ` +
        "`deno task install --gpu`, or leave --device out",
    );
  }
  try {
    // only once: other threads are at work later, and one that finds standard error redirected keeps it so
    loaded ??= withoutStderr(() => require(file) as Binding);
    if (wantsGpu && !loaded.isUsingGpuDevice()) throw await noGpu(options.device);
    return loaded;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const [reason] = (error as Error).message.split("\n");
    throw new UserError(
      `Cannot load TensorFlow: ${reason}; ` +
        "run `deno task install`, and `deno task install --check` to see what is wrong",
    );
  }
}

/**
 * Loads TensorFlow.js as its makers ship it, on the same TensorFlow: what tests and the benchmark
 * compare with.
 *
 * @throws UserError as `loadAddon` does
 */
export async function loadStockTfjs(
  options: LoadOptions = {},
): Promise<typeof import("@tensorflow/tfjs-node-gpu")> {
  await loadAddon(options);
  // tfjs-node calls a function that Deno and Node 23 no longer have.
  require("node:util").isNullOrUndefined ??= (value: unknown) => value == null;
  const { default: tfjs } = await import("@tensorflow/tfjs-node-gpu");
  return tfjs as unknown as typeof import("@tensorflow/tfjs-node-gpu");
}

/** TensorFlow finds no GPU: because of the driver or the GPU's age, or nobody knows why. */
async function noGpu(device: DeviceName | undefined): Promise<UserError> {
  const { gpus } = await import("../system/device.ts");
  const [doubt] = gpus().flatMap((gpu) => doubtOf(gpu) ?? []);
  if (doubt !== undefined) return new UserError(`Cannot use "${device}": ${doubt}`);
  return new UserError(
    `Cannot use "${device}": TensorFlow finds no such GPU; see what nvidia-smi lists, and what ` +
      "CUDA_VISIBLE_DEVICES says, or choose --device cpu",
  );
}

/**
 * TensorFlow is compiled for AVX, and ends the process where that is missing.
 *
 * @throws UserError
 */
export function mustHaveAvx(found: readonly string[] | undefined, arch: string = Deno.build.arch) {
  if (arch !== "x86_64" || found === undefined || found.includes("AVX")) return;
  throw new UserError(
    "Cannot load TensorFlow: it was compiled to use AVX instructions, which this processor lacks; " +
      "run this on a processor that has AVX",
  );
}

/**
 * By default TensorFlow makes oneDNN's convolutions anew in each backward pass, lest they keep memory.
 * They keep too little to be seen, and a step of D/8 with 16 images takes a tenth longer without.
 */
const KEEP_PRIMITIVES = { TF_MKL_OPTIMIZE_PRIMITIVE_MEMUSE: "false" };

/**
 * Variables by which oneDNN and TensorFlow compute float32 in bfloat16 where the processor has instructions
 * for it, as some clusters and cloud images set them. A run's precision is a part of its key.
 */
const OTHER_PRECISION = [
  "ONEDNN_DEFAULT_FPMATH_MODE",
  "DNNL_DEFAULT_FPMATH_MODE",
  "TF_SET_ONEDNN_FPMATH_MODE",
];

/**
 * Variables that TensorFlow reads while it is loaded, with the values that they get unless the user
 * has set them.
 *
 * @param options gpu: whether a GPU may compute; oneDnn: the switch of oneDNN's kernels, if it is set;
 * deterministic: the environment's switch of deterministic kernels, if it is set
 */
export function defaultVariables(
  { gpu, oneDnn, deterministic = Deno.env.get(DETERMINISTIC_SWITCH) }: {
    readonly gpu: boolean;
    readonly oneDnn?: string | undefined;
    readonly deterministic?: string | undefined;
  },
): Record<string, string> {
  return {
    ...{ TF_CPP_MIN_LOG_LEVEL: "3", TF_FORCE_GPU_ALLOW_GROWTH: "true" },
    // numbers are then those of nvidia-smi
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    ...oneDnn !== undefined && { [ONEDNN_SWITCH]: oneDnn, ...KEEP_PRIMITIVES },
    // without it cuDNN may choose kernels whose sums change from run to run
    ...gpu && { [DETERMINISTIC_SWITCH]: "1" },
    // for cuDNN's frontend, which says which kernels do so: TensorFlow 2.21 has no other way any more
    ...gpu && isDeterministic(deterministic ?? "1") && { TF_CUDNN_USE_FRONTEND: "1" },
  };
}

function setUnlessSet(variables: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(variables)) {
    if (!Deno.env.get(name)) Deno.env.set(name, value);
  }
}

function setThreads({ intraOpThreads, interOpThreads }: LoadOptions) {
  const threads = {
    TF_NUM_INTRAOP_THREADS: intraOpThreads,
    TF_NUM_INTEROP_THREADS: interOpThreads,
  };
  for (const [name, value] of Object.entries(threads)) {
    if (value !== undefined) Deno.env.set(name, String(value));
  }
}

if (import.meta.main) {
  try {
    const binding = await loadAddon();
    const device = binding.isUsingGpuDevice() ? "with a GPU" : "on the CPU";
    console.log(`TensorFlow ${binding.TF_Version} ${device}`);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
