/**
 * Processes: which one this is, and whether another one still runs.
 *
 * Linux tells it in `/proc`, which Deno opens only where everything is permitted. Where only programs
 * may be run, `cat` and `readlink` read it. Elsewhere, and where `/proc` shows the processes of another
 * PID namespace or hides some, nothing is known.
 *
 * @module
 */
import process from "node:process";

/** A process, as other processes can recognise it. */
export interface ProcessIdentity {
  /** Name of the machine. */
  readonly host?: string;
  /** Start of the machine and PID namespace: containers and clones may share a name. */
  readonly boot?: string;
  readonly pid: number;
  /** When the process began, as the system counts; a later process may get its number. */
  readonly since?: string;
}

let own: ProcessIdentity | undefined;

/** This process. What the system does not tell, or Deno does not permit, is absent. */
export function thisProcess(): ProcessIdentity {
  own ??= { ...identity(), pid: Deno.pid };
  return own;
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
 * Whether a process still runs: one of this machine, this start of it and this PID namespace, and not
 * a later one with its number. Undefined where the system does not tell.
 */
export function isRunning({ host, boot, pid, since }: ProcessIdentity): boolean | undefined {
  const own = thisProcess();
  if (host === undefined || host !== own.host) return undefined;
  if (boot === undefined || boot !== own.boot) return undefined;
  const start = startOf(pid);
  if (start === undefined) return undefined;
  if (start === ENDED) return false;
  return since === undefined ? undefined : start === since;
}

/** What stands for the start of a process that has ended. */
const ENDED = Symbol("ended");

/** The machine's start and the PID namespace; undefined where /proc is of another namespace. */
function bootAndNamespace(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const [boot, status] = ["/proc/sys/kernel/random/boot_id", "/proc/self/status"].map(textOf);
  // the numbers of a process in every namespace from that of /proc inwards: one if that is its own
  const isOwn = /^NSpid:\s+\d+$/m.test(status ?? "");
  const namespace = linkOf("/proc/self/ns/pid");
  return boot && namespace && isOwn ? `${boot.trim()} ${namespace}` : undefined;
}

/**
 * When a process began; `ENDED` if there is no such process, or only its exit code is left. Undefined
 * where the system does not tell.
 */
function startOf(pid: number): string | typeof ENDED | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text) {
    // number, name in brackets, state, 18 more fields, start
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? ENDED : fields[18];
  }
  // where some processes are hidden, the first one is
  const isHidden = !textOf("/proc/1/stat");
  return text === MISSING && mayHaveEnded(pid, isHidden) ? ENDED : undefined;
}

/** Whether no signal reaches a process; `isHidden` is the answer's opposite where none may be sent. */
function mayHaveEnded(pid: number, isHidden: boolean): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "ESRCH" || error instanceof Deno.errors.NotCapable && !isHidden;
  }
}

/** What stands for a file that is missing, or hidden. */
const MISSING = "";

/** A file of /proc; undefined if it can be read neither here nor by `cat`. */
function textOf(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? MISSING : answerOf("cat", file);
  }
}

/** Where a link of /proc leads to. */
function linkOf(file: string): string | undefined {
  return known(() => Deno.readLinkSync(file)) ?? answerOf("readlink", file)?.trim();
}

/** What a program prints, `MISSING` if it fails; undefined if there is none or it may not be run. */
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

/** What a function returns; undefined where it fails. */
function known<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
