/**
 * What rewritten modules call (`weave.ts`): waiting, tasks and promises of simulated threads. A thread
 * does one thing at a time, and all of it stops where a file call waits, as a real thread does.
 *
 * A function that may wait is a generator. It yields calls, and other generators, whose values it gets.
 * `Stack` drives them: each file call then resumes one generator, however deep the stack is.
 *
 * @module
 */
import type { Call, Result } from "./kernel.ts";

/** Work that may wait. */
// deno-lint-ignore no-explicit-any -- what a yield gives depends on what is yielded
export type Waiting<Value> = Generator<unknown, Value, any>;

/** What a function of a rewritten module gives: a value, or work that gives it. */
export type Maybe<Value> = Value | Waiting<Value>;

/** Generators, for `instanceof`. */
export const GENERATOR = Object.assign(function () {}, {
  prototype: Object.getPrototypeOf(function* () {}).prototype,
});

/** Whether a function of a rewritten module waits. */
export function isWaiting<Value>(value: Maybe<Value>): value is Waiting<Value> {
  return (value as unknown) instanceof (GENERATOR as unknown as new () => Waiting<Value>);
}

/** The functions that have begun in a thread, the first one first. */
export class Stack<Value> {
  readonly #stack: Waiting<unknown>[];

  constructor(first: Waiting<Value>) {
    this.#stack = [first];
  }

  /**
   * Goes on until a call waits, or to the end.
   *
   * @param given what the last call gave
   * @throws what the first function throws
   */
  goOn(given: unknown): { readonly call: Call } | { readonly end: Value } {
    const stack = this.#stack;
    let top = stack[stack.length - 1]!;
    let isThrown = false;
    for (;;) {
      try {
        for (;;) {
          const step = isThrown ? top.throw(given) : top.next(given);
          isThrown = false;
          if (step.done) {
            stack.length--;
            if (stack.length === 0) return { end: step.value as Value };
            top = stack[stack.length - 1]!;
            given = step.value;
          } else if (isWaiting(step.value)) {
            stack.push(top = step.value as Waiting<unknown>);
            given = undefined;
          } else return { call: step.value as Call };
        }
      } catch (error) {
        stack.length--;
        if (stack.length === 0) throw error;
        top = stack[stack.length - 1]!;
        [isThrown, given] = [true, error];
      }
    }
  }
}

/** Does work that must not wait. @param answer what its calls give */
export function atOnce<Value>(work: Maybe<Value>, answer: (call: Call) => Result): Value {
  if (!isWaiting(work)) return work;
  const stack = new Stack(work);
  let step = stack.goOn(undefined);
  while ("call" in step) step = stack.goOn(answer(step.call));
  return step.end;
}

type Each = (value: unknown, index: number, list: unknown) => Maybe<unknown>;

/** A method of an array, for a function that may wait. */
export function* each(
  list: unknown,
  name: string,
  work: unknown,
  ...rest: readonly unknown[]
): Waiting<unknown> {
  if (name === "from") {
    const [values, change] = [work, rest[0] as Each | undefined];
    const array = Array.from(values as ArrayLike<unknown>);
    const changed: unknown[] = change ? yield each(array, "map", change) : array;
    return list === Array ? changed : (list as typeof Float32Array).from(changed as number[]);
  }
  if (!Array.isArray(list)) {
    if (name !== "forEach") {
      const method = (list as Record<string, (...given: unknown[]) => Maybe<unknown>>)[name]!;
      const result = method.call(list, work, ...rest);
      return isWaiting(result) ? yield result : result;
    }
    for (const [key, value] of list as Map<number, unknown>) {
      const result = (work as Each)(value, key, list);
      if (isWaiting(result)) yield result;
    }
    return undefined;
  }
  if (name === "reduce") {
    let sum = rest.length > 0 ? rest[0] : list[0];
    for (let i = rest.length > 0 ? 0 : 1; i < list.length; i++) {
      const add = work as (sum: unknown, value: unknown, index: number) => Maybe<unknown>;
      const result = add(sum, list[i], i);
      sum = isWaiting(result) ? yield result : result;
    }
    return sum;
  }
  const found: unknown[] = [];
  for (let at = 0; at < list.length; at++) {
    const i = name === "findLast" ? list.length - 1 - at : at;
    const value = list[i];
    const given = (work as Each)(value, i, list);
    const result = isWaiting(given) ? yield given : given;
    if (name === "map") found.push(result);
    else if (name === "flatMap") found.push(...Array.isArray(result) ? result : [result]);
    else if (name === "filter" && result) found.push(value);
    else if ((name === "find" || name === "findLast") && result) return value;
    else if (name === "findIndex" && result) return i;
    else if (name === "some" && result) return true;
    else if (name === "every" && !result) return false;
  }
  if (name === "map" || name === "flatMap" || name === "filter") return found;
  return name === "every" ? true : name === "some" ? false : name === "findIndex" ? -1 : undefined;
}

type Settle = (value: unknown) => void;
type Reaction = (value: unknown) => Maybe<unknown>;

/** What goes on next in a thread, and failures that nobody has looked at. */
export class Tasks {
  readonly ready: (() => Maybe<unknown>)[] = [];
  readonly unhandled = new Set<SimulatedPromise>();

  /** Forgets everything. */
  clear() {
    this.ready.length = 0;
    this.unhandled.clear();
  }

