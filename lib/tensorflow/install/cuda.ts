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
