/** A failure that its user can mend: shown as its message alone, without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}

/** The user, or the system, asked the program to end. */
export class Interruption extends UserError {
  override readonly name = "Interruption";
  /** 128 and the signal's number, as shells count. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("Stopped. The same command goes on from here.");
    this.exitCode = exitCode;
  }
}

/** A command line that cannot be carried out as it is written. */
export class UsageError extends UserError {}

/** A name in quotation marks, with control characters escaped, so that a message stays one line. */
export function quote(name: string): string {
  return JSON.stringify(name);
}

/** The first names of a list, and how many more there are: `a, b, c and 9 more`. */
export function firstOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(", ");
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}