  /** Does what is ready, and what that makes ready. @returns a promise whose failure nobody handles */
  *settle(): Waiting<SimulatedPromise | undefined> {
    for (let next = this.ready.shift(); next; next = this.ready.shift()) {
      const result = next();
      if (isWaiting(result)) yield result;
    }
    const [lost] = this.unhandled;
    return lost;
  }
}

/** A promise that a task waits for. */
class Awaited {
  readonly promise: SimulatedPromise;

  constructor(value: unknown) {
    this.promise = SimulatedPromise.resolve(value);
  }
}

/** What `await` becomes. */
export const awaited = (value: unknown) => new Awaited(value);

/** Starts a task: goes on until it waits for a promise. @returns a promise of its end */
export function* startTask(task: Waiting<unknown>): Waiting<SimulatedPromise> {
  let [resolve, reject]: [Settle, Settle] = [() => {}, () => {}];
  const end = new SimulatedPromise((...settle) => [resolve, reject] = settle);
  function* goOn(isThrown: boolean, given: unknown): Waiting<void> {
    for (;;) {
      let step;
      try {
        step = isThrown ? task.throw(given) : task.next(given);
      } catch (error) {
        return reject(error);
      }
      if (step.done) return resolve(step.value);
      if (step.value instanceof Awaited) {
        step.value.promise.then((value) => goOn(false, value), (reason) => goOn(true, reason));
        return;
      }
      try {
        [isThrown, given] = [false, yield step.value];
      } catch (error) {
        [isThrown, given] = [true, error];
      }
    }
  }
  yield goOn(false, undefined);
  return end;
}

/** Promises (ECMA-262, 27.2), as far as the program uses them. */
export class SimulatedPromise {
  /** The thread in which promises are made now. */
  static tasks: Tasks;

  readonly #tasks = SimulatedPromise.tasks;
  #state: "open" | "kept" | "broken" = "open";
  #value: unknown;
  #reactions: (() => void)[] = [];

  constructor(begin: (resolve: Settle, reject: Settle) => unknown) {
    let isSettled = false;
    const once = (settle: Settle) => (value: unknown) => {
      if (isSettled) return;
      isSettled = true;
      settle(value);
    };
    const reject = (reason: unknown) => this.#settle("broken", reason);
    const resolve = (value: unknown) => {
      if (value instanceof SimulatedPromise) value.#pass(this);
      else this.#settle("kept", value);
    };
    if (isWaiting(begin(once(resolve), once(reject)))) {
      throw new Error("A promise that waits in its beginning is not simulated");
    }
  }

  /** Why it was broken. */
  get reason(): unknown {
    return this.#value;
  }

  #pass(other: SimulatedPromise) {
    this.#whenSettled(() => {
      if (this.#state !== "open") other.#settle(this.#state, this.#value);
    });
  }

  #whenSettled(work: () => Maybe<unknown>) {
    const { ready, unhandled } = this.#tasks;
    unhandled.delete(this);
    if (this.#state === "open") this.#reactions.push(() => ready.push(work));
    else ready.push(work);
  }

  #settle(state: "kept" | "broken", value: unknown) {
    [this.#state, this.#value] = [state, value];
    if (state === "broken" && this.#reactions.length === 0) this.#tasks.unhandled.add(this);
    for (const react of this.#reactions) react();
    this.#reactions = [];
  }

  *#react(
    reaction: Reaction | undefined,
    resolve: Settle,
    reject: Settle,
  ): Waiting<void> {
    if (reaction === undefined) {
      return this.#state === "kept" ? resolve(this.#value) : reject(this.#value);
    }
    try {
      const result = reaction(this.#value);
      resolve(isWaiting(result) ? yield result : result);
    } catch (error) {
      reject(error);
    }
  }

  then(onKept?: Reaction, onBroken?: Reaction): SimulatedPromise {
    return new SimulatedPromise((resolve, reject) => {
      this.#whenSettled(() =>
        this.#react(this.#state === "kept" ? onKept : onBroken, resolve, reject)
      );
    });
  }

  catch(onBroken: Reaction): SimulatedPromise {
    return this.then(undefined, onBroken);
  }

  finally(work: () => Maybe<unknown>): SimulatedPromise {
    return this.then(
      function* (value) {
        const result = work();
        if (isWaiting(result)) yield result;
        return value;
      },
      function* (reason) {
        const result = work();
        if (isWaiting(result)) yield result;
        throw reason;
      },
    );
  }

  static resolve(value?: unknown): SimulatedPromise {
    if (value instanceof SimulatedPromise) return value;
    if (value instanceof Promise) {
      throw new Error("A promise of the real program is not simulated");
    }
    return new SimulatedPromise((resolve) => resolve(value));
  }

  static reject(reason: unknown): SimulatedPromise {
    return new SimulatedPromise((_, reject) => reject(reason));
  }

  static allSettled(values: readonly unknown[]): SimulatedPromise {
    return SimulatedPromise.all(values.map((value) =>
      SimulatedPromise.resolve(value).then(
        (value) => ({ status: "fulfilled", value }),
        (reason) => ({ status: "rejected", reason }),
      )
    ));
  }

  static all(values: readonly unknown[]): SimulatedPromise {
    return new SimulatedPromise((resolve, reject) => {
      const results: unknown[] = [];
      let open = values.length;
      if (open === 0) resolve(results);
      values.forEach((value, i) =>
        SimulatedPromise.resolve(value).then((value) => {
          results[i] = value;
          if (--open === 0) resolve(results);
        }, reject)
      );
    });
  }
}
