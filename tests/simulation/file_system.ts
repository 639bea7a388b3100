/**
 * A file system in memory, shared by hosts. Power failures undo what was not flushed. Under NFS each
 * host caches names and attributes as Linux does with its default options: for up to a minute a name
 * that another host has created is missing here and a removed one is still there. Opening a file or a
 * folder asks the server, unless the name is known to be missing (nfs(5), "Data and metadata
 * coherence": close-to-open consistency, directory entry caching).
 *
 * @module
 */
import type { Call, Result } from "./kernel.ts";

/** Longest time that a host relies on a folder or on attributes, ms: NFS's `acdirmax`. */
const LONGEST_CACHED = 60_000;

/** A file or a folder on the server. */
interface Node {
  readonly entries?: Map<string, Node>;
  /** Changes of names that no flush has made durable, oldest first. */
  unflushed: { readonly name: string; readonly before: Node | undefined }[][];
  data: Uint8Array<ArrayBuffer>;
  /** What a power failure leaves. */
  durable: Uint8Array<ArrayBuffer>;
  /** The host that has written last. */
  writer: string;
  links: number;
  mtime: number;
  readonly number: number;
}

/** What a host believes without asking the server. */
interface HostCache {
  readonly names: Map<Node, { until: number; readonly known: Map<string, Node | undefined> }>;
  readonly attributes: Map<Node, { readonly until: number; readonly value: Attributes }>;
}

interface Attributes {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly mtime: number;
  readonly ino: number;
  readonly nlink: number;
}

/** The name of an error. */
class Refusal {
  readonly error: NonNullable<Result["error"]>;

  constructor(error: NonNullable<Result["error"]>) {
    this.error = error;
  }
}

/** The files of one server, or of one machine. */
export class FileSystem {
  readonly #isNetwork: boolean;
  readonly #random: () => number;
  readonly #caches = new Map<string, HostCache>();
  readonly #open = new Map<number, Node>();
  #count = 0;
  readonly #root = this.#make(true);

  /** @param folder which is there from the beginning, as `/sim` */
  constructor(isNetwork: boolean, random: () => number, folder: string) {
    this.#isNetwork = isNetwork;
    this.#random = random;
    this.do("", { name: "mkdir", path: folder }, 0);
    this.#root.unflushed = [];
  }

  /**
   * Does an operation for a host at a time, ms.
   *
   * @param share of the bytes that are written; the rest is lost
   */
  do(host: string, call: Call, now: number, share = 1): Result {
    try {
      return this.#do(host, call, now, share);
    } catch (error) {
      if (error instanceof Refusal) return { error: error.error };
      throw error;
    }
  }

