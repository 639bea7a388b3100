/**
 * NVIDIA's libraries for TensorFlow's CUDA build, from the wheels that TensorFlow itself asks for.
 * Their download, layout and loading were tried; computing on a GPU was not yet.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { download, type OnProgress, unpack } from "./wheel.ts";

/** What the wheels of the `and-cuda` extra came to once, bytes: for progress, not to check them. */
const DOWNLOAD = 2_806_642_481;

/** Tags of Linux wheels that run wherever TensorFlow's own does, newest first. */
const PLATFORMS = [
  ...Array.from({ length: 12 }, (_, i) => `manylinux_2_${28 - i}_x86_64`),
  ...["2014", "2010", "1"].map((year) => `manylinux${year}_x86_64`),
];

/**
 * What TensorFlow opens by itself, each after those that it needs, below `nvidia/`. Where one of
 * them is missing TensorFlow does without a GPU and does not say which.
 */
export const CUDA_LIBRARIES: readonly string[] = [
  "cuda_runtime/lib/libcudart.so.12",
  "nvjitlink/lib/libnvJitLink.so.12",
  "cublas/lib/libcublasLt.so.12",
  "cublas/lib/libcublas.so.12",
  "cusparse/lib/libcusparse.so.12",
  "cusolver/lib/libcusolver.so.11",
  "cufft/lib/libcufft.so.11",
  "curand/lib/libcurand.so.10",
  "cuda_nvrtc/lib/libnvrtc.so.12",
  "cudnn/lib/libcudnn.so.9",
  "nccl/lib/libnccl.so.2",
  "cuda_cupti/lib/libcupti.so.12",
];

/**
 * The packages that a wheel's METADATA asks for under an extra.
 *
 * ```ts
 * import { requirementsOf } from "./cuda.ts";
 *
 * const metadata = 'Requires-Dist: six>=1\nRequires-Dist: nvidia-x<2,>=1.5; extra == "and-cuda"\n';
 * if (requirementsOf(metadata, "and-cuda").join() !== "nvidia-x<2,>=1.5") throw new Error("one");
 * ```
 */
export function requirementsOf(metadata: string, extra: string): string[] {
  return Array.from(metadata.matchAll(/^Requires-Dist: ([^;\n]+);(.*)$/gm))
    .filter(([, , condition = ""]) => condition.includes(`extra == "${extra}"`))
    .map(([, requirement = ""]) => requirement.trim());
}

/**
 * Fetches the libraries into `folder/nvidia/`: 2.8 GB to load, 4.5 GB on disk.
 *
 * @param metadata of TensorFlow's CUDA wheel
 */
export async function fetchCuda(metadata: string, folder: string, onProgress: OnProgress) {
  const wheels = await download(requirementsOf(metadata, "and-cuda"), {
    folder,
    platforms: PLATFORMS,
    bytes: DOWNLOAD,
    onProgress: (share) => onProgress(0.7 * share),
  });
  for (const [i, wheel] of wheels.entries()) {
    // Beside the libraries: ptxas and libdevice, which TensorFlow compiles kernels with.
    await unpack(wheel, folder, ["nvidia/*/lib/*", "nvidia/*/bin/*", "nvidia/*/nvvm/*"]);
    await Deno.remove(wheel);
    onProgress(0.7 + 0.3 * (i + 1) / wheels.length);
  }
}

/**
 * Opens NVIDIA's libraries, so that TensorFlow finds them by name wherever they lie. They stay
 * open.
 *
 * @param folder holds `cublas/lib`, `cudnn/lib` and so on
 * @throws UserError that names those that do not open, and why the first one does not
 */
export function openCuda(folder: string): void {
  const failures = CUDA_LIBRARIES.flatMap((library) => {
    try {
      Deno.dlopen(join(folder, library), {});
      return [];
    } catch (error) {
      return { library, reason: (error as Error).message };
    }
  });
  const [first, ...others] = failures;
  if (first === undefined) return;
  const names = others.map(({ library }) => basename(library)).join(", ");
  throw new UserError(
    `Cannot open "${first.library}", which the GPU needs: ${first.reason}` +
      `${names && `; nor ${names}`}; run \`deno task setup --gpu\` again, ` +
      "or choose --device cpu",
  );
}

/** Names of the libraries that are not there; see `openCuda`. */
export function missingCuda(folder: string): string[] {
  return CUDA_LIBRARIES.filter((library) => !existsSync(join(folder, library)));
}
