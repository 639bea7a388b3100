/**
 * Leases record which process works on which run of a store, so that several processes can share a
 * plan.
 *
 * A lease is a small file that names its owner. It is created by a hard link, which succeeds only once,
 * even on network file systems without locks. A live owner touches the file regularly. When
 * the owner is dead, the first process to link the next number takes the lease over. Numbers begin again
 * after a release, so a file's name says nothing: each lease has a token of its own, and nobody touches
 * or removes a file with another one.
 *
 * A lease only saves work: two processes with the same run would write the same bytes, each file
 * atomically. An owner that is suspended for a minute may lose its lease, and stops its run when it
 * notices the loss.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { reading, systemReason } from "../system/file_errors.ts";
import {
  draftOf,
  entriesIn,
  ifThere,
  readAt,
  readIfThere,
  removeIfPossible,
  writeAtomically,
} from "../system/files.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "../system/processes.ts";

/** Interval between two touches of a lease, ms. */
const TOUCH_INTERVAL = 10_000;

/**
 * An owner whose process cannot be checked is considered dead after this time without a touch, ms: six
 * intervals, and NFS's default time to cache a file's attributes.
 */
const EXPIRY = 60_000;

/** An owner stops relying on its lease after this time without a touch, ms. */
const RELIABLE_FOR = EXPIRY / 2;

/** A lease that is held. */
interface HeldLease {
  readonly file: string;
  /** The file's content, which no other lease has. */
  readonly content: string;
  /** Files of its dead owners before, which could not be removed. */
  readonly left: readonly string[];
  /** Time of the last touch, by our clock. */
  touched: number;
  readonly onLoss: (error: UserError) => void;
}

/** Another process has taken a lease, because this one did not touch it for too long. */
export class LeasePassedOn extends UserError {}

/** Leases in a folder. */
export class Leases {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #held = new Map<string, HeldLease>();
  /** For owners elsewhere: the last observed change of their files, by our clock. */
  readonly #seen = new Map<string, { readonly touched: number; readonly at: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #self: ProcessIdentity | undefined;

  /** @param now a monotonic clock, ms */
  constructor(folder: string, { now = () => performance.now() }: { now?: () => number } = {}) {
    this.#folder = folder;
    this.#now = now;
  }

