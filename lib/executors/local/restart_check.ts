/**
 * Tests restarts: trains once without interruption and once with processes that are killed at random
 * moments, and compares the weights bit by bit.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Execution } from "../../system/environment.ts";
import { UserError } from "../../errors.ts";
import { openStore } from "../../store/mod.ts";
import type { Tensors } from "../../vgg/checkpoint.ts";

/** What decides whether a training gives the same bits each time. */
export type Setting = Pick<Execution, "device" | "threads" | "towers" | "deterministic">;

/** Whether trainings give the same bits: on one thread in each operation, or on a deterministic GPU. */
export function mustHaveSameBits({ device, threads, deterministic }: Setting): boolean {
  return device === "cpu" ? threads === 1 : deterministic === true;
}

/** A setting in words: `cpu, 1 thread(s), 2 tower(s)`. */
export function settingInWords({ device, threads, towers, deterministic }: Setting): string {
  return [
    device,
    ...deterministic === undefined ? [] : [deterministic ? "deterministic" : "any kernels"],
    `${threads ?? "any number of"} thread(s)`,
    `${towers} tower(s)`,
  ].join(", ");
}

/** Why the weights of an interrupted training may differ, or that they should not. */
export function reasonOfDifference(setting: Setting): string {
  if (mustHaveSameBits(setting)) {
    return setting.device === "cpu"
      ? "On one thread they should be the same: this is a defect of verydeep."
      : "In deterministic mode they should be the same: this is a defect of verydeep.";
  }
  return setting.device === "cpu"
    ? "With several threads the order of additions changes, and with it the rounding."
    : "Without --deterministic a GPU may add in another order each time, and so round otherwise.";
}

/** Options of the test. */
export interface RestartTestOptions {
  /** The command line that trains in another process, with its results in a folder. */
  readonly command: (results: string) => readonly string[];
  /** An empty folder. */
  readonly folder: string;
  /** Approximate number of pieces of the interrupted training. */
  readonly pieces: number;
  /** Called after every kill. */
  readonly onProgress?: (kills: number) => void;
}

/** The result of the test. */
export interface RestartTest {
  readonly kills: number;
  /** Kills during the training itself, not before or after it. */
  readonly hits: number;
  /** SHA-256 over names and weights, of the uninterrupted and the interrupted training. */
  readonly whole: string;
  readonly pieces: string;
  /** The largest difference of two weights. */
  readonly largest: number;
  /** The weight with the largest magnitude. */
  readonly scale: number;
  /** Executions of the interrupted training. */
  readonly executions: readonly Execution[];
}

/**
 * Runs the test.
 *
 * @throws {UserError} The training fails without being killed.
 */
export async function testRestarts(
  { command, folder, pieces, onProgress = () => {} }: RestartTestOptions,
): Promise<RestartTest> {
  // the first run creates the data that the others use
  await toTheEnd(command(`${folder}/first`));
  const begin = performance.now();
  await toTheEnd(command(`${folder}/whole`));
  const duration = performance.now() - begin;
  const { seconds = 0 } = resultIn(`${folder}/whole`).executions[0]!;
  // A piece lasts for its start and, on average, for 1 / `pieces` of the training.
  const longest = duration - 1000 * seconds + 2 * 1000 * seconds / pieces;
  let kills = 0;
  while (await killed(command(`${folder}/pieces`), Math.random() * longest)) {
    onProgress(++kills);
  }
  const [whole, pieced] = [resultIn(`${folder}/whole`), resultIn(`${folder}/pieces`)];
  return {
    kills,
    hits: pieced.executions.filter(({ finished }) => finished === undefined).length,
    whole: hashOf(whole.weights),
    pieces: hashOf(pieced.weights),
    ...distance(whole.weights, pieced.weights),
    executions: pieced.executions,
  };
}

function start([program, ...args]: readonly string[]) {
  return new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "piped" });
}

async function toTheEnd(command: readonly string[]) {
  const { success, stderr } = await start(command).output();
  if (!success) throw failure(stderr);
}

function failure(stderr: Uint8Array): UserError {
  const lastLine = new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "";
  return new UserError(`Cannot train to test restarts: ${lastLine}`);
}

/** Runs a command and kills it after a time, ms. @returns whether it was killed; it may end before */
async function killed(command: readonly string[], after: number): Promise<boolean> {
  const child = start(command).spawn();
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has already ended
    }
  }, after);
  const { signal, success, stderr } = await child.output();
  clearTimeout(timer);
  if (!success && signal !== "SIGKILL") throw failure(stderr);
  return signal === "SIGKILL";
}

/** The only training in a folder of results. */
function resultIn(results: string): { weights: Tensors; executions: Execution[] } {
  const [setup] = [...Deno.readDirSync(results)];
  const store = openStore(`${results}/${setup!.name}`);
  const [run] = store.runs();
  return { weights: store.readWeights(run!), executions: store.readExecutions(run!) };
}

/** SHA-256 over tensors, sorted by name. */
function hashOf(tensors: Tensors): string {
  const hash = createHash("sha256");
  for (const [name, { values }] of [...tensors].sort(([a], [b]) => a < b ? -1 : 1)) {
    hash.update(`${name}\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}

/** The largest difference between two nets' weights, and the largest weight. */
function distance(one: Tensors, other: Tensors): { largest: number; scale: number } {
  let [largest, scale] = [0, 0];
  for (const [name, { values }] of one) {
    const others = other.get(name)!.values;
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value - others[i]!));
      scale = Math.max(scale, Math.abs(value));
    }
  }
  return { largest, scale };
}
