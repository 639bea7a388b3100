/** Command lines in processes of their own, as users start them. */
import { fileURLToPath } from "node:url";
import { lines } from "../../lib/bench/contestant.ts";
import type { PlannedRun } from "../../lib/plan.ts";
import { openStore, type Store } from "../../lib/store/mod.ts";
import { commandLine } from "./tasks.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A data set of 80 pictures. */
export const DATA = "scenes.classes=2,scenes.train=64,scenes.val=16,validationImages=16";
/** Settings of a training that takes minutes. */
export const LONG = `${DATA},schedules.first.images=640000,validations=4000`;

/** Where the output of a process goes, and what stands before its command line. */
export interface StartOptions {
  readonly stdout?: "null" | "piped";
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the pictures; below the other folder if absent. */
  readonly data?: string;
}

/**
 * A command line in a process of its own, with the permissions of its task, which keeps everything in a
 * folder.
 */
export function start(
  folder: string,
  args: readonly string[],
  { stdout = "null", before = [], env = {}, data = `${folder}/data` }: StartOptions = {},
) {
  const [program, ...others] = [...before, Deno.execPath()];
  return new Deno.Command(program!, {
    args: [
      ...others,
      ...[...commandLine(...args), "--setup", "smoke"],
      ...["--data", data, "--results", folder],
    ],
    ...{ cwd: ROOT, env, stdin: "null", stdout, stderr: "piped" },
  }).spawn();
}

/** The store that processes have in a folder, as soon as it is as it should be. */
export async function storeIn(folder: string, isReady: (store: Store) => boolean): Promise<Store> {
  for (;;) {
    const place = [...Deno.readDirSync(folder)].find(({ name }) => name.startsWith("smoke-"));
    const store = openStore(`${folder}/${place?.name}`);
    if (isReady(store)) return store;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A training in a process of its own, once it has come so far. */
export async function training(
  folder: string,
  hasCome: (store: Store, run: PlannedRun) => boolean,
  { set = LONG, more = [], ...options }: StartOptions & {
    readonly set?: string;
    readonly more?: readonly string[];
  } = {},
) {
  const args = ["train", "--config", "A", "--S", "256", "--set", set, ...more];
  const child = start(folder, args, options);
  const says = lines(child.stderr);
  const store = await storeIn(folder, (store) => {
    const [run] = store.runs();
    return run !== undefined && hasCome(store, run);
  });
  return { child, says, store, run: store.runs()[0]! };
}

/** What a process came to. */
export async function outcome(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
