/**
 * Command-line arguments: the part of JSR's `@std/cli/parse-args` that this project uses, with
 * the same calls and the same results, read by npm's minimist, from which the original was made.
 * Where JSR can be reached, one line of deno.json brings in the real one.
 *
 * @module
 */
import minimist from "minimist";

/** How arguments are to be read. A name is written without its dashes. */
export interface ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
> {
  /** Options that take no value; false where they are not given. */
  boolean?: readonly Booleans[];
  /** Options whose value stays a string, even if it looks like a number. */
  string?: readonly Strings[];
  /** Options whose values are all returned, in an array. Of any other option the last one counts. */
  collect?: readonly Collected[];
  /** Values of options that are not given. */
  default?: Defaults;
  /** Other names of options. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Called with each argument that no other field names. */
  unknown?: (arg: string) => void;
}

/** The arguments by name; `_` has those that are not options. */
export type Args<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
> =
  & { [name: string]: unknown; /** Arguments that are not options. */ _: (string | number)[] }
  & { [Name in Exclude<Booleans, Collected>]: boolean }
  & { [Name in Exclude<Strings, Collected | keyof Defaults>]?: string }
  & { [Name in Extract<Strings, keyof Defaults>]: string | Defaults[Name] }
  & { [Name in Extract<Collected, Strings>]: string[] }
  & { [Name in Extract<Collected, Booleans>]: boolean[] };

/** Keeps minimist, which would negate `name`, from seeing the `--no-` of `--no-name`. */
const HIDDEN = "\0";

/**
 * Reads arguments.
 *
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * const args = parseArgs(["table3", "--seeds", "3", "--dry-run"], {
 *   boolean: ["dry-run"],
 *   string: ["seeds"],
 * });
 * if (args._[0] !== "table3" || args.seeds !== "3" || !args["dry-run"]) throw new Error("parsed");
 * ```
 */
export function parseArgs<
  Booleans extends string = never,
  Strings extends string = never,
  Collected extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
>(
  args: string[],
  options: ParseOptions<Booleans, Strings, Collected, Defaults> = {},
): Args<Booleans, Strings, Collected, Defaults> {
  const { boolean = [], string = [], collect = [], alias = {}, unknown } = options;
  const namesOf = (name: string) => {
    const group = Object.entries(alias).map(([key, others]) => [key, ...[others].flat()])
      .find((names) => names.includes(name));
    return group ?? [name];
  };
  const collected = new Set((collect as readonly string[]).flatMap(namesOf));

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const given = args.slice(0, end).map((arg) =>
    /^--no-[^=]+$/.test(arg) ? arg.replace("--", `--${HIDDEN}`) : arg
  );
  const read = minimist([...given, ...args.slice(end)], {
    boolean: [...boolean],
    string: [...string],
    alias,
    ...(options.default && { default: options.default }),
    ...(unknown && { unknown: (arg: string) => (unknown(arg.replace(HIDDEN, "")), true) }),
  }) as Record<string, unknown>;

  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(read)) {
    const several = name === "_" || collected.has(name);
    result[name.replace(HIDDEN, "")] = several
      ? Array.isArray(value) ? value : absent(name, given, value) ? [] : [value]
      : Array.isArray(value)
      ? value.at(-1)
      : value;
  }
  for (const name of collected) result[name] ??= [];
  return result as ReturnType<typeof parseArgs<Booleans, Strings, Collected, Defaults>>;
}

/** Whether a collected boolean is false only because it was not given. */
function absent(name: string, given: readonly string[], value: unknown): boolean {
  return value === false && !given.some((arg) => arg.replace(/^--?/, "").startsWith(name));
}
