/**
 * Makes tfjs-node work under Deno with a current TensorFlow: TensorFlow's libraries from its wheel,
 * NVIDIA's where wanted, the addon compiled against them, and all of it linked into the package.
 *
 * Each part is a folder of the user's cache, made once for all clones; what a clone lacks or has
 * lost is made again, and nothing else.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { addonFile, packageFolder } from "../addon.ts";
import { cacheFolder } from "../../system/cache_folder.ts";
import type { Bars } from "../../system/progress.ts";
import {
  contentOf,
  explainFileError,
  intact,
  makeStampedFolder,
  replaceAtomically,
  stamp,
  withLock,
} from "./cache.ts";
import { ADDON, COMPILE_SECONDS, compileAddon, requireCompiler } from "./compile.ts";
import { CUDA_LIBRARIES } from "../cuda_libraries.ts";
import { CUDA_FOLDERS, CUDA_WHEELS, fetchCuda, linkCuda } from "./cuda.ts";
import {
  fetchLibraries,
  type InstallControl,
  libraryNames,
  requirePip,
  type Variant,
  VERSION,
  wheelFor,
} from "./wheel.ts";

export { VERSION };

/** Receives the current step, and the completed share of the installation, 0 to 1. */
export type OnStep = (step: string, share: number) => void;

/** How to install. */
export interface InstallOptions {
  /** Take the CUDA build; if absent, what was installed before, else the CPU's. */
  readonly gpu?: boolean | undefined;
  readonly onStep?: OnStep;
  /** Ends the installation, and the programs that it started: its reason is thrown then. */
  readonly stop?: AbortSignal | undefined;
}

/** Folders of the cache and the package; tests have their own. */
export interface InstallLocation {
  readonly cache: string;
  /** Folder of the tfjs-node package. */
  readonly package: string;
}

/** A folder of the cache that is made independently of others. */
export interface InstallPart {
  readonly name: string;
  readonly folder: string;
  readonly content: string;
  /** What making it is, and how long it takes, in s on a common machine: for progress. */
  readonly step: string;
  readonly seconds: number;
  readonly make: (folder: string, control: InstallControl) => Promise<void>;
  /** Looks for what `make` needs before anything is begun. */
  readonly require: () => Promise<void>;
}

/** The user's cache and this project's package. */
export const here = (): InstallLocation => ({ cache: cacheFolder(), package: packageFolder() });

/** Installs TensorFlow if it is not installed yet, behind a bar where there are bars. */
export async function ensureInstalled(
  bars?: Pick<Bars, "bar">,
  { stop }: Pick<InstallOptions, "stop"> = {},
): Promise<void> {
  if (await isInstalled()) return;
  const bar = bars?.bar("install TensorFlow", { unit: "%" });
  await install({ onStep: (step, share) => bar?.update(100 * share, 100, step), stop });
  bar?.stop();
}

/** Whether TensorFlow is installed, judged by its files; takes milliseconds. */
// Asynchronous for the sake of its callers, who await `install` beside it.
// deno-lint-ignore require-await
export async function isInstalled(place: InstallLocation = here()): Promise<boolean> {
  return intact(stampFolder(place), linkedContent(place, variantOf(place)));
}

