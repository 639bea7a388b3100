/** Rewritten modules give what the modules would, and stop at every call that takes time. */
import assert from "node:assert/strict";
import {
  atOnce,
  awaited,
  each,
  GENERATOR,
  type Maybe,
  SimulatedPromise,
  startTask,
  Tasks,
} from "./runtime.ts";
import type { Call } from "./kernel.ts";
import { weave } from "./weave.ts";

const NAME = "file:///program.ts";

/** Runs a rewritten module's `main`, where `ask(name)` takes time and gives `name!`. */
function run(source: string): { result: unknown; asked: string[]; text: string } {
  const { text } = weave(new Map([[NAME, source]]), ["ask"]).get(NAME)!;
  const asked: string[] = [];
  const tasks = SimulatedPromise.tasks = new Tasks();
  const answer = ({ path = "" }: Call) => {
    asked.push(path);
    return { value: `${path}!` };
  };
  function* ask(path: string) {
    return ((yield { name: "ask", path }) as { value: unknown }).value;
  }
  const globals = {
    ...{ $G: GENERATOR, $each: each, $await: awaited, $async: startTask, ask },
    $now: (work: Maybe<unknown>) => atOnce(work, answer),
    Promise: SimulatedPromise,
  };
  let exported: { main?: () => Maybe<unknown> } = {};
  const load = new Function("$export", "$import", ...Object.keys(globals), `let $t; ${text}`);
  load((found: typeof exported) => exported = found, () => ({}), ...Object.values(globals));
  let result = atOnce(exported.main!(), answer);
  if (result instanceof SimulatedPromise) {
    result.then((value) => result = value);
    atOnce(tasks.settle(), answer);
  }
  return { result, asked, text };
}

Deno.test("calls in conditions, chains, loops and lists of functions", () => {
  const { result, asked } = run(`
    const twice = (name: string) => ask(name) + ask(name);
    class Reader { #name = "c"; read() { return this.#read(); } #read() { return ask(this.#name); } }
    const called0 = () => "z";
    export function main() {
      const list = ["a", "b"].map((name) => twice(name)).filter((text) => ask(text) !== "a!a!!");
      const found = [1, 2].find((number) => ask(String(number)) === "2!");
      const sum = ["x", "y"].reduce((sum, name) => sum + ask(name), "");
      const called = (() => { try { return ask("q"); } finally { list.push(called0()); } })();
      return [called, list, found, sum, new Reader().read()?.length, true ? ask("d") : ask("e")];
    }`);
  assert.deepEqual(result, ["q!", ["b!b!", "z"], 2, "x!y!", 2, "d!"]);
  assert.deepEqual(asked, "a a b b a!a! b!b! 1 2 x y q c d".split(" "));
});

Deno.test("errors, cleaning up, and functions that only pass on what others give", () => {
  const { result, text } = run(`
    const passed = (name: string) => ask(name);
    function attempt<Value>(work: () => Value): Value | string {
      try { return work(); } catch (error) { return (error as Error).message; } finally { ask("z"); }
    }
    export function main() {
      const fail = () => { if (passed("a") === "a!") throw new Error(passed("b")); };
      return [attempt(fail), attempt(() => passed("c"))];
    }`);
  assert.deepEqual(result, ["b!", "c!"]);
  assert.match(text, /passed = \(function \(name\s*\) \{ return \(ask\(name\)\); \}\)/);
});

Deno.test("tasks wait for each other", () => {
  const { result, asked } = run(`
    async function one(name: string) { return await Promise.resolve(ask(name)); }
    export async function main() {
      const both = await Promise.allSettled([one("a"), one("b")].map(async (end) => await end));
      try { await Promise.reject(new Error(ask("c"))); } catch (error) {
        return [both.map(({ value }) => value), (error as Error).message];
      }
    }`);
  assert.deepEqual(result, [["a!", "b!"], "c!"]);
  assert.deepEqual(asked, ["a", "b", "c"]);
});

Deno.test("what cannot wait does its calls at once; what cannot be rewritten is refused", () => {
  const { result } = run(`
    class Box { text = ask("a"); constructor(readonly more = ask("b")) {} get last() { return ask("c"); } }
    export const main = () => [new Box().text, new Box().last];`.replace("readonly ", ""));
  assert.deepEqual(result, ["a!", "c!"]);
  const chain = "export const main = () => ({ a: 1 } as { b?: unknown }).b?.ask(1).c;";
  assert.throws(() => run(chain), /Cannot rewrite a call in the middle of a chain/);
});
