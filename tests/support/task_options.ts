/** Options of the tasks for those who change the code, such as `deno task fuzz`. */
import { parseArgs } from "@std/cli/parse-args";
import { didYouMean } from "../../lib/did_you_mean.ts";
import { UsageError } from "../../lib/errors.ts";

/** What a task's command line may have, and what its help says. */
export interface TaskUsage<Name extends string = string> {
  /** Its arguments, such as `[WORDS]`. */
  readonly words?: string;
  readonly summary: string;
  /** A line for each option. */
  readonly options?: Readonly<Record<Name, { readonly value: string; readonly text: string }>>;
  /** What the exit codes mean, and what else there is to say. */
  readonly notes: string;
}

/** A task's command line. */
export interface TaskLine<Name extends string> {
  readonly words: readonly string[];
  readonly given: Readonly<Partial<Record<Name, string>>>;
}

/** The help of a task. */
export function helpOfTask(
  task: string,
  { words = "", summary, options = {}, notes }: TaskUsage,
): string {
  const listed = [
    ...Object.entries(options).map(([name, { value, text }]) => [`--${name} ${value}`, text]),
    ["--help", "this text"],
  ] as [string, string][];
  const width = Math.max(...listed.map(([name]) => name.length));
  return [
    ...[
      "usage:",
      `  deno task ${task}${words && ` ${words}`}${listed.length > 1 ? " [OPTIONS]" : ""}`,
    ],
    ...["", summary, "", "options:"],
    ...listed.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    ...["", notes],
  ].join("\n");
}

/**
 * Reads a task's command line.
 *
 * @returns undefined where help is asked for
 * @throws {UsageError} An option is unknown, or lacks its value.
 */
export function taskLine<Name extends string>(
  task: string,
  args: readonly string[],
  { words, options }: TaskUsage<Name>,
): TaskLine<Name> | undefined {
  const names = Object.keys(options ?? {}) as Name[];
  const refuse = (problem: string): never => {
    throw new UsageError(`${problem}; deno task ${task} --help lists what it takes`);
  };
  const { _: rest, help, ...read } = parseArgs([...args], {
    boolean: ["help"],
    string: names,
    alias: { help: "h" },
    unknown(arg) {
      if (!arg.startsWith("-")) return;
      const slip = didYouMean(
        arg.replace(/=.*/, ""),
        [...names, "help"].map((name) => `--${name}`),
      );
      refuse(`There is no option "${arg}"${slip && `.${slip.replace(/\?$/, "")}`}`);
    },
  });
  if (help) return undefined;
  const given: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = read[name];
    if (value === "") refuse(`--${name} needs a value, ${options![name].value}`);
    if (typeof value === "string") given[name] = value;
  }
  if (rest.length > 0 && words === undefined) refuse(`There is no argument "${rest[0]}"`);
  return { words: rest.map(String), given };
}

/**
 * The value of an option that counts something.
 *
 * @throws {UsageError} It is no number above 0, or no whole number where it must be one.
 */
export function countIn<Name extends string>(
  { given }: TaskLine<Name>,
  name: Name,
  { least = 1, isWhole = true }: { readonly least?: number; readonly isWhole?: boolean } = {},
): number | undefined {
  const text = given[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  const isRight = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value) && value > 0;
  if (isRight && value >= least) return value;
  const wanted = isWhole ? `a whole number, ${least} or more` : "a number above 0";
  throw new UsageError(`--${name} ${text} is not ${wanted}`);
}

/**
 * Carries a task out: prints its help where that is asked for, and explains a command line that cannot
 * be carried out. @returns the exit code
 */
export async function runTask<Name extends string>(
  task: string,
  usage: TaskUsage<Name>,
  work: (line: TaskLine<Name>) => Promise<number>,
): Promise<number> {
  try {
    const line = taskLine(task, Deno.args, usage);
    if (line !== undefined) return await work(line);
    console.log(helpOfTask(task, usage));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`error: ${error.message}`);
    return 2;
  }
}