  /**
   * Takes the lease called `name`, until it is released.
   *
   * @param onLoss called once when the lease is no longer safe: another process has taken it, or it
   * could not be touched for half a minute. The work under it must then end soon.
   * @returns whether the lease was free
   * @throws {UserError} The lease cannot be read or written.
   */
  take(name: string, onLoss: (error: UserError) => void = () => {}): boolean {
    const content = JSON.stringify({ ...this.#own, token: crypto.randomUUID() });
    let taken;
    try {
      taken = this.#takeNext(name, content);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw unusable(this.#folder, "take", error);
    }
    if (taken === undefined) return false;
    this.#held.set(name, { ...taken, content, touched: this.#now(), onLoss });
    this.#timer ??= setInterval(() => this.touchAll(), TOUCH_INTERVAL);
    return true;
  }

  /**
   * Links the next number of a free lease.
   *
   * @returns that file, and those of dead owners that stay; undefined if the lease is taken
   */
  #takeNext(name: string, content: string): Pick<HeldLease, "file" | "left"> | undefined {
    const dead = new Map<string, string | undefined>();
    const names = this.#fileNames();
    const numbers = numbersOf(name, names);
    for (const number of numbers) {
      const old = this.#file(name, number);
      const text = readIfThere(old); // before it is judged
      if (this.#isAlive(old)) return undefined;
      dead.set(old, text);
    }
    const file = this.#file(name, (numbers[0] ?? 0) + 1);
    if (!linkNew(file, content)) return undefined;
    // meanwhile others may have taken the lease, released it, and begun with the first number again
    const others = this.#files(name).filter((other) => other !== file);
    if (others.some((other) => readIfThere(other) !== dead.get(other))) {
      removeIfPossible(file);
      return undefined;
    }
    const left = others.filter((old) => !removeIfPossible(old));
    for (const other of names) if (isDraftOf(name, other)) this.#removeDraft(other);
    return { file, left };
  }

  /** Removes the draft of a lease if its process is dead; another one may be about to link it. */
  #removeDraft(draft: string) {
    const file = `${this.#folder}/${draft}`;
    try {
      const owner = ownerIn(file);
      if (owner !== undefined && isRunning(owner, this.#own) === false) removeIfPossible(file);
    } catch {
      // one that cannot be read does no harm, and `status` names it
    }
  }

  /**
   * Releases a lease, so that other processes can take it.
   *
   * @param onLeft called with a sentence about each file of the lease that could not be removed
   */
  release(name: string, onLeft: (sentence: string) => void = () => {}) {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    // one that stays expires in a minute, or when this process ends: no process touches it any more
    const isGone = isAnothers(held) || removeIfPossible(held.file);
    this.#stopIfIdle();
    for (const file of isGone ? held.left : [...held.left, held.file]) {
      onLeft(
        `Cannot remove "${file}"; it does no harm, and whoever takes this lease next removes it`,
      );
    }
  }

  /** Names of leases that have a file, their owners alive or dead. */
  names(): string[] {
    return this.#fileNames().flatMap((name) => LEASE_FILE.exec(name)?.[1] ?? []);
  }

  /** Whether there is a file of a lease, its owner alive or dead. */
  isLeft(name: string): boolean {
    return this.#files(name).length > 0;
  }

  /** The owner of a lease. An owner elsewhere may have died within the last minute. */
  owner(name: string): ProcessIdentity | undefined {
    for (const file of this.#files(name)) {
      const owner = ownerIn(file);
      if (owner === undefined) continue;
      const isFresh = () => Math.abs(Date.now() - (lastTouch(file) ?? 0)) < EXPIRY;
      if (isRunning(owner, this.#own) ?? isFresh()) return owner;
    }
    return undefined;
  }

  /** The owner of a lease for people: `process 12 on node3`, or `another process` if it is gone. */
  ownerInWords(name: string): string {
    const { host, pid } = this.owner(name) ?? {};
    return pid === undefined ? "another process" : `process ${pid} on ${host}`;
  }

  /** Touches all held leases, to show that this process is alive. */
  touchAll() {
    for (const [name, held] of this.#held) {
      try {
        touch(held);
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

  /** Why a lease that could not be touched is lost; undefined while it is still safe. */
  #lossOf(
    name: string,
    { file, content, touched }: HeldLease,
    error: unknown,
  ): UserError | undefined {
    if (error instanceof LeasePassedOn) return error;
    const isLate = this.#now() - touched >= RELIABLE_FOR;
    if (error instanceof Deno.errors.NotFound || isStale(error)) {
      try {
        // late, another process may have taken it, and released it again
        const mayBeOurs = !isLate && !this.isLeft(name); // the folder was emptied
        if (mayBeOurs && linkNew(file, content)) return undefined;
        if (isLate || this.isLeft(name)) return passedOn(file);
      } catch {
        // the next touch may succeed
      }
    }
    return isLate ? unusable(file, "keep", error) : undefined;
  }

  #stopIfIdle() {
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** This process. */
  get #own(): ProcessIdentity {
    return this.#self ??= thisProcess();
  }

  /** A lease's files, the highest number first; empty without a lease. */
  #files(name: string): string[] {
    return numbersOf(name, this.#fileNames()).map((number) => this.#file(name, number));
  }

  /** Names of all files of leases, and of their drafts. */
  #fileNames(): string[] {
    return entriesIn(this.#folder).map((entry) => entry.name);
  }

  #file(name: string, number: number): string {
    return `${this.#folder}/${name}.${number}`;
  }

  /** Whether the owner in a file is alive: if it cannot be checked, by touches of the file. */
  #isAlive(file: string): boolean {
    const touched = lastTouch(file);
    if (touched === undefined) return true; // it was removed just now; the caller asks again
    const owner = ownerIn(file);
    const alive = owner === undefined ? undefined : isRunning(owner, this.#own);
    if (alive !== undefined) return alive;
    const seen = this.#seen.get(file);
    if (seen?.touched === touched) return this.#now() - seen.at < EXPIRY;
    this.#seen.set(file, { touched, at: this.#now() });
    return true;
  }
}

/** The name of a lease's file: the lease's own, and its number. */
const LEASE_FILE = /^(.+)\.(\d+)$/;

/** The numbers of a lease's files among names, from the highest to the lowest. */
function numbersOf(lease: string, names: readonly string[]): number[] {
  return names.flatMap((name) => {
    const [, own, number] = LEASE_FILE.exec(name) ?? [];
    return own === lease ? Number(number) : [];
  }).sort((one, other) => other - one);
}

/** Whether a name is that of a lease's draft, or of the draft of one. */
function isDraftOf(lease: string, name: string): boolean {
  const [, own] = /^(.+)\.\d+(?:\.[-0-9a-f]{36}\.part)+$/.exec(name) ?? [];
  return own === lease;
}

/** The error of an owner whose lease another process has. */
function passedOn(file: string): LeasePassedOn {
  return new LeasePassedOn(`Cannot keep the lease "${file}": another process has taken it`);
}

/**
 * Touches a lease's file. It stays open between the look at its content and the touch, so that no other
 * file of its name is touched.
 *
 * @throws {LeasePassedOn} The file is another lease's.
 */
function touch({ file, content }: HeldLease) {
  using handle = Deno.openSync(file);
  if (!hasContent(handle, content)) throw passedOn(file);
  handle.utimeSync(new Date(), new Date());
}

/** Whether NFS has lost an open file: it was removed on another machine. */
function isStale(error: unknown): boolean {
  return error instanceof Error && /^Stale /.test(error.message);
}

/** Whether the file of a lease is known to be another lease's. */
function isAnothers({ file, content }: HeldLease): boolean {
  try {
    using handle = Deno.openSync(file);
    return !hasContent(handle, content);
  } catch {
    return false;
  }
}

function hasContent(handle: Deno.FsFile, content: string): boolean {
  const bytes = new TextEncoder().encode(content);
  const found = readAt(handle, 0, bytes.length);
  return found !== undefined && new TextDecoder().decode(found) === content;
}

/** The error when a lease cannot be taken or kept. */
function unusable(place: string, what: "take" | "keep", error: unknown): UserError {
  return new UserError(
    `Cannot ${what} a lease in "${place}": ${systemReason(error)}; the same command continues ` +
      "when files there can be read and written, or choose another folder with --results DIR",
    { cause: error },
  );
}

/** Creates a file with this content unless the name exists. @returns whether it was created */
function linkNew(file: string, content: string): boolean {
  const draft = draftOf(file);
  try {
    writeAtomically(draft, content);
    return isLinked(draft, file) ?? createNew(file, content);
  } finally {
    removeIfPossible(draft); // one that stays is removed with a later lease of its name
  }
}

/** Links a draft to a new name. @returns whether the name was free; undefined if links are not possible */
function isLinked(draft: string, file: string): boolean | undefined {
  try {
    Deno.linkSync(draft, file);
    return true;
  } catch (error) {
    // NFS may have created the link and lost the reply
    if (Deno.statSync(draft).nlink === 2) return true;
    return error instanceof Deno.errors.AlreadyExists ? false : undefined;
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

/** Time of a file's last touch; opening the file makes NFS ask its server. */
function lastTouch(file: string): number | undefined {
  return ifThere(() =>
    reading(file, () => {
      using handle = Deno.openSync(file);
      return handle.statSync().mtime?.getTime() ?? 0;
    })
  );
}

/** The owner that a file names; undefined if it is cut off. */
function ownerIn(file: string): ProcessIdentity | undefined {
  const text = readIfThere(file);
  try {
    return JSON.parse(text ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}
