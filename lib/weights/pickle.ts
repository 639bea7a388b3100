/**
 * Reads pickles of Python that hold plain data (docs.python.org/3/library/pickletools.html).
 *
 * A pickle is a program: it names functions and calls them. This reader knows the instructions for
 * numbers, strings, tuples, lists and dicts. It calls only functions that it is given, which are
 * TypeScript, and refuses all others by name. No code of the file is executed.
 *
 * @module
 */

/** Why a pickle cannot be read; the message follows "Cannot read FILE: ". */
export class PickleError extends Error {}

/** What a pickle may refer to. */
export interface PickleContext {
  /** Functions and classes that it may name, as `module.name`. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** Resolves a reference to an object outside the pickle. */
  persistent(id: unknown): unknown;
}

/** A name in Python: a function, which may be called, or a class that is only passed on. */
export interface PickleGlobal {
  readonly name: string;
  readonly call?: (args: readonly unknown[]) => unknown;
}

/** An object that BUILD gives its state. */
export interface Buildable {
  build(state: unknown): void;
}

/** A tuple or a list. */
export type Sequence = readonly unknown[];

/** Instructions by their codes. */
const OP = {
  PROTO: 0x80,
  STOP: 0x2e,
  MARK: 0x28,
  EMPTY_DICT: 0x7d,
  EMPTY_LIST: 0x5d,
  EMPTY_TUPLE: 0x29,
  NONE: 0x4e,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  LONG1: 0x8a,
  BINFLOAT: 0x47,
  BINUNICODE: 0x58,
  SHORT_BINUNICODE: 0x8c,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  BINGET: 0x68,
  LONG_BINGET: 0x6a,
  GLOBAL: 0x63,
  TUPLE: 0x74,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  APPEND: 0x61,
  APPENDS: 0x65,
  SETITEM: 0x73,
  SETITEMS: 0x75,
  REDUCE: 0x52,
  BUILD: 0x62,
  BINPERSID: 0x51,
  FRAME: 0x95,
  MEMOIZE: 0x94,
  STACK_GLOBAL: 0x93,
  BINUNICODE8: 0x8d,
  LONG4: 0x8b,
} as const;

const MARK = Symbol("mark");