/** The same, where one that this user may not read counts as none: for work that may need none. */
export async function isAtHand(): Promise<boolean> {
  try {
    return await isInstalled();
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** The build that the package is linked to, whole or not. */
export function variantOf(place: InstallLocation): Variant {
  return contentOf(stampFolder(place))?.endsWith(" gpu") ? "gpu" : "cpu";
}

/** The parts of a build. */
export function partsOf(
  variant: Variant,
  { cache, package: sources }: InstallLocation,
): InstallPart[] {
  const wheel = wheelFor(variant);
  const machine = `${Deno.build.os}-${Deno.build.arch}`;
  const libraries: InstallPart = {
    name: "TensorFlow",
    folder: join(cache, `tensorflow-${VERSION}-${variant}-${machine}`),
    content: `${wheel.requirement} ${wheel.sha256}`,
    step: `TensorFlow (${Math.round(wheel.bytes / 1e6)} MB)`,
    seconds: wheel.bytes / 1e7,
    make: (folder, control) => fetchLibraries(wheel, folder, control),
    require: () => requirePip(`download ${wheel.requirement}`),
  };
  const { version } = JSON.parse(Deno.readTextFileSync(join(sources, "package.json")));
  const addon: InstallPart = {
    name: "addon",
    folder: join(cache, `addon-${version}-for-${VERSION}-${machine}`),
    content: `tfjs-node-gpu ${version} for TensorFlow ${VERSION}`,
    step: "compile the addon",
    seconds: COMPILE_SECONDS,
    make: (folder, control) =>
      compileAddon(folder, { sources, libraries: libraries.folder, ...control }),
    require: requireCompiler,
  };
  if (variant === "cpu") return [libraries, addon];
  const folders = cudaFolders(sources);
  if (folders !== undefined) {
    const digest = createHash("sha256").update(folders).digest("hex").slice(0, 12);
    return [libraries, addon, {
      name: "CUDA",
      folder: join(cache, `cuda-links-${digest}-for-${VERSION}-${machine}`),
      content: `${CUDA_LINKS}${folders}`,
      step: "link CUDA libraries",
      seconds: 1,
      make: (folder) => linkCuda(folders, folder),
      require: async () => {},
    }];
  }
  const cuda: InstallPart = {
    name: "CUDA",
    folder: join(cache, `cuda-for-${VERSION}-${machine}`),
    content: `CUDA for ${wheel.requirement}: ${CUDA_WHEELS.join(", ")}`,
    step: "CUDA libraries (2.9 GB)",
    seconds: 300,
    make: fetchCuda,
    require: () => requirePip("download the CUDA libraries"),
  };
  return [libraries, addon, cuda];
}

/**
 * Sets up TensorFlow, or what of it is missing or damaged. Safe to interrupt, and to run in
 * several processes at once: one works and the others wait.
 *
 * @throws UserError for want of pip, a compiler, the network, room, or the right to write
 */
export async function install(
  { gpu, onStep = () => {}, stop }: InstallOptions = {},
  place: InstallLocation = here(),
): Promise<void> {
  const variant = gpu === undefined ? variantOf(place) : gpu ? "gpu" : "cpu";
  const parts = partsOf(variant, place);
  const isMissing = ({ folder, content }: InstallPart) => !intact(folder, content);
  try {
    if (parts.some(isMissing)) {
      await withLock(place.cache, {
        onWait: () => onStep("wait for another installation", 0),
        work: () => makeParts(parts.filter(isMissing), { onStep, stop }),
        stop,
      });
    }
  } catch (error) {
    throw explainFileError(error, place.cache);
  }
  try {
    await link(parts.map(({ folder }) => folder), { variant, place });
  } catch (error) {
    throw explainFileError(error, place.package);
  }
  onStep("ready", 1);
}

async function makeParts(
  parts: readonly InstallPart[],
  { onStep, stop }: { readonly onStep: OnStep; readonly stop: AbortSignal | undefined },
) {
  for (const { require } of parts) await require();
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  let before = 0;
  for (const { folder, content, step, seconds, make } of parts) {
    const onProgress = (share: number) => onStep(step, (before + share * seconds) / total);
    onProgress(0);
    await makeStampedFolder(folder, content, (folder) => make(folder, { onProgress, stop }));
    before += seconds;
  }
}

/** What the stamp says before the folders of this machine that NVIDIA's libraries are in. */
const CUDA_LINKS = "CUDA of ";

/**
 * The folders of this machine that NVIDIA's libraries come from: those that `VERYDEEP_CUDA` names, or
 * else those that the package is linked to; undefined for the wheels.
 */
function cudaFolders(sources: string): string | undefined {
  const named = Deno.env.get(CUDA_FOLDERS);
  if (named !== undefined) return named === "" ? undefined : named;
  const parts = contentOf(join(sources, "deps"))?.split(", ") ?? [];
  return parts.find((part) => part.startsWith(CUDA_LINKS))?.slice(CUDA_LINKS.length);
}

/** The folder of the stamp that says what is linked. */
const stampFolder = (place: InstallLocation) => join(place.package, "deps");

/** What the stamp of a package must say. */
function linkedContent(place: InstallLocation, variant: Variant): string {
  return [...partsOf(variant, place).map(({ content }) => content), variant].join(", ");
}

/** Links the parts' files into the package, where the addon and TensorFlow look for them. */
async function link(
  [libraries = "", addon = "", cuda]: readonly string[],
  { variant, place }: { variant: Variant; place: InstallLocation },
) {
  const deps = stampFolder(place);
  const lib = join(deps, "lib");
  await Deno.mkdir(lib, { recursive: true });
  for (const name of libraryNames()) {
    const target = join(libraries, "tensorflow", name);
    await replaceAtomically(join(lib, name), (path) => Deno.symlink(target, path));
  }
  const nvidia = join(deps, "nvidia");
  if (cuda) await replaceAtomically(nvidia, (path) => Deno.symlink(join(cuda, "nvidia"), path));
  else await Deno.remove(nvidia).catch(() => {});

  // A copy, because the loader resolves links before it searches for libraries beside the addon.
  const file = addonFile(place.package);
  await Deno.mkdir(dirname(file), { recursive: true });
  await replaceAtomically(file, (path) => Deno.copyFile(join(addon, ADDON), path));

  await stamp(deps, linkedContent(place, variant), [
    join("..", "lib", "napi-v8", basename(file)),
    ...libraryNames().map((name) => join("lib", name)),
    ...(cuda ? CUDA_LIBRARIES.map((path) => join("nvidia", path)) : []),
  ]);
}
