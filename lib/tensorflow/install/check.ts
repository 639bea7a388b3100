/** Checks every part of the installation and says what is missing and how to get it. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageFolder } from "../addon.ts";
import { cacheFolder } from "../../system/cache_folder.ts";
import { intact } from "./cache.ts";
import { deviceInWords, gpus } from "../../system/device.ts";
import { INSTALL_COMPILER, nodeHeaders } from "./compile.ts";
import { CUDA_LIBRARIES, doubtOf, missingCuda } from "../cuda_libraries.ts";
import {
  here,
  type InstallLocation,
  type InstallOptions,
  isInstalled,
  partsOf,
  variantOf,
} from "./mod.ts";
import { answer, compiler, python, reason, run } from "../../system/subprocess.ts";
import type { Variant } from "./wheel.ts";

/** A part of the installation. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Name of the check that decides whether TensorFlow works. */
export const LOADS = "loads";

/**
 * Checks the package, the tools that an installation needs, the contents of the cache and whether
 * TensorFlow loads. Changes nothing and throws nothing.
 */
export async function check({ gpu }: Pick<InstallOptions, "gpu"> = {}): Promise<Check[]> {
  const setup = gpu ? "deno task install --gpu" : "deno task install";
  const tools = [
    tool("Python", await answer([...python(), "--version"]), "install python3, or set PYTHON"),
    tool(
      "pip",
      (await answer([...python(), "-m", "pip", "--version"]))?.replace(/ from .*/, ""),
      "Debian, Ubuntu: apt install python3-pip; elsewhere: python3 -m ensurepip",
    ),
    tool("C++ compiler", await answer([...compiler(), "--version"]), INSTALL_COMPILER),
    { name: "Node-API headers", ok: true, detail: nodeHeaders },
  ];
  let place: InstallLocation;
  let parts: Check[];
  let cuda: Check[] = [];
  let linked: boolean;
  try {
    place = { cache: cacheFolder(), package: packageFolder() };
    const variant = gpu === undefined ? variantOf(place) : gpu ? "gpu" : "cpu";
    parts = partsOf(variant, place).map(({ name, folder, content }) => {
      if (intact(folder, content)) return { name, ok: true, detail: folder };
      return { name, ok: false, detail: `not whole in ${folder}`, remedy: setup };
    });
    if (variant === "gpu") cuda = [driver(), cudaLibraries(place)];
    linked = await isInstalled(place);
  } catch (error) {
    const { message: detail } = error as Error;
    return [...tools, { name: LOADS, ok: false, detail, remedy: setup }];
  }
  return [
    { name: "tfjs-node", ok: true, detail: place.package },
    ...tools,
    ...parts,
    linked
      ? { name: "linked", ok: true, detail: `for the ${variantOf(place).toUpperCase()}` }
      : { name: "linked", ok: false, detail: "not linked into tfjs-node", remedy: setup },
    ...cuda,
    await loads(variantOf(place), { setup }),
  ];
}

/** NVIDIA's driver and the GPUs that it reports. */
function driver(): Check {
  const found = gpus();
  if (found.length > 0) {
    const detail = found.map((gpu) => deviceInWords({ kind: "gpu", gpu })).join("; ");
    const [remedy] = found.flatMap((gpu) => doubtOf(gpu) ?? []);
    return { name: "GPU", ok: remedy === undefined, detail, ...remedy !== undefined && { remedy } };
  }
  return {
    ...{ name: "GPU", ok: false, detail: "nvidia-smi finds no GPU" },
    remedy: "install NVIDIA's driver, 525 or newer; in a container, let it see the GPU " +
      "(docker run --gpus all)",
  };
}

/**
 * Why the CUDA build computes on the processor although there is a GPU; undefined where there is none,
 * where it is hidden, or where TensorFlow is installed for the CPU.
 */
export function whyNoGpu(place: InstallLocation = here()): string | undefined {
  const isHidden = /^\s*(-1)?\s*$/.test(Deno.env.get("CUDA_VISIBLE_DEVICES") ?? "0");
  if (isHidden || variantOf(place) !== "gpu") return undefined;
  const found = gpus();
  if (found[0] === undefined) return undefined;
  const [doubt] = found.flatMap((gpu) => doubtOf(gpu) ?? []);
  return doubt ?? `nvidia-smi lists ${found[0].name}, but TensorFlow finds no GPU: ` +
      "deno task install --check says what is missing";
}

/** NVIDIA's libraries, each by its name. */
function cudaLibraries({ package: folder }: InstallLocation): Check {
  const name = "CUDA libraries";
  const missing = missingCuda(join(folder, "deps", "nvidia"));
  if (missing.length === 0) return { name, ok: true, detail: `all ${CUDA_LIBRARIES.length}` };
  const detail = `missing: ${missing.map((path) => basename(path)).join(", ")}`;
  return { name, ok: false, detail, remedy: "deno task install --gpu" };
}

function tool(name: string, found: string | undefined, remedy: string): Check {
  if (found !== undefined) return { name, ok: true, detail: found };
  return { name, ok: false, detail: "not found; the installation needs it", remedy };
}

/** Loads TensorFlow in a separate process, which an unsuitable library may crash. */
export async function loads(
  variant: Variant,
  { setup = "deno task install" }: { setup?: string } = {},
): Promise<Check> {
  const program = fileURLToPath(new URL("../addon.ts", import.meta.url));
  const { ok, signal, stdout, stderr } = await run([
    Deno.execPath(),
    "run",
    "--no-prompt",
    "-RWES",
    "--allow-ffi",
    program,
  ]);
  if (ok) {
    const blind = variant === "gpu" && !stdout.includes("GPU");
    const note = blind ? ", as it finds no GPU: try nvidia-smi" : "";
    return { name: LOADS, ok, detail: stdout.trim() + note };
  }
  const detail = signal ? `ended by ${signal}` : reason(stderr);
  const remedy = signal === "SIGILL" ? "use a processor that has AVX" : setup;
  return { name: LOADS, ok, detail, remedy };
}
