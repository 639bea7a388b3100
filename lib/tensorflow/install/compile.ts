/** Compiles tfjs-node's addon against TensorFlow's C library and Node-API. */
import headers from "node-api-headers";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { answer, compiler, failure, run } from "../../system/subprocess.ts";
import { type InstallControl, libraryNames, overTime } from "./wheel.ts";

/** File name of the addon. */
export const ADDON = "tfjs_binding.node";

/** How long a compilation takes on a common machine, s. */
export const COMPILE_SECONDS = 4;

/** Folder of the headers of Node-API. */
export const nodeHeaders = (headers as { include_dir: string }).include_dir;

/**
 * Compiles the addon.
 *
 * The addon looks for the libraries in `deps/lib` of its package.
 *
 * @param folder receives the addon
 * @param sources the tfjs-node package, whose `binding/*.cc` are compiled
 * @param libraries folder that was filled by `fetchLibraries`
 * @throws UserError if there is no compiler, or it fails
 */
export async function compileAddon(
  folder: string,
  { sources, libraries, onProgress = () => {}, stop }: InstallControl & {
    sources: string;
    libraries: string;
  },
): Promise<void> {
  await requireCompiler();
  const compiling = overTime(COMPILE_SECONDS, onProgress);
  const tensorflow = join(libraries, "tensorflow");
  const mac = Deno.build.os === "darwin";
  const empty = join(folder, "empty");
  try {
    if (!mac) await makeEmptyLibraries(empty, stop);
    await compile([
      ...["-O2", "-std=c++17", "-fPIC", "-DNAPI_VERSION=8"],
      // Node-API itself is in the program that loads the addon.
      ...(mac ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-Wl,--no-as-needed"]),
      ...[`-I${join(tensorflow, "include")}`, `-I${nodeHeaders}`],
      ...["backend", "binding"].map((name) => join(sources, "binding", `tfjs_${name}.cc`)),
      ...libraryNames().map((name) => join(mac ? tensorflow : empty, name)),
      `-Wl,-rpath,${mac ? "@loader_path" : "$ORIGIN"}/../../deps/lib`,
      ...["-o", join(folder, ADDON)],
    ], stop);
  } finally {
    compiling.end();
  }
  if (!mac) await Deno.remove(empty, { recursive: true });
}

/**
 * Makes empty libraries with the names of TensorFlow's. The addon is linked to them, because a linker
 * reads all of a library, which takes GNU ld 9 s for TensorFlow's 850 MB, and records only its name.
 */
async function makeEmptyLibraries(folder: string, stop: AbortSignal | undefined) {
  await Deno.mkdir(folder);
  for (const name of libraryNames()) {
    const options = ["-shared", "-x", "c++", "/dev/null", `-Wl,-soname,${name}`];
    await compile([...options, "-o", join(folder, name)], stop);
  }
}

/** Calls the compiler. @throws {UserError} It fails. */
async function compile(options: readonly string[], stop: AbortSignal | undefined) {
  const { ok, stderr } = await run([...compiler(), ...options], { stop });
  if (ok) return;
  throw failure("compile TensorFlow's addon", stderr, "install g++ 8 or newer, or set CXX to it");
}

/** @throws UserError if there is no compiler, before anything is downloaded */
export async function requireCompiler(): Promise<void> {
  if (await answer([...compiler(), "--version"]) !== undefined) return;
  throw new UserError(
    `Cannot compile TensorFlow's addon: there is no C++ compiler "${compiler().join(" ")}"; ` +
      `install one (${INSTALL_COMPILER}), or set CXX to yours`,
  );
}

/** How to get a compiler. */
export const INSTALL_COMPILER =
  "Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install";
