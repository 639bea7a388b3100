/** The program as simulated threads run it: some of its modules rewritten, and the others as they are. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { PLANTED } from "./planted.ts";
import { weave, type Woven } from "./weave.ts";

/** Modules of the project whose file calls the simulation sees, with those that call them. */
const REWRITTEN = [
  ...["run", "notes", "scheduler", "run_queue", "image_caches"].map((name) =>
    `lib/executors/local/${name}`
  ),
  ...["mod", "client", "follow", "own_job", "records", "states", "submitter"].map((name) =>
    `lib/executors/slurm/${name}`
  ),
  ...["mod", "checkpoints", "leases", "results", "run_files", "whole_files"].map((name) =>
    `lib/store/${name}`
  ),
  ...["files", "file_errors", "processes", "signals", "checksums"].map((name) =>
    `lib/system/${name}`
  ),
  ...[
    "lib/executors/done_runs",
    "lib/weights/safetensors",
    "lib/results/sanity_checks",
    "lib/score",
  ],
  ...["process", "plan"].map((name) => `tests/simulation/${name}`),
];

/** Functions of the simulated system that take time. */
const PRIMITIVES = [
  ...["statSync", "openSync", "readTextFileSync", "writeSync", "syncSync", "utimeSync"],
  ...["readDirSync", "mkdirSync", "renameSync", "linkSync", "removeSync", "nextStep"],
];

const ROOT = new URL("../../", import.meta.url);

const urlOf = (name: string) => new URL(name, ROOT).href;

/** What stands in place of modules that would load TensorFlow or ask the machine. */
const SUBSTITUTES: Readonly<Record<string, unknown>> = {
  [urlOf("lib/executors/local/start_worker.ts")]: { RUN_THREADS: undefined },
  [urlOf("lib/vgg/train.ts")]: {
    CHECKPOINT_PAUSE: 300_000,
    Diverged: class extends Error {},
  },
  [urlOf("lib/system/environment.ts")]: { environment: () => ({ verydeep: "simulated" }) },
  [urlOf("lib/estimates/memory.ts")]: {
    ...{ memoryDoubt: () => undefined, imagesAtOnceFor: () => 1, shareFor: () => 1 },
    ...{ nextSmaller: () => undefined, IMAGE_CACHE_SHARE: 1 },
  },
  [urlOf("lib/system/machine.ts")]: {
    ...{ memory: () => 2 ** 30, cores: () => 2, runsAtOnce: (_: unknown, asked: number) => asked },
  },
  "node:crypto": { createHash: rememberedHash },
};

/** Hashes that were computed, by what they are of. */
const hashes = new Map<string, string>();

/** `createHash` of node:crypto; the same few texts are hashed in every history. */
function rememberedHash(algorithm: string) {
  let text = "";
  const hash = {
    update(part: string | Uint8Array) {
      text += Buffer.from(part as Uint8Array).toString("latin1");
      return hash;
    },
    digest(encoding: "hex") {
      let digest = hashes.get(text);
      if (digest === undefined) {
        digest = createHash(algorithm).update(text, "latin1").digest(encoding);
        if (hashes.size < 100_000) hashes.set(text, digest);
      }
      return digest;
    },
  };
  return hash;
}

/** A module's text as a function of what it uses. */
interface Module {
  readonly name: string;
  readonly imports: readonly string[];
  readonly text: string;
}

/** The modules of the program, ready to be loaded into any number of threads. */
export class Program {
  readonly #modules: readonly Module[];
  readonly #natives: ReadonlyMap<string, unknown>;

  private constructor(modules: readonly Module[], natives: ReadonlyMap<string, unknown>) {
    this.#modules = modules;
    this.#natives = natives;
  }

  /**
   * Reads and rewrites the modules.
   *
   * @param planted name of a defect to plant
   * @param isStrict whether to look for calls that wait although nobody expects it
   */
  static async read(planted?: string, isStrict = false): Promise<Program> {
    const sources = new Map(REWRITTEN.map((name) => {
      const text = Deno.readTextFileSync(new URL(`${name}.ts`, ROOT));
      return [urlOf(`${name}.ts`), withDefect(`${name}.ts`, text, planted)];
    }));
    const woven = weave(sources, PRIMITIVES, isStrict);
    const natives = new Map<string, unknown>();
    for (const name of [...woven.values()].flatMap(({ imports }) => imports)) {
      if (woven.has(name) || name === KERNEL || name === "node:process") continue;
      natives.set(name, SUBSTITUTES[name] ?? await import(name));
    }
    return new Program(inOrder(woven), natives);
  }

  /** Loads the modules for a thread. @returns what the last one, `process.ts`, exports */
  load({ kernel, process, ...globals }: Readonly<Record<string, unknown>>): unknown {
    const loaded = new Map(this.#natives);
    loaded.set(KERNEL, { kernel });
    loaded.set("node:process", { default: process });
    const names = ["$import", "$export", ...Object.keys(globals)];
    for (const { name, text } of this.#modules) {
      const run = new Function(...names, `let $t; ${text}\n//# sourceURL=woven:${name}`);
      run(
        (name: string) => loaded.get(name),
        (exported: unknown) => void loaded.set(name, exported),
        ...Object.values(globals),
      );
    }
    return loaded.get(urlOf("tests/simulation/process.ts"));
  }
}

const KERNEL = urlOf("tests/simulation/kernel.ts");

/** Modules after those that they import. */
function inOrder(woven: ReadonlyMap<string, Woven>): Module[] {
  const ordered = new Map<string, Module>();
  function add(name: string) {
    const { imports, text } = woven.get(name)!;
    if (ordered.has(name)) return;
    for (const other of imports) if (woven.has(other)) add(other);
    ordered.set(name, { name, imports, text });
  }
  for (const name of woven.keys()) add(name);
  return [...ordered.values()];
}

/** A module's text with a defect, if it is in this module. */
function withDefect(name: string, text: string, planted: string | undefined): string {
  const defect = planted === undefined ? undefined : PLANTED[planted];
  if (defect?.file !== name) return text;
  if (text.split(defect.line).length !== 2) {
    throw new Error(`Cannot plant "${planted}": ${name} has not this once: ${defect.line}`);
  }
  return text.replace(defect.line, () => defect.becomes);
}