  #do(host: string, call: Call, now: number, share: number): Result {
    const { name, path = "", to = "", bytes } = call;
    switch (name) {
      case "stat":
        return { value: this.#attributes(host, this.#existing(host, path, now), now) };
      case "open": {
        const node = this.#opened(host, path, now);
        const id = this.#count++;
        this.#open.set(id, node);
        return { value: { ...attributesOf(node), id }, bytes: node.data };
      }
      case "create": {
        const [folder, last] = this.#place(host, path, now);
        const there = folder.entries!.get(last);
        if (there && call.isNew) throw new Refusal("AlreadyExists");
        const node = there ?? this.#make(false);
        if (!there) this.#change(host, folder, [[last, node]], now);
        const id = this.#count++;
        this.#open.set(id, node);
        return { value: { ...attributesOf(node), id }, bytes: node.data };
      }
      case "write": {
        const node = this.#open.get(call.id as number)!;
        const part = bytes!.subarray(0, Math.floor(share * bytes!.length));
        node.data = joined(node.data, part);
        node.writer = host;
        node.mtime = now;
        return { value: part.length };
      }
      case "sync": {
        const node = this.#open.get(call.id as number)!;
        node.durable = node.data;
        node.unflushed = [];
        return {};
      }
      case "list": {
        const { entries } = this.#opened(host, path, now);
        if (!entries) throw new Refusal("NotADirectory");
        return { value: [...entries].map(([name, { entries }]) => [name, entries !== undefined]) };
      }
      case "mkdir": {
        let folder = this.#root;
        for (const part of partsOf(path)) {
          if (!folder.entries!.has(part)) {
            this.#change(host, folder, [[part, this.#make(true)]], now);
          }
          folder = folder.entries!.get(part)!;
        }
        return {};
      }
      case "link": {
        const node = this.#existing(host, path, now);
        const [folder, last] = this.#place(host, to, now);
        if (folder.entries!.has(last)) throw new Refusal("AlreadyExists");
        this.#change(host, folder, [[last, node]], now);
        // the reply may be lost: the client then asks again, and finds its own link
        if (this.#isNetwork && this.#random() < 0.02) throw new Refusal("AlreadyExists");
        return {};
      }
      case "rename": {
        this.#existing(host, path, now);
        const [folder, last] = this.#place(host, path, now);
        const node = folder.entries!.get(last);
        if (!node) throw new Refusal("NotFound");
        const next = to.slice(to.lastIndexOf("/") + 1); // always in the same folder
        this.#change(host, folder, [[next, node], [last, undefined]], now);
        return {};
      }
      case "remove": {
        this.#existing(host, path, now);
        const [folder, last] = this.#place(host, path, now);
        if (!folder.entries!.has(last)) throw new Refusal("NotFound");
        this.#change(host, folder, [[last, undefined]], now);
        return {};
      }
      case "touch": {
        const node = this.#open.get(call.id as number)!;
        if (this.#isNetwork && node.links === 0) throw new Refusal("Stale");
        node.mtime = call.mtime as number;
        return {};
      }
    }
    throw new Error(`The simulated file system knows no operation "${name}"`);
  }

  /** A file as the server has it. */
  file(path: string): Uint8Array<ArrayBuffer> | undefined {
    let node: Node | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.entries?.get(part);
    return node?.data;
  }

  /** Files below a folder as the server has them. */
  files(path = "", node = this.#root): Map<string, Uint8Array<ArrayBuffer>> {
    const below = [...node.entries!].flatMap(([name, child]) => {
      const place = `${path}/${name}`;
      return child.entries ? [...this.files(place, child)] : [[place, child.data] as const];
    });
    return new Map(below);
  }

  /** Changes one bit of a file, and nothing else of it. */
  flipBit(path: string) {
    const [folder, last] = this.#place("", path, 0);
    const node = folder.entries!.get(last)!;
    node.data = node.data.slice();
    if (node.data.length > 0) node.data[Math.floor(this.#random() * node.data.length)]! ^= 4;
    node.durable = node.data;
  }

  /** Loses what was not flushed when a host fails: bytes, and on its own disk names, too. */
  fail(host: string) {
    this.#caches.delete(host);
    this.#undo(this.#root, host);
  }

  #undo(node: Node, host: string) {
    if (node.entries) {
      if (!this.#isNetwork) {
        const kept = Math.floor(this.#random() * (node.unflushed.length + 1));
        for (const names of node.unflushed.splice(kept).toReversed()) {
          for (const { name, before } of names.toReversed()) put(node, name, before);
        }
        node.unflushed = [];
      }
      for (const child of node.entries.values()) this.#undo(child, host);
    } else if (node.data !== node.durable && (node.writer === host || !this.#isNetwork)) {
      // appended bytes may be there, missing, or zeros
      const added = node.data.slice(node.durable.length);
      const fate = this.#random();
      if (fate < 0.5) added.fill(0);
      const length = Math.floor(this.#random() * (added.length + 1));
      node.data = node.durable = joined(node.durable, added.subarray(0, length));
    }
  }

  #make(isFolder: boolean): Node {
    const empty = new Uint8Array();
    const number = this.#count++;
    return {
      ...{ data: empty, durable: empty, writer: "", links: 0, mtime: 0, unflushed: [], number },
      ...isFolder && { entries: new Map() },
    };
  }

  /** Changes names in a folder, all at once. */
  #change(host: string, folder: Node, names: [string, Node | undefined][], now: number) {
    const before = names.map(([name]) => ({ name, before: folder.entries!.get(name) }));
    folder.unflushed.push(before);
    for (const [name, node] of names) {
      put(folder, name, node);
      if (this.#isNetwork) this.#known(host, folder, now).set(name, node);
    }
    folder.mtime = now;
  }

  /** The server's folder of a path, and the last part of the path. */
  #place(host: string, path: string, now: number): [Node, string] {
    const at = path.lastIndexOf("/");
    const folder = path.slice(0, at) === "" ? this.#root : this.#existing(
      host,
      path.slice(0, at),
      now,
    );
    if (!folder.entries) throw new Refusal("NotADirectory");
    return [folder, path.slice(at + 1)];
  }

  /** What a host finds under a path, from its cache where that is recent. */
  #existing(host: string, path: string, now: number): Node {
    let node = this.#root;
    for (const part of partsOf(path)) {
      if (!node.entries) throw new Refusal("NotADirectory");
      const found = this.#lookUp(host, node, part, now);
      if (!found) throw new Refusal("NotFound");
      node = found;
    }
    return node;
  }

  #lookUp(host: string, folder: Node, name: string, now: number): Node | undefined {
    if (!this.#isNetwork) return folder.entries!.get(name);
    const known = this.#known(host, folder, now);
    if (!known.has(name)) known.set(name, folder.entries!.get(name));
    return known.get(name);
  }

  /** What a host opens: the server's file, unless the host believes that there is none. */
  #opened(host: string, path: string, now: number): Node {
    const believed = this.#existing(host, path, now);
    const [folder, last] = this.#place(host, path, now);
    const node = folder.entries!.get(last);
    if (this.#isNetwork) {
      this.#known(host, folder, now).set(last, node);
      const cache = this.#cache(host);
      cache.attributes.delete(believed);
      if (node) cache.names.delete(node);
    }
    if (!node) throw new Refusal("NotFound");
    return node;
  }

  #cache(host: string): HostCache {
    let cache = this.#caches.get(host);
    if (!cache) this.#caches.set(host, cache = { names: new Map(), attributes: new Map() });
    return cache;
  }

