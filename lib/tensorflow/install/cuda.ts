import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { CUDA_LIBRARIES } from "../cuda_libraries.ts";
import { download, type InstallControl, unpack } from "./wheel.ts";

/** Approximate size of the wheels, bytes: for progress only. */
const DOWNLOAD = 2_860_800_000;

/** Tags of Linux wheels that run wherever TensorFlow's own does, newest first. */
const PLATFORMS = [
  ...Array.from({ length: 12 }, (_, i) => `manylinux_2_${28 - i}_x86_64`),
  ...["2014", "2010", "1"].map((year) => `manylinux${year}_x86_64`),
];

/**
 * NVIDIA's wheels, each within the range that the METADATA of TensorFlow's wheel asks for. The versions
 * are pinned, so that all machines compute with the same libraries: those of CUDA 12.9.1, which support
 * Blackwell, and cuDNN 9.24: TensorFlow 2.21's fused convolutions fail with 9.5.1. It needs Turing
 * (compute capability 7.5) or later; `doubtOf` names what is older.
 */
export const CUDA_WHEELS: readonly string[] = [
  "nvidia-cublas-cu12==12.9.1.4",
  "nvidia-cuda-cupti-cu12==12.9.79",
  "nvidia-cuda-nvcc-cu12==12.9.86",
  "nvidia-cuda-nvrtc-cu12==12.9.86",
  "nvidia-cuda-runtime-cu12==12.9.79",
  "nvidia-cudnn-cu12==9.24.0.43",
  "nvidia-cufft-cu12==11.4.1.4",
  "nvidia-curand-cu12==10.3.10.19",
  "nvidia-cusolver-cu12==11.7.5.82",
  "nvidia-cusparse-cu12==12.5.10.65",
  "nvidia-nccl-cu12==2.27.7",
  "nvidia-nvjitlink-cu12==12.9.86",
];

/**
 * Fetches the libraries into `folder/nvidia/`: 2.9 GB to download, 4.3 GB on disk.
 */
export async function fetchCuda(
  folder: string,
  { onProgress = () => {}, stop }: InstallControl = {},
) {
  const wheels = await download(CUDA_WHEELS, {
    folder,
    platforms: PLATFORMS,
    bytes: DOWNLOAD,
    onProgress: (share) => onProgress(0.7 * share),
    stop,
  });
  for (const [i, wheel] of wheels.entries()) {
    // Beside the libraries: ptxas and libdevice, which TensorFlow compiles kernels with.
    await unpack(wheel, folder, ["nvidia/*/lib/*", "nvidia/*/bin/*", "nvidia/*/nvvm/*"], stop);
    await Deno.remove(wheel);
    onProgress(0.7 + 0.3 * (i + 1) / wheels.length);
  }
}

/**
 * The variable that names folders of this machine with NVIDIA's libraries, separated by colons, to use
 * instead of wheels. Empty: the wheels again.
 */
export const CUDA_FOLDERS = "VERYDEEP_CUDA";

/** Libraries whose calls changed from one CUDA to the next: no other version takes their place. */
const EXACT = /^libcudart\./;

/**
 * Fills `folder/nvidia/` with links to libraries of this machine, under the names that TensorFlow opens:
 * of a library that is there in other versions only, as those of CUDA 13, to the newest.
 *
 * @param folders where to look, separated by colons; folders in them count
 * @throws {UserError} Libraries are not there, which it names with the wheels that have them.
 */
