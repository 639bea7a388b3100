/**
 * Calls from a simulated thread to the simulation, and their answers, through shared memory. A thread
 * waits for the answer even in the middle of a synchronous function, so that the simulation decides
 * which thread goes on. One of them runs at a time.
 *
 * @module
 */

/** What a thread asks for: an operation of the file system, or `idle`, `step`, `end` and others. */
export interface Call {
  readonly name: string;
  readonly path?: string;
  readonly to?: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly [argument: string]: unknown;
}

/** The answer, with the thread's clocks. */
export interface Answer {
  /** Monotonic clock and date, ms. */
  readonly now: number;
  readonly wall: number;
  /** The process of the thread has ended. */
  readonly dead?: boolean;
  /** Name in `Deno.errors`. */
  readonly error?: string;
  readonly value?: unknown;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** Longest message, bytes. */
const ROOM = 2 ** 17;

/** Words at the beginning: whose turn it is, then the lengths of the text and of the bytes. */
const HEAD = 12;

/** Longest real time that a thread computes between two calls, ms. */
const LONGEST = 30_000;

const [ENCODER, DECODER] = [new TextEncoder(), new TextDecoder()];

/** One end of the channel between a thread and the simulation. */
export class Port<Out extends { bytes?: Uint8Array }, In> {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #mine: number;

  /** @param isThread which end it is */
  constructor(isThread: boolean, memory = new SharedArrayBuffer(HEAD + ROOM)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 3);
    this.#bytes = new Uint8Array(memory, HEAD);
    this.#mine = isThread ? 1 : 0;
    if (!isThread) this.#words[0] = 1; // the thread begins
  }

  /** Sends a message, and with it the turn. */
  send({ bytes, ...rest }: Out) {
    const text = ENCODER.encode(JSON.stringify(rest));
    this.#bytes.set(text);
    if (bytes) this.#bytes.set(bytes, text.length);
    this.#words[1] = text.length;
    this.#words[2] = bytes?.length ?? -1;
    Atomics.store(this.#words, 0, 1 - this.#mine);
    Atomics.notify(this.#words, 0);
  }

  /** Waits until the other end has sent its first message, which is left out. */
  async ready() {
    while (Atomics.load(this.#words, 0) !== this.#mine) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits for the turn and its message. @param longest real time, ms */
  receive(longest = LONGEST): In {
    while (Atomics.load(this.#words, 0) !== this.#mine) { // a wake-up may be that of an earlier message
      const outcome = Atomics.wait(this.#words, 0, 1 - this.#mine, longest);
      if (outcome === "timed-out") throw new Error("A simulated thread does not answer");
    }
    const [, length, more] = this.#words as unknown as [number, number, number];
    const message = JSON.parse(DECODER.decode(this.#bytes.slice(0, length)));
    if (more >= 0) message.bytes = this.#bytes.slice(length, length + more);
    return message;
  }
}
