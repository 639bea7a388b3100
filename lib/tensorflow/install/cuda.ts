import { download, type InstallProgress, unpack } from "./wheel.ts";

/** What the wheels of the `and-cuda` extra came to once, bytes: for progress, not to check them. */
const DOWNLOAD = 2_806_642_481;

/** Tags of Linux wheels that run wherever TensorFlow's own does, newest first. */
const PLATFORMS = [
  ...Array.from({ length: 12 }, (_, i) => `manylinux_2_${28 - i}_x86_64`),
  ...["2014", "2010", "1"].map((year) => `manylinux${year}_x86_64`),
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
export async function fetchCuda(metadata: string, folder: string, onProgress: InstallProgress) {
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
