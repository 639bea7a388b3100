/** Damage: what bad discs, cut-off downloads and malicious people do to a file. */
import { uniform } from "../../lib/statistics/random.ts";

/** Lengths and counts that programs stumble over. */
const NUMBERS = [0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 32_767, 65_535, 65_536, 100_000_000]
  .concat([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 53 + 2]);

/** Texts that mean something to JSON, to paths, to pickles, to spreadsheets. */
const TEXTS = ["-1", "0", "1e999", "9007199254740993", "null", "{}", "[]", '"', "\\", "\0", "NaN"]
  .concat([
    "__proto__",
    "../../x",
    "/etc/passwd",
    "=1+1",
    "\u{1F98A}",
    "true",
    "[[[[",
    "cos\nsystem\n",
  ]);

type Draw = () => number;
type Damage = (bytes: Uint8Array, draw: Draw) => Uint8Array;

const whole = (draw: Draw, below: number) => Math.floor(draw() * below);

/** The bytes with `insert` in place of those from `from` to `to`. */
function spliced(bytes: Uint8Array, [from, to]: [number, number], insert: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - (to - from) + insert.length);
  result.set(bytes.subarray(0, from));
  result.set(insert, from);
  result.set(bytes.subarray(to), from + insert.length);
  return result;
}

/** A stretch of the bytes, short ones more often. */
function stretch({ length }: Uint8Array, draw: Draw): [number, number] {
  const from = whole(draw, length + 1);
  return [from, Math.min(length, from + Math.floor(2 ** (12 * draw())))];
}

/** Where damage tells most: headers and indices stand at both ends. */
function place({ length }: Uint8Array, draw: Draw): number {
  const share = draw();
  if (share < 0.4) return whole(draw, Math.min(length, 512));
  if (share < 0.6) return Math.max(0, length - 1 - whole(draw, Math.min(length, 512)));
  return whole(draw, length);
}

const DAMAGES: readonly Damage[] = [
  function flip(bytes, draw) {
    bytes[place(bytes, draw)]! ^= 1 << whole(draw, 8);
    return bytes;
  },
  function replaceByte(bytes, draw) {
    bytes[place(bytes, draw)] = whole(draw, 256);
    return bytes;
  },
  function replaceNumber(bytes, draw) {
    const size = 2 ** whole(draw, 4);
    const at = Math.min(place(bytes, draw), bytes.length - size);
    if (at < 0) return bytes;
    const number = BigInt(NUMBERS[whole(draw, NUMBERS.length)]!);
    const littleEndian = draw() < 0.5;
    for (let i = 0; i < size; i++) {
      const shift = BigInt(8 * (littleEndian ? i : size - 1 - i));
      bytes[at + i] = Number(BigInt.asUintN(64, number) >> shift & 255n);
    }
    return bytes;
  },
  function cutOff(bytes, draw) {
    return bytes.subarray(0, whole(draw, bytes.length + 1));
  },
  function leaveOut(bytes, draw) {
    return spliced(bytes, stretch(bytes, draw), new Uint8Array());
  },
  function repeat(bytes, draw) {
    const [from, to] = stretch(bytes, draw);
    const at = whole(draw, bytes.length + 1);
    return spliced(bytes, [at, at], bytes.slice(from, to));
  },
  function zero(bytes, draw) {
    const [from, to] = stretch(bytes, draw);
    return bytes.fill(0, from, to);
  },
  function swap(bytes, draw) {
    const [from, to] = stretch(bytes, draw);
    const part = bytes.slice(from, to);
    bytes.set(part, whole(draw, bytes.length - part.length + 1));
    return bytes;
  },
  function insertText(bytes, draw) {
    const at = place(bytes, draw);
    const text = new TextEncoder().encode(TEXTS[whole(draw, TEXTS.length)]!);
    return spliced(bytes, [at, draw() < 0.5 ? at : Math.min(bytes.length, at + text.length)], text);
  },
  function replaceDigits(bytes, draw) {
    // a number in a text, as JSON has them
    const start = place(bytes, draw);
    const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
    const found = bytes.subarray(start).findIndex(isDigit);
    if (found < 0) return bytes;
    const from = start + found;
    const length = bytes.subarray(from).findIndex((byte) => !isDigit(byte));
    const number = new TextEncoder().encode(String(NUMBERS[whole(draw, NUMBERS.length)]));
    return spliced(bytes, [from, length < 0 ? bytes.length : from + length], number);
  },
];

/** A good file, damaged in one to four ways; the same for the same key always. */
export function damaged(file: Uint8Array, ...key: readonly number[]): Uint8Array {
  const draw = uniform(...key);
  let bytes: Uint8Array = file.slice();
  for (let times = 1 + whole(draw, 4); times > 0 && bytes.length > 0; times--) {
    bytes = DAMAGES[whole(draw, DAMAGES.length)]!(bytes, draw);
  }
  return bytes;
}
