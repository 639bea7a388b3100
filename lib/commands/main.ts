/** The command line behind `cli.ts`: arguments in, a command's exit code out. */
import { helpOf, overview } from "../command_line/help.ts";
import { CATALOGUE } from "../command_line/catalogue.ts";
import { commandNamed } from "./mod.ts";
import { ownSetup, readCommandLine, resolveOptions } from "../command_line/options.ts";
import project from "../../deno.json" with { type: "json" };
import { Interruption, UsageError, UserError } from "../errors.ts";
import { didYouMean } from "../did_you_mean.ts";

/** Exit codes, from sysexits.h where it has one. */
const [DONE, FAILED, MISUSED, DEFECT] = [0, 1, 2, 70];

/** Carries out the command that `args` name, and explains its errors. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  return await carryOut(args).catch(explain);
}

async function carryOut(args: readonly string[]): Promise<number> {
  if (args.includes("--version")) return print(`verydeep ${project.version}`);
  const line = readCommandLine(args);
  const [name, ...words] = line.words;
  if (name === undefined) {
    print(overview());
    return line.given.help ? DONE : MISUSED;
  }

  const command = commandNamed(name) ?? noCommand(name);
  if (line.given.help) return print(helpOf(name));
  const most = command.words?.most ?? 0;
  if (words.length > most) {
    throw new UsageError(
      `${name} takes no argument "${words[most]}"; ${name} --help says what it takes`,
    );
  }
  const { takes } = command;
  const options = resolveOptions(line, { command: name, takes, ...await ownSetup(line) });
  return await command.run(options, words);
}

function noCommand(name: string): never {
  const names = Object.keys(CATALOGUE);
  throw new UsageError(
    `There is no command "${name}": the commands are ${names.join(", ")}.` +
      didYouMean(name, names),
  );
}

function print(text: string): number {
  console.log(text);
  return DONE;
}

/**
 * How Deno words what a disk refuses: EIO, EACCES, ENOSPC, EROFS, ESTALE, EDQUOT. Readers and writers
 * explain these themselves; this is for what none of them foresaw.
 */
const OF_DISK = /^([^(]*) \(os error (?:5|13|28|30|116|122)\): (\w+) '([^']*)'/;

/** What Deno's calls do, where their names say something else. */
const ACTIONS: Readonly<Record<string, string>> = {
  ...{ mkdir: "create", open: "open", readdir: "list", readfile: "read", remove: "remove" },
  ...{ rename: "rename", writefile: "write" },
};

/** What a machine refuses wherever it is asked for, with the way out; undefined for all other errors. */
export function refusalIn(message: string): string | undefined {
  if (/os error 24\b/.test(message)) {
    return `${message}; raise the limit of this session, as in ulimit -n 1024`;
  }
  const [, reason, call = "", file] = OF_DISK.exec(message) ?? [];
  if (file !== undefined) {
    return `Cannot ${
      ACTIONS[call] ?? "use"
    } "${file}": ${reason}; check its disk, its free space and ` +
      "its permissions";
  }
  const [, place] = /^Requires all access to (".*"), run again/.exec(message) ?? [];
  return place && `Cannot use ${place}: Deno keeps programs from the system's own files; name a ` +
      "folder elsewhere";
}

/** Explains an error on standard error. @returns the exit code */
function explain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Interruption) {
    console.error(message);
    return error.exitCode;
  }
  const refusal = refusalIn(message);
  console.error(`error: ${refusal ?? message}`);
  if (refusal !== undefined) return FAILED;
  if (error instanceof UsageError) return MISUSED;
  if (error instanceof UserError) return FAILED;
  console.error("This is a defect of verydeep; the stack below shows where.");
  console.error(error instanceof Error ? error.stack : error);
  return DEFECT;
}
