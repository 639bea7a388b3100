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
  Negatable extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
  DoubleDash extends boolean = boolean,
> {
  /** Options that take no value; false where they are not given. */
  boolean?: readonly Booleans[];
  /** Options whose value stays a string, even if it looks like a number. */
  string?: readonly Strings[];
  /** Options that may be given several times: all their values, in an array. Of others the last. */
  collect?: readonly Collected[];
  /** Options that `--no-<name>` sets to false. */
  negatable?: readonly Negatable[];
  /** Values of options that are not given. */
  default?: Defaults;
  /** Other names of options. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Stops reading options at the first argument that is none. */
  stopEarly?: boolean;
  /** Puts what stands after `--` into a field of that name, and not into `_`. */
  "--"?: DoubleDash;
  /**
   * Called with each argument that no other field names; for an option also with its name and
   * value. The argument is left out where this returns false.
   */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What was read. */
export type Args<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = never,
  Negatable extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
  DoubleDash extends boolean = false,
> =
  & { [name: string]: unknown; /** Arguments that are no options. */ _: (string | number)[] }
  & { [Name in Exclude<Booleans, Collected>]: boolean }
  & {
    [Name in Exclude<Strings, Collected | keyof Defaults>]?:
      | string
      | (Name extends Negatable ? false : never);
  }
  & { [Name in Extract<Strings, keyof Defaults>]: string | Defaults[Name] }
  & { [Name in Extract<Collected, Strings>]: string[] }
  & { [Name in Extract<Collected, Booleans>]: boolean[] }
  & (DoubleDash extends true ? { "--": string[] } : unknown);

/** Hides a `--no-` that is part of a name from minimist, which would always negate. */
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
  Negatable extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
  DoubleDash extends boolean = false,
>(
  args: string[],
  options: ParseOptions<Booleans, Strings, Collected, Negatable, Defaults, DoubleDash> = {},
): Args<Booleans, Strings, Collected, Negatable, Defaults, DoubleDash> {
  const { boolean = [], string = [], collect = [], negatable = [], alias = {}, unknown } = options;
  const namesOf = (name: string) => {
    const group = Object.entries(alias).map(([key, others]) => [key, ...[others].flat()])
      .find((names) => names.includes(name));
    return group ?? [name];
  };
  const collected = new Set((collect as readonly string[]).flatMap(namesOf));
  const negated = new Set((negatable as readonly string[]).flatMap(namesOf));

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const given = args.slice(0, end).map((arg) => {
    const [, name] = arg.match(/^--no-([^=]+)$/) ?? [];
    return name === undefined || negated.has(name) ? arg : arg.replace("--", `--${HIDDEN}`);
  });
  const read = minimist([...given, ...args.slice(end)], {
    boolean: [...boolean],
    string: [...string],
    alias,
    ...(options.default && { default: options.default }),
    ...(options.stopEarly && { stopEarly: true }),
    ...(options["--"] && { "--": true }),
    ...(unknown && { unknown: (arg: string) => unknown(...explain(arg, args.slice(0, end))) }),
  }) as Record<string, unknown>;

  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(read)) {
    const several = name === "_" || name === "--" || collected.has(name);
    result[name.replace(HIDDEN, "")] = several
      ? Array.isArray(value) ? value : absent(name, given, value) ? [] : [value]
      : Array.isArray(value)
      ? value.at(-1)
      : value;
  }
  for (const name of collected) result[name] ??= [];
  return result as ReturnType<
    typeof parseArgs<Booleans, Strings, Collected, Negatable, Defaults, DoubleDash>
  >;
}

/** Whether a collected boolean is false only because it was not given. */
function absent(name: string, given: readonly string[], value: unknown): boolean {
  return value === false && !given.some((arg) => arg.replace(/^--?/, "").startsWith(name));
}

/** An unknown argument as it was written, and the name and value of an option. */
function explain(arg: string, args: readonly string[]): [string, string?, unknown?] {
  const written = arg.replace(HIDDEN, "");
  const [, name, value] = written.match(/^--?([^=]+)(?:=(.*))?$/s) ?? [];
  if (name === undefined) return [written];
  const next = args[args.indexOf(written) + 1];
  return [written, name, value ?? (next === undefined || next.startsWith("-") ? true : next)];
}
