/**
 * TensorFlow's wheels for Python: they hold the C library that the addon needs. Which one a
 * machine takes, and how pip fetches and Python unpacks it, whatever version of Python that is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { UserError } from "../../errors.ts";
import { filesIn } from "./cache.ts";
import { failure, python, run } from "../../system/subprocess.ts";

/** Version of TensorFlow. */
export const VERSION = "2.21.0";

/** Built for the processor alone, or for CUDA too. */
export type Variant = "cpu" | "gpu";

/** A wheel, as it was published. */
export interface Wheel {
  /** Package and version, as pip asks for them. */
  readonly requirement: string;
  /** Platform in the wheel's name. */
  readonly platform: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Part of the work that is done, 0 to 1. */
export type InstallProgress = (share: number) => void;

/** Receives progress, and may stop the work: its reason is thrown then. */
export interface InstallControl {
  readonly onProgress?: InstallProgress | undefined;
  readonly stop?: AbortSignal | undefined;
}

// The wheels for CPython 3.11; Python itself is not used. Sizes and checksums as published.
const WHEELS: Record<string, Wheel> = {
  "linux x86_64 cpu": {
    requirement: `tensorflow-cpu==${VERSION}`,
    platform: "manylinux_2_27_x86_64",
    bytes: 273_829_956,
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
  },
  "linux x86_64 gpu": {
    requirement: `tensorflow==${VERSION}`,
    platform: "manylinux_2_27_x86_64",
    bytes: 572_440_367,
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
  },
  // Not tried yet on a machine of its kind; nor is the next.
  "linux aarch64 cpu": {
    requirement: `tensorflow==${VERSION}`,
    platform: "manylinux_2_27_aarch64",
    bytes: 281_828_020,
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
  },
  "darwin aarch64 cpu": {
    requirement: `tensorflow==${VERSION}`,
    platform: "macosx_12_0_arm64",
    bytes: 223_405_849,
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
  },
};

/** Headers of the C interface that tfjs-node's addon includes, by their path in the wheel. */
const HEADERS = [
  ...[
    ...["c_api", "c_api_macros", "tf_attrtype", "tf_buffer", "tf_datatype", "tf_status"],
    ...["tf_tensor", "tf_tstring", "eager/c_api"],
  ].map((name) => `tensorflow/c/${name}`),
  ...["tensorflow/core", "tsl"].flatMap((folder) =>
    ["ctstring", "ctstring_internal"].map((name) => `${folder}/platform/${name}`)
  ),
  "xla/tsl/c/tsl_status",
].map((path) => `tensorflow/include/${path}.h`);

/**
 * The wheel for a machine.
 *
 * @throws UserError if TensorFlow publishes no wheel with the C library for it
 */
export function wheelFor(
  variant: Variant,
  { os, arch }: { os: string; arch: string } = Deno.build,
): Wheel {
  const wheel = WHEELS[`${os} ${arch} ${variant}`];
  if (wheel) return wheel;
  const machine = `${os} on ${arch}`;
  throw new UserError(
    WHEELS[`${os} ${arch} cpu`]
      ? `Cannot install TensorFlow with CUDA for ${machine}: it needs Linux on x86_64; ` +
        "leave out --gpu"
      : `Cannot install TensorFlow for ${machine}: use Linux on x86_64 or aarch64 ` +
        "(on Windows: inside WSL), or macOS on Apple silicon",
  );
}

/** Names of TensorFlow's two libraries, the one with the C interface first. */
export function libraryNames(os: string = Deno.build.os): string[] {
  return ["cc", "framework"].map((part) =>
    os === "darwin" ? `libtensorflow_${part}.2.dylib` : `libtensorflow_${part}.so.2`
  );
}

/**
 * Fetches a wheel of TensorFlow and puts its libraries, headers and description into `folder`
 * (`tensorflow/` and `tensorflow*.dist-info/METADATA`). The wheel itself is not kept.
 *
 * @throws UserError without pip, network or disk space, or if the wheel is another than expected
 */
export async function fetchLibraries(
  wheel: Wheel,
  folder: string,
  { onProgress = () => {}, stop }: InstallControl = {},
): Promise<void> {
  const { requirement, platform, bytes } = wheel;
  const [file = ""] = await download([requirement], {
    folder,
    platforms: [platform],
    bytes,
    onProgress: (share) => onProgress(0.8 * share),
    stop,
  });
  await verify(file, wheel);
  const libraries = libraryNames().map((name) => `tensorflow/${name}`);
  const patterns = [...libraries, ...HEADERS, "*.dist-info/METADATA"];
  const unpacking = overTime(bytes / UNPACK_SPEED, (share) => onProgress(0.85 + 0.15 * share));
  await unpack(file, folder, patterns, stop).finally(unpacking.end);
  await Deno.remove(file);
  onProgress(1);
}

/** Bytes of a wheel that a common machine unpacks in a second. */
const UNPACK_SPEED = 5e7;

/** Reports progress of work that reports none itself, from the time that it usually takes, s. */
export function overTime(seconds: number, onProgress: InstallProgress) {
  const start = performance.now();
  const report = () => onProgress(Math.min((performance.now() - start) / 1000 / seconds, 0.95));
  report();
  const timer = setInterval(report, 250);
  return { end: () => clearInterval(timer) };
}

/**
 * Downloads wheels with pip, which knows the user's proxies, mirrors and certificates.
 *
 * @param requirements as in `tensorflow==2.21.0`
 * @param options platforms: tags of the wheels; bytes: the expected size, for progress
 * @returns paths of the wheels, in `folder`
 */
export async function download(
  requirements: readonly string[],
  { folder, platforms, bytes, onProgress = () => {}, stop }: InstallControl & {
    folder: string;
    platforms: readonly string[];
    bytes: number;
  },
): Promise<string[]> {
  const action = `download ${requirements.length === 1 ? requirements[0] : "the CUDA libraries"}`;
  await requirePip(action);
  // pip downloads into its own temporary folder and moves what is complete.
  const temporary = join(folder, "pip");
  await Deno.mkdir(temporary);
  const timer = setInterval(async () => onProgress(Math.min(await sizeOf(folder) / bytes, 1)), 250);
  try {
    const { ok, stderr } = await run([
      ...[...python(), "-m", "pip", "download", "--quiet", "--no-cache-dir", "--no-deps"],
      ...["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"],
      ...platforms.flatMap((platform) => ["--platform", platform]),
      ...["--dest", folder, ...requirements],
    ], {
      env: {
        TMPDIR: temporary,
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PIP_NO_INPUT: "1",
        PIP_REQUIRE_VIRTUALENV: "0",
      },
      stop,
    });
    if (!ok) throw failure(action, stderr, "check the network, or pip's settings for a mirror");
  } finally {
    clearInterval(timer);
    await Deno.remove(temporary, { recursive: true });
  }
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  return names.filter((name) => name.endsWith(".whl")).sort().map((name) => join(folder, name));
}

/** @throws UserError if Python or its pip is missing, before any work is done */
export async function requirePip(action: string): Promise<void> {
  const [program = ""] = python();
  let found = false;
  try {
    found = (await run([...python(), "-m", "pip", "--version"])).ok;
  } catch {
    throw new UserError(
      `Cannot ${action}: there is no "${program}"; install Python 3 (Debian, Ubuntu: ` +
        "apt install python3-pip; macOS: xcode-select --install), or set PYTHON to one",
    );
  }
  if (found) return;
  throw new UserError(
    `Cannot ${action}: "${program}" has no pip; install it (Debian, Ubuntu: ` +
      `apt install python3-pip; elsewhere: ${program} -m ensurepip), or set PYTHON to one that has`,
  );
}

/** Bytes below `folder`; files that are removed meanwhile do not count. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const path of filesIn(folder)) bytes += (await Deno.stat(join(folder, path))).size;
  } catch {
    // pip moved or removed a file.
  }
  return bytes;
}

/** @throws UserError where `file` is not the wheel that was published */
export async function verify(file: string, { requirement, sha256 }: Wheel): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of (await Deno.open(file)).readable) hash.update(chunk);
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw new UserError(
    `Cannot use "${basename(file)}" as ${requirement}: its SHA-256 is ${found}, not ${sha256}; ` +
      "run `deno task install` again; if this persists, check the mirror in pip's settings",
  );
}

// zipfile verifies every file's checksum, but loses the permission to execute.
const UNZIP = `
import fnmatch, os, sys, zipfile
wheel, folder, *patterns = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        if any(fnmatch.fnmatch(member.filename, pattern) for pattern in patterns):
            path = archive.extract(member, folder)
            if member.external_attr >> 16 & 0o100:
                os.chmod(path, 0o755)
`;

/** Unpacks the members of a wheel whose path matches one of `patterns`, as in `nvidia/*`. */
export async function unpack(
  wheel: string,
  folder: string,
  patterns: readonly string[],
  stop?: AbortSignal,
) {
  const command = [...python(), "-c", UNZIP, wheel, folder, ...patterns];
  const { ok, stderr } = await run(command, { stop });
  if (!ok) throw failure(`unpack "${basename(wheel)}"`, stderr, "run `deno task install` again");
}
