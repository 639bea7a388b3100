/**
 * Leases: which process works on which run of a store, so that several share its work.
 *
 * A lease is a small file that names its owner. It is linked into place, which works once only, on
 * network file systems too, where locks do not. While its owner lives it touches the file now and
 * then; the lease of an owner that is dead passes to whoever links the next number first.
 *
 * A lease saves work and guards nothing: two processes that did the same run would write the same
 * bytes, each file at once. So an owner that was held up for so long that its lease passed on goes on.
 *
 * @module
 */
import process from "node:process";
import {
  entriesIn,
  exists,
  ifThere,
  readIfThere,
  removeIfThere,
  writeAtomically,
} from "../system/files.ts";

/** Between two touches of a lease, ms. */
const BEAT = 10_000;

/**
 * An owner that the system knows nothing of is dead without a sign of life for so long, ms: six
 * beats, and as long as NFS keeps what it knows of a file by default.
 */
const SLACK = 60_000;

/** Who works on a run. */
export interface Owner {
  /** Name of the machine. */
  readonly host?: string;
  /** Its start, and what numbers its processes; containers and clones may share a name. */
  readonly boot?: string;
  readonly pid: number;
  /** When the process began, as the system counts; a later process may get its number. */
  readonly since?: string;
}

/** Leases in a folder. */
export class Leases {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #held = new Map<string, string>();
  /** Of owners elsewhere: when their files were seen to change last, by our clock. */
  readonly #seen = new Map<string, { readonly touched: number; readonly at: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param now a clock that only goes forward, ms */
  constructor(folder: string, { now = () => performance.now() }: { now?: () => number } = {}) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Takes what is called `name`, until it is released. @returns whether nobody else has it */
  take(name: string): boolean {
    const last = this.#last(name);
    if (last > 0 && this.#isAlive(this.#file(name, last))) return false;
    const file = this.#file(name, last + 1);
    if (!linkNew(file, JSON.stringify(here()))) return false;
    for (let number = last; number > 0 && exists(this.#file(name, number)); number--) {
      removeIfThere(this.#file(name, number));
    }
    this.#held.set(name, file);
    this.#timer ??= setInterval(() => this.beat(), BEAT);
    return true;
  }

  /** Lets others take it. */
  release(name: string) {
    const file = this.#held.get(name);
    if (file === undefined) return;
    this.#held.delete(name);
    known(() => removeIfThere(file)); // one that stays passes on when this process ends
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Who has it, as far as one look tells: an owner elsewhere may have died in the last minute. */
  owner(name: string): Owner | undefined {
    const last = this.#last(name);
    if (last === 0) return undefined;
    const file = this.#file(name, last);
    const owner = ownerIn(file);
    if (owner === undefined) return undefined;
    const isFresh = () => Math.abs(Date.now() - (lastTouch(file) ?? 0)) < SLACK;
    return isAlive(owner) ?? isFresh() ? owner : undefined;
  }

  /** Shows that this process is alive. */
  beat() {
    for (const file of this.#held.values()) {
      try {
        Deno.utimeSync(file, new Date(), new Date());
      } catch {
        // it passed to another process, or the disk is away: neither costs more than time
      }
    }
  }

  /** The highest number under which there is a lease; 0 where there is none. */
  #last(name: string): number {
    const numbers = entriesIn(this.#folder).map((entry) => {
      const [, own, number] = /^(.+)\.(\d+)$/.exec(entry.name) ?? [];
      return own === name ? Number(number) : 0;
    });
    return Math.max(0, ...numbers);
  }

  #file(name: string, number: number): string {
    return `${this.#folder}/${name}.${number}`;
  }

  /** Whether the owner in a file is alive; where the system does not tell, that takes watching. */
  #isAlive(file: string): boolean {
    const touched = lastTouch(file);
    if (touched === undefined) return true; // it went away just now; ask again
    const owner = ownerIn(file);
    const alive = owner === undefined ? undefined : isAlive(owner);
    if (alive !== undefined) return alive;
    const seen = this.#seen.get(file);
    if (seen?.touched === touched) return this.#now() - seen.at < SLACK;
    this.#seen.set(file, { touched, at: this.#now() });
    return true;
  }
}

/** Makes a file of this content unless there is one of this name. @returns whether it did */
function linkNew(file: string, content: string): boolean {
  const draft = `${file}.${crypto.randomUUID()}.part`;
  writeAtomically(draft, content);
  try {
    Deno.linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    return createNew(file, content); // a file system without links
  } finally {
    removeIfThere(draft);
  }
}

function createNew(file: string, content: string): boolean {
  try {
    Deno.writeTextFileSync(file, content, { createNew: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/** When a file was touched last; opening it makes NFS ask its server. */
function lastTouch(file: string): number | undefined {
  return ifThere(() => {
    using handle = Deno.openSync(file);
    return handle.statSync().mtime?.getTime() ?? 0;
  });
}

/** Who a file names; nothing where it is cut off. */
function ownerIn(file: string): Owner | undefined {
  try {
    return JSON.parse(readIfThere(file) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

let own: Owner | undefined;

/** This process. What may not be asked, where Deno permits little, is left out. */
function here(): Owner {
  if (own === undefined) {
    const host = known(() => Deno.hostname());
    const boot = known(() => readIfThere("/proc/sys/kernel/random/boot_id")?.trim());
    const space = known(() => Deno.readLinkSync("/proc/self/ns/pid"));
    const since = startOf(Deno.pid);
    own = {
      ...host !== undefined && { host },
      ...boot !== undefined && { boot: [boot, space].join(" ") },
      pid: Deno.pid,
      ...since !== undefined && { since },
    };
  }
  return own;
}

/** Whether an owner is a process of this machine, as far as is known. */
function isHere({ host, boot }: Owner): boolean {
  const own = here();
  if (host === undefined || host !== own.host) return false;
  return boot === undefined || own.boot === undefined || boot === own.boot;
}

/**
 * Whether an owner is alive: a process of this machine, and still the one that it was. Undefined
 * where the system does not tell.
 */
function isAlive(owner: Owner): boolean | undefined {
  if (!isHere(owner)) return undefined;
  const start = startOf(owner.pid);
  if (start !== undefined && owner.since !== undefined) return start === owner.since;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return false;
  }
  return start === ENDED ? false : undefined;
}

/** What stands for the start of a process that has ended. */
const ENDED = "ended";

/**
 * When a process of this machine began; nothing where the system does not tell. One that has ended,
 * but is not buried yet, is over.
 */
function startOf(pid: number): string | undefined {
  const text = known(() => readIfThere(`/proc/${pid}/stat`));
  // On Linux: its number, its name in brackets, its state, 18 more fields, its start.
  const [state, ...fields] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
  if (state === undefined) return undefined;
  return state === "Z" ? ENDED : fields[18];
}

/** What a function returns, or nothing where it may not be asked. */
function known<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
