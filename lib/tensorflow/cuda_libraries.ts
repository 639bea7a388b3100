/** NVIDIA's libraries that TensorFlow's CUDA build loads, from the wheels that it asks for. */

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import type { Gpu } from "../system/device.ts";

/**
 * Libraries below `nvidia/` that TensorFlow opens, each after those that it depends on. If one is
 * missing, TensorFlow uses no GPU and does not say why.
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
 * Opens NVIDIA's libraries, so that TensorFlow finds them by name in any folder. They stay open.
 *
 * @param folder contains `cublas/lib`, `cudnn/lib` and so on
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
      `${names && `; nor ${names}`}; run \`deno task install --gpu\` again, ` +
      "or choose --device cpu",
  );
}

/** Names of missing libraries; see `openCuda`. */
export function missingCuda(folder: string): string[] {
  return CUDA_LIBRARIES.filter((library) => !existsSync(join(folder, library)));
}

/** The lowest compute capability that cuDNN 9.24 supports: Turing. */
const OLDEST_GPU = 7.5;
/** The lowest driver that CUDA 12 runs with. */
const OLDEST_DRIVER = 525;

/** Why a GPU cannot compute with these libraries; undefined if it can. */
export function doubtOf({ name, capability, driver }: Gpu): string | undefined {
  if (Number.parseFloat(driver) < OLDEST_DRIVER) {
    return `NVIDIA's driver ${driver} is too old for CUDA 12: install ${OLDEST_DRIVER} or newer`;
  }
  if (capability < OLDEST_GPU) {
    return `${name} is older than cuDNN's oldest GPU, Turing: choose another one, or --device cpu`;
  }
  return undefined;
}
