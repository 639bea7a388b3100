/** Memory limits of control groups, as for containers, sessions and services. */
import process from "node:process";
import { dirname } from "node:path";

let limit: number | undefined;

/**
 * The lowest memory limit of this process's control groups, bytes; `Infinity` without a limit. It is
 * read once.
 */
export function memoryLimit(): number {
  return limit ??= Math.min(ownLimit(), smallestLimit(printed(limitFiles(printed([GROUPS])))));
}

/** The file with this process's groups, one a line: `0::/user.slice`, `4:memory:/docker/0d41`. */
const GROUPS = "/proc/self/cgroup";

/** The limit of the innermost group. Deno reports it under any permissions. */
function ownLimit(): number {
  return process.constrainedMemory() || Infinity;
}

/** Files with the memory limits of groups and their parents, in version 1 or 2. */
export function limitFiles(groups: string): string[] {
  return groups.split("\n").flatMap((line) => {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (group === undefined) return [];
    if (controllers === "") {
      return upwards(group).map((path) => `/sys/fs/cgroup${path}/memory.max`);
    }
    if (!controllers!.split(",").includes("memory")) return [];
    return upwards(group).map((path) => `/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`);
  });
}

/** A path and its parents, without a trailing slash: `/a/b`, `/a` and the empty path. */
function upwards(path: string): string[] {
  return path === "/" ? [""] : [path, ...upwards(dirname(path))];
}

/** The lowest number in the lines; lines with `max` are ignored. */
export function smallestLimit(lines: string): number {
  return Math.min(...lines.split("\n").filter((line) => /^\d+$/.test(line)).map(Number));
}

/**
 * The concatenated contents of files that exist; empty without permission. Deno reads system files only
 * with all permissions, but may be permitted to run `cat`.
 */
function printed(files: readonly string[]): string {
  if (files.length === 0 || Deno.build.os !== "linux") return "";
  try {
    const command = new Deno.Command("cat", {
      ...{ args: [...files], stdin: "null", stderr: "null" },
      clearEnv: true, // with LD_LIBRARY_PATH Deno would ask for more permissions
    });
    return new TextDecoder().decode(command.outputSync().stdout);
  } catch {
    return "";
  }
}
