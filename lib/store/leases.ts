/**
 * Leases: which process works on which run of a store, so that several share its work.
 *
 * A lease is a small file that names its owner. It is linked into place, which succeeds only once,
 * also on network file systems, where locks do not work. A living owner touches the file regularly.
 * When the owner is dead, the lease passes to the process that links the next number first.
 *
 * A lease saves work and protects nothing: two processes that did the same run would write the same
 * bytes, each file at once. An owner that was held up for a minute may lose its lease, and stops its
 * run when it notices that.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import {
  draftOf,
  entriesIn,
  exists,
  ifThere,
  readIfThere,
  removeIfThere,
  writeAtomically,
} from "../system/files.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "../system/processes.ts";

/** Between two touches of a lease, ms. */
const BEAT = 10_000;

/**
 * After this time without a touch, an owner of whose process the system knows nothing is dead, ms: six
 * beats, and as long as NFS keeps what it knows of a file by default.
 */
const SLACK = 60_000;

/** After this time without a touch, an owner no longer relies on its lease, ms. */
const UNSAFE = SLACK / 2;

/** A lease that is held. */
interface HeldLease {
  readonly file: string;
  /** When it was touched last, by our clock. */
  touched: number;
  readonly onLoss: (error: UserError) => void;
}

/** Leases in a folder. */
export class Leases {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #held = new Map<string, HeldLease>();
  /** Of owners elsewhere: when their files were seen to change last, by our clock. */
  readonly #seen = new Map<string, { readonly touched: number; readonly at: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param now a clock that only goes forward, ms */
  constructor(folder: string, { now = () => performance.now() }: { now?: () => number } = {}) {
    this.#folder = folder;
    this.#now = now;
  }

  /**
   * Takes what is called `name`, until it is released.
   *
   * @param onLoss told, once, that the lease is no longer safe: it passed to another process, or it
   * could not be touched for half a minute. The work under it must end soon.
   * @returns whether nobody else has it
   * @throws {UserError} The lease cannot be read or written.
   */
  take(name: string, onLoss: (error: UserError) => void = () => {}): boolean {
    let number;
    try {
      number = this.#takeNext(name);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw unusable(this.#folder, "take", error);
    }
    if (number === undefined) return false;
    this.#held.set(name, { file: this.#file(name, number), touched: this.#now(), onLoss });
    this.#timer ??= setInterval(() => this.beat(), BEAT);
    return true;
  }

  /** Links the next number of a lease that is free. @returns it; undefined if the lease is taken */
  #takeNext(name: string): number | undefined {
    const last = this.#last(name);
    if (last > 0 && this.#isAlive(this.#file(name, last))) return undefined;
    if (!linkNew(this.#file(name, last + 1), JSON.stringify(thisProcess()))) return undefined;
    try {
      for (let number = last; number > 0 && exists(this.#file(name, number)); number--) {
        removeIfThere(this.#file(name, number));
      }
    } catch {
      // an old number that stays is passed over
    }
    return last + 1;
  }

  /** Lets others take it. */
  release(name: string) {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    try {
      removeIfThere(held.file);
    } catch {
      // nobody touches it any more: it passes on in a minute, or when this process ends
    }
    this.#stopIfIdle();
  }

  /** Who has it, as far as one look tells: an owner elsewhere may have died in the last minute. */
  owner(name: string): ProcessIdentity | undefined {
    const last = this.#last(name);
    if (last === 0) return undefined;
    const file = this.#file(name, last);
    const owner = ownerIn(file);
    if (owner === undefined) return undefined;
    const isFresh = () => Math.abs(Date.now() - (lastTouch(file) ?? 0)) < SLACK;
    return isRunning(owner) ?? isFresh() ? owner : undefined;
  }

  /** Shows that this process is alive. */
  beat() {
    for (const [name, held] of this.#held) {
      try {
        Deno.utimeSync(held.file, new Date(), new Date());
        held.touched = this.#now();
      } catch (error) {
        const loss = this.#lossOf(name, held, error);
        if (loss === undefined) continue;
        this.#held.delete(name);
        held.onLoss(loss);
      }
    }
    this.#stopIfIdle();
  }

  /** Why a lease that could not be touched is lost; undefined while it is safe. */
  #lossOf(name: string, { file, touched }: HeldLease, error: unknown): UserError | undefined {
    if (error instanceof Deno.errors.NotFound) {
      try {
        // another hand may have emptied the folder
        if (this.#last(name) === 0 && linkNew(file, JSON.stringify(thisProcess()))) {
          return undefined;
        }
        if (this.#last(name) > 0) {
          return new UserError(`Cannot keep the lease "${file}": it passed to another process`);
        }
      } catch {
        // it may succeed at the next beat
      }
    }
    return this.#now() - touched < UNSAFE ? undefined : unusable(file, "keep", error);
  }

  #stopIfIdle() {
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
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
    const alive = owner === undefined ? undefined : isRunning(owner);
    if (alive !== undefined) return alive;
    const seen = this.#seen.get(file);
    if (seen?.touched === touched) return this.#now() - seen.at < SLACK;
    this.#seen.set(file, { touched, at: this.#now() });
    return true;
  }
}

/** What is said where a lease cannot be taken or kept. */
function unusable(place: string, what: "take" | "keep", error: unknown): UserError {
  return new UserError(
    `Cannot ${what} a lease in "${place}": ${
      (error as Error).message
    }; the same command continues ` +
      "when files there can be read and written, or choose another folder with --results DIR",
    { cause: error },
  );
}

/** Makes a file of this content unless there is one of this name. @returns whether it did */
function linkNew(file: string, content: string): boolean {
  const draft = draftOf(file);
  writeAtomically(draft, content);
  try {
    Deno.linkSync(draft, file);
    return true;
  } catch (error) {
    // NFS may have linked it and lost the answer
    if (Deno.statSync(draft).nlink === 2) return true;
    if (error instanceof Deno.errors.AlreadyExists) return false;
    return createNew(file, content); // a file system without links
  } finally {
    try {
      removeIfThere(draft);
    } catch {
      // a draft that stays is named by `status`
    }
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

/** Who a file names; undefined if it is cut off. */
function ownerIn(file: string): ProcessIdentity | undefined {
  const text = readIfThere(file);
  try {
    return JSON.parse(text ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}
