/** A failure that the user can mend: its message is shown without a stack. */
export class UserError extends Error {
  /** Its class, for messages. */
  override readonly name: string = "UserError";
}

/** A file that is there and cannot be read: its disk fails, or its permissions forbid it. */
export class UnreadableError extends UserError {}

/** The user, or the system, asked the program to end. */
export class Interruption extends UserError {
  override readonly name = "Interruption";
  /** 128 and the signal's number, as shells count. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("Stopped. The same command continues from here.");
    this.exitCode = exitCode;
  }
}

/** A command line that cannot be carried out as it is written. */
export class UsageError extends UserError {}

/** Control characters, ends of lines, and characters that turn the direction of those behind them. */
const ODD = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A name with control characters escaped as in JSON, so that it stays one line of any output, and moves none
 * of the numbers beside it.
 */
export function printable(name: string): string {
  return name.replace(ODD, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character
      ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
      : escaped;
  });
}

/** The first text in a value that is not printable as it is; undefined if there is none. */
export function oddTextIn(value: unknown): string | undefined {
  if (typeof value === "string") return printable(value) === value ? undefined : value;
  if (typeof value !== "object" || value === null) return undefined;
  for (const part of Object.entries(value).flat()) {
    const odd = oddTextIn(part);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

/**
 * What is wrong with a value of a user's file that has a text which is not one line, as the end of a sentence:
 * it could overwrite numbers on a terminal. Undefined if all its texts are.
 */
export function textFault(value: unknown): string | undefined {
  const odd = oddTextIn(value);
  return odd === undefined
    ? undefined
    : `${quote(odd)} has a line break or another control character; write it in one line`;
}

/** A stranger's text as one line in which no letter is an order to a terminal. */
export function harmless(text: string): string {
  return text.replace(/\p{C}|[\u2028\u2029]/gu, "\ufffd");
}

/** A printable name in quotation marks. */
export function quote(name: string): string {
  return `"${printable(name)}"`;
}

/** The first names of a list, and how many more there are: `a, b, c and 9 more`. */
export function firstOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(", ");
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}