  #known(host: string, folder: Node, now: number): Map<string, Node | undefined> {
    const { names } = this.#cache(host);
    let entry = names.get(folder);
    if (!entry || entry.until < now) {
      entry = { until: now + this.#random() * LONGEST_CACHED, known: new Map() };
      names.set(folder, entry);
    }
    return entry.known;
  }

  #attributes(host: string, node: Node, now: number): Attributes {
    if (!this.#isNetwork) return attributesOf(node);
    const { attributes } = this.#cache(host);
    const cached = attributes.get(node);
    if (cached && cached.until >= now) return cached.value;
    const value = attributesOf(node);
    attributes.set(node, { until: now + this.#random() * LONGEST_CACHED, value });
    return value;
  }
}

/** Parts of paths that were looked for. */
const parts = new Map<string, readonly string[]>();

/** The names in a path, from the root on. */
function partsOf(path: string): readonly string[] {
  let known = parts.get(path);
  if (known === undefined) {
    known = path.split("/").slice(1);
    // names of drafts are used once
    if (!path.endsWith(".part")) parts.set(path, known);
  }
  return known;
}

function put(folder: Node, name: string, node: Node | undefined) {
  const before = folder.entries!.get(name);
  if (before) before.links--;
  if (node) {
    node.links++;
    folder.entries!.set(name, node);
  } else folder.entries!.delete(name);
}

function attributesOf({ entries, data, mtime, number, links }: Node): Attributes {
  const isDirectory = entries !== undefined;
  const folders = [...entries?.values() ?? []].filter((node) => node.entries !== undefined);
  return {
    ...{ isFile: !isDirectory, isDirectory, size: data.length },
    ...{ mtime, ino: number, nlink: isDirectory ? 2 + folders.length : links },
  };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
