/** Memory limits of control groups, which containers, sessions and services have. */
import process from "node:process";
import { dirname } from "node:path";

let limit: number | undefined;

/**
 * The least memory limit of the control groups that this process is in, bytes; `Infinity` where none
 * has one. It is read once.
 */
export function memoryLimit(): number {
  return limit ??= Math.min(ownLimit(), smallestLimit(printed(limitFiles(printed([GROUPS])))));
}

/** The groups of this process, a line each: `0::/user.slice`, `4:memory:/docker/0d41`. */
const GROUPS = "/proc/self/cgroup";

/** The limit of the innermost group, which Deno tells under any permissions. */
function ownLimit(): number {
  return process.constrainedMemory() || Infinity;
}

/** Files with the memory limits of groups and of the groups around them, in version 1 or 2. */
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

/** A path and those above it, without the last slash: `/a/b`, `/a` and nothing. */
function upwards(path: string): string[] {
  return path === "/" ? [""] : [path, ...upwards(dirname(path))];
}

/** The least number among lines, of which others are `max`. */
export function smallestLimit(lines: string): number {
  return Math.min(...lines.split("\n").filter((line) => /^\d+$/.test(line)).map(Number));
}

/**
 * The contents of files that exist, one after the other; nothing where they may not be read. Deno
 * reads files of the system only with all permissions, but may be allowed to run `cat`.
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