/** Reads the pickle that begins at `start` in `bytes`. @returns its value, and where it ends */
export function unpickle(
  bytes: Uint8Array<ArrayBuffer>,
  { globals, persistent }: PickleContext,
  start = 0,
): { readonly value: unknown; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;

  /** Skips `count` bytes and returns where they begin. */
  function skip(count: number): number {
    if (!(at + count <= bytes.length)) throw new PickleError("it is cut off");
    at += count;
    return at - count;
  }
  const byte = () => view.getUint8(skip(1));
  const uint32 = () => view.getUint32(skip(4), true);
  function text(length: number): string {
    const from = skip(length);
    return decoder.decode(bytes.subarray(from, from + length));
  }
  function line(): string {
    const end = bytes.indexOf(0x0a, at);
    const found = text((end < 0 ? bytes.length : end) - at);
    skip(1);
    return found;
  }
  function pop(): unknown {
    if (stack.length === 0 || stack.at(-1) === MARK) throw malformed();
    return stack.pop();
  }
  function popTo(count: number): unknown[] {
    return Array.from({ length: count }, pop).reverse();
  }
  function popToMark(): unknown[] {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw malformed();
    return stack.splice(mark).slice(1);
  }
  /** The dict or list on top of the stack. */
  function top<Kind>(kind: new () => Kind): Kind {
    const found = stack.at(-1);
    if (!(found instanceof kind)) throw malformed();
    return found;
  }
  function setItems(items: readonly unknown[]) {
    const dict = top(Map<unknown, unknown>);
    if (items.length % 2 !== 0) throw malformed();
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }
  function recall(place: number): unknown {
    if (!memo.has(place)) throw malformed();
    return memo.get(place);
  }
  /** An integer of any length, little-endian. */
  function long(length: number): number | bigint {
    const from = skip(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[from + i]!);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }
  function global(name: string): PickleGlobal {
    const found = globals.get(name);
    if (found === undefined) {
      throw new PickleError(`it names ${JSON.stringify(name)}, which is not part of a state_dict`);
    }
    return found;
  }
  function reduce() {
    const [callee, args] = popTo(2);
    if (!isGlobal(callee) || !Array.isArray(args)) throw malformed();
    if (callee.call === undefined) throw new PickleError(`it calls "${callee.name}"`);
    return callee.call(args);
  }

  /** Gives the object on top its state. A dict's attributes are of no use here. */
  function build(state: unknown) {
    const object = stack.at(-1);
    if (isBuildable(object)) object.build(state);
    else top(Map);
  }

  for (;;) {
    const code = byte();
    switch (code) {
      case OP.PROTO:
        byte();
        break;
      case OP.STOP:
        return { value: pop(), end: at };
      case OP.MARK:
        stack.push(MARK);
        break;
      case OP.EMPTY_DICT:
        stack.push(new Map());
        break;
      case OP.EMPTY_LIST:
      case OP.EMPTY_TUPLE:
        stack.push([]);
        break;
      case OP.NONE:
        stack.push(undefined);
        break;
      case OP.NEWTRUE:
      case OP.NEWFALSE:
        stack.push(code === OP.NEWTRUE);
        break;
      case OP.BININT:
        stack.push(view.getInt32(skip(4), true));
        break;
      case OP.BININT1:
        stack.push(byte());
        break;
      case OP.BININT2:
        stack.push(view.getUint16(skip(2), true));
        break;
      case OP.LONG1:
        stack.push(long(byte()));
        break;
      case OP.BINFLOAT:
        stack.push(view.getFloat64(skip(8), false));
        break;
      case OP.FRAME:
        skip(8); // the length of what follows, which is read as it comes
        break;
      case OP.MEMOIZE:
        memo.set(memo.size, stack.at(-1));
        break;
      case OP.LONG4:
        stack.push(long(uint32()));
        break;
      case OP.BINUNICODE8:
        stack.push(text(Number(view.getBigUint64(skip(8), true))));
        break;
      case OP.BINUNICODE:
      case OP.BINSTRING:
        stack.push(text(uint32()));
        break;
      case OP.SHORT_BINUNICODE:
      case OP.SHORT_BINSTRING:
        stack.push(text(byte()));
        break;
      case OP.BINPUT:
        memo.set(byte(), stack.at(-1));
        break;
      case OP.LONG_BINPUT:
        memo.set(uint32(), stack.at(-1));
        break;
      case OP.BINGET:
        stack.push(recall(byte()));
        break;
      case OP.LONG_BINGET:
        stack.push(recall(uint32()));
        break;
      case OP.GLOBAL:
        stack.push(global(`${line()}.${line()}`));
        break;
      case OP.STACK_GLOBAL: {
        const [module, name] = popTo(2);
        stack.push(global(`${module}.${name}`));
        break;
      }
      case OP.TUPLE:
        stack.push(popToMark());
        break;
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        stack.push(popTo(code - OP.TUPLE1 + 1));
        break;
      case OP.APPEND: {
        const [item] = popTo(1);
        top(Array<unknown>).push(item);
        break;
      }
      case OP.APPENDS: {
        const items = popToMark();
        const list = top(Array<unknown>);
        for (const item of items) list.push(item);
        break;
      }
      case OP.SETITEM:
        setItems(popTo(2));
        break;
      case OP.SETITEMS:
        setItems(popToMark());
        break;
      case OP.REDUCE:
        stack.push(reduce());
        break;
      case OP.BUILD:
        build(pop());
        break;
      case OP.BINPERSID:
        stack.push(persistent(pop()));
        break;
      default:
        throw new PickleError(`it has the instruction 0x${code.toString(16)}, which no data needs`);
    }
  }
}

function isBuildable(value: unknown): value is Buildable {
  return typeof value === "object" && value !== null && "build" in value;
}

function isGlobal(value: unknown): value is PickleGlobal {
  return typeof value === "object" && value !== null && "name" in value;
}

/** For a pickle with a value of an unexpected type. */
export function malformed(): PickleError {
  return new PickleError("its pickle is malformed");
}