export async function linkCuda(folders: string, folder: string) {
  const found = new Map<string, string>();
  for (const place of folders.split(":").filter((place) => place !== "")) {
    collectLibraries(resolve(place), found);
  }
  const missing: string[] = [];
  for (const library of CUDA_LIBRARIES) {
    const target = standIn(basename(library), found);
    if (target === undefined) {
      missing.push(library);
      continue;
    }
    const place = dirname(join(folder, "nvidia", library));
    await Deno.mkdir(place, { recursive: true });
    await linkUnlessThere(target, join(place, basename(library)));
    // a library that opens others, as cuDNN does its parts, looks for them in the folder of its link
    const [stem = ""] = basename(library).split(".");
    for (const { name } of Deno.readDirSync(dirname(target))) {
      const isPart = name.startsWith(stem) && /\.so\.\d/.test(name);
      if (isPart) await linkUnlessThere(join(dirname(target), name), join(place, name));
    }
  }
  if (missing.length === 0) {
    return mustBeNewCudnn(join(folder, "nvidia", "cudnn/lib/libcudnn.so.9"));
  }
  const names = missing.map((library) => `${basename(library)} (of ${wheelOf(library)})`);
  throw new UserError(
    `Cannot use NVIDIA's libraries in "${folders}": ${
      names.join(", ")
    } cannot be found there; put ` +
      `what the wheels have into one of these folders, or leave ${CUDA_FOLDERS} out`,
  );
}

/** The lowest cuDNN with which TensorFlow's fused convolutions are known to work: 9.24. */
const OLDEST_CUDNN = 92_400;

/** @throws {UserError} cuDNN is older; what does not open is named when TensorFlow is loaded. */
function mustBeNewCudnn(library: string) {
  let version: number;
  try {
    using cudnn = closing(Deno.dlopen(library, {
      cudnnGetVersion: { parameters: [], result: "usize" },
    }));
    version = Number(cudnn.symbols.cudnnGetVersion());
  } catch {
    return;
  }
  const older = olderCudnn(version);
  if (older === undefined) return;
  throw new UserError(
    `Cannot use cuDNN ${older} ("${
      Deno.realPathSync(library)
    }"): TensorFlow's fused convolutions fail ` +
      `with 9.5.1, and 9.24 is the oldest that is known to work; take ${wheelOf("cudnn/")}`,
  );
}

function closing<Library extends { close(): void }>(library: Library): Library & Disposable {
  return Object.assign(library, { [Symbol.dispose]: () => library.close() });
}

/**
 * A version of cuDNN that is too old, in words.
 *
 * @param version as `cudnnGetVersion` returns it: 92400 is 9.24.0
 * @returns undefined if it is not too old
 */
export function olderCudnn(version: number): string | undefined {
  if (version >= OLDEST_CUDNN) return undefined;
  return [version / 10_000, version / 100 % 100, version % 100].map(Math.floor).join(".");
}

async function linkUnlessThere(target: string, link: string) {
  try {
    await Deno.symlink(target, link);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Notes shared libraries, `libNAME.so.NUMBER`, of a folder and the folders in it: the first counts. */
function collectLibraries(folder: string, found: Map<string, string>) {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new UserError(
      `Cannot look for NVIDIA's libraries in "${folder}": ${(error as Error).message}`,
    );
  }
  for (const { name, isDirectory } of entries) {
    if (isDirectory) collectLibraries(join(folder, name), found);
    else if (/^lib\w+\.so\.\d+$/.test(name) && !found.has(name)) {
      found.set(name, join(folder, name));
    }
  }
}

/** The library of this name, or the newest of its other versions. */
function standIn(name: string, found: ReadonlyMap<string, string>): string | undefined {
  if (found.has(name) || EXACT.test(name)) return found.get(name);
  const stem = name.replace(/\d+$/, "");
  const versions = [...found.keys()].filter((other) => /^\d+$/.test(other.slice(stem.length)))
    .filter((other) => other.startsWith(stem))
    .sort((one, other) => Number(other.slice(stem.length)) - Number(one.slice(stem.length)));
  return versions[0] && found.get(versions[0]);
}

/** The wheel that has a library, with its version. */
function wheelOf(library: string): string {
  const [part = ""] = library.split("/");
  const name = `nvidia-${part.replaceAll("_", "-")}-cu12==`;
  return CUDA_WHEELS.find((wheel) => wheel.startsWith(name)) ?? name;
}
