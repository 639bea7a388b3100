/** A folder with a data set and a store, in which commands run, and what they print. */
import { CATALOGUE } from "../../lib/command_line/catalogue.ts";
import { commandNamed } from "../../lib/commands/mod.ts";
import { type Options, readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { describedStudy } from "../../lib/command_line/known_runs.ts";
import type { DatasetInfo } from "../../lib/datasets/dataset.ts";
import type { Study } from "../../lib/results/study.ts";
import { folderWith } from "./datasets.ts";
import { noisyPng } from "./tiny.ts";

/** The least of nets and trainings: 12 updates at S = 256, of 28-pixel crops. */
export const TINY = [
  ...["width=0.03125", "fc=16", "batch=4", "validations=2"],
  ...["schedules.first.images=48", "schedules.finer.images=24", "schedules.jittered.images=48"],
].join(",");

/** A folder with twelve training images and six for validation, in two classes. */
export function tinyFolder(folder?: string): string {
  const files = Object.fromEntries(Array.from({ length: 18 }, (_, i) => {
    const path = `${i < 12 ? "train" : "val"}/${i % 2 ? "odd" : "even"}/${i}.png`;
    return [path, noisyPng(32 + 4 * (i % 3), 40 - 2 * (i % 3), 10_000 * i)];
  }));
  return folderWith(files, folder);
}

/** Such a folder, a store in it, and what commands print about them. */
export class CommandSandbox implements Disposable {
  readonly folder = tinyFolder();

  /** Options of a command here; those in `args` replace the sandbox's own. */
  options(command: string, ...args: string[]): Options {
    const { takes } = CATALOGUE[command]!;
    const own = ([
      ...[["setup", "smoke"], ["dataset", "folder"], ["set", TINY]] as const,
      ...[["data", this.folder], ["results", `${this.folder}/results`]] as const,
    ] as const).filter(([name]) => takes.includes(name) && !args.includes(`--${name}`))
      .map(([name, value]) => [`--${name}`, value]);
    const line = readCommandLine([...own.flat(), ...args]);
    return resolveOptions(line, { command, takes });
  }

  /** The study that a command works on. */
  async study(options: Options): Promise<Study<DatasetInfo>> {
    return await describedStudy(options);
  }

  /** What a command prints as JSON. */
  // deno-lint-ignore no-explicit-any
  async records(command: string, words: string[], ...args: string[]): Promise<any[]> {
    return JSON.parse(await this.printed(command, words, ...args, "--format", "json"));
  }

  /** What a command prints on standard output. */
  async printed(command: string, words: string[], ...args: string[]): Promise<string> {
    const options = this.options(command, ...args);
    const { log } = console;
    let out = "";
    console.log = (text: string) => out += `${text}\n`;
    try {
      await commandNamed(command)!.run(options, words);
    } finally {
      console.log = log;
    }
    return out;
  }

  [Symbol.dispose]() {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
