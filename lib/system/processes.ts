/**
 * Processes: which one this is, and whether another one still runs.
 *
 * Linux shows processes in `/proc`, which Deno reads only with all permissions. If only programs may be
 * run, `cat` and `readlink` read it. The state of processes is unknown on other systems, and if `/proc`
 * belongs to another PID namespace or hides processes.
 *
 * @module
 */
import process from "node:process";

/** A process, as other processes can recognise it. */
export interface ProcessIdentity {
  /** Name of the machine. */
  readonly host?: string;
  /** Boot of the machine and PID namespace: containers and clones may share a host name. */
  readonly boot?: string;
  readonly pid: number;
  /** Start of the process in the system's ticks: a later process may reuse its ID. */
  readonly since?: string;
}

/**
 * This process. Fields that the system or Deno's permissions withhold are absent. Finding it out may take
 * four programs: keep the answer.
 */
export function thisProcess(): ProcessIdentity {
  return { ...identity(), pid: Deno.pid };
}

function identity(): Omit<ProcessIdentity, "pid"> {
  const host = known(() => Deno.hostname());
  const boot = known(bootAndNamespace);
  const since = boot === undefined ? undefined : startOf(Deno.pid);
  return {
    ...host !== undefined && { host },
    ...boot !== undefined && { boot },
    ...typeof since === "string" && { since },
  };
}

/**
 * Whether a process still runs: the same process, not a later one with its ID. Undefined if that is
 * unknown, as on another machine, after a reboot or in another PID namespace.
 *
 * @param own this process
 */
export function isRunning(
  { host, boot, pid, since }: ProcessIdentity,
  own: ProcessIdentity,
): boolean | undefined {
  if (host === undefined || host !== own.host) return undefined;
  if (boot === undefined || boot !== own.boot) return undefined;
  const start = startOf(pid);
  if (start === undefined) return undefined;
  if (start === ENDED) return false;
  return since === undefined ? undefined : start === since;
}

/** Replaces the start of a process that has ended. */
const ENDED = Symbol("ended");

/** The machine's boot and the PID namespace; undefined if /proc belongs to another namespace. */
function bootAndNamespace(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const [boot, status] = ["/proc/sys/kernel/random/boot_id", "/proc/self/status"].map(textOf);
  // a process's IDs in each namespace from that of /proc inwards: one ID if both are the same
  const isOwn = /^NSpid:\s+\d+$/m.test(status ?? "");
  const namespace = linkOf("/proc/self/ns/pid");
  return boot && namespace && isOwn ? `${boot.trim()} ${namespace}` : undefined;
}

/**
 * Start of a process; `ENDED` if it does not exist or is a zombie. Undefined if that is unknown.
 */
function startOf(pid: number): string | typeof ENDED | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text) {
    // ID, name in brackets, state, 18 more fields, start
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? ENDED : fields[18];
  }
  // if some processes are hidden, process 1 is hidden too
  const isHidden = !textOf("/proc/1/stat");
  return text === MISSING && mayHaveEnded(pid, isHidden) ? ENDED : undefined;
}

/** Whether a process cannot be signalled; without permission to signal, whether none are hidden. */
function mayHaveEnded(pid: number, isHidden: boolean): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "ESRCH" || error instanceof Deno.errors.NotCapable && !isHidden;
  }
}

/** Replaces the content of a file that is missing or hidden. */
const MISSING = "";

/** The content of a file in /proc; undefined if neither Deno nor `cat` can read it. */
function textOf(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? MISSING : answerOf("cat", file);
  }
}

/** The target of a link in /proc. */
function linkOf(file: string): string | undefined {
  return known(() => Deno.readLinkSync(file)) ?? answerOf("readlink", file)?.trim();
}

/** The output of a program; `MISSING` if it fails, undefined if it cannot be started. */
function answerOf(program: string, file: string): string | undefined {
  return known(() => {
    const { success, stdout } = new Deno.Command(program, {
      args: [file],
      clearEnv: true, // with LD_LIBRARY_PATH Deno would ask for more permissions
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout) : MISSING;
  });
}

/** The result of a function; undefined if it throws. */
function known<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
