/** Files that are there and cannot be read: Deno's functions fail as the system makes them fail. */

/** Messages of the system's errors, as Deno gives them. */
const MESSAGES = {
  EIO: "Input/output error (os error 5)",
  ESTALE: "Stale file handle (os error 116)",
  EACCES: "Permission denied (os error 13)",
} as const;

const READERS = ["openSync", "readTextFileSync", "statSync", "readDirSync"] as const;

/** Does something while every file whose path contains `part` cannot be read. */
export function whileUnreadable<Result>(
  part: string,
  error: keyof typeof MESSAGES,
  work: () => Result,
  readers: readonly (typeof READERS)[number][] = READERS,
): Result {
  const whole = { ...Deno };
  for (const name of readers) {
    const real = Deno[name] as (path: string | URL, options?: Deno.OpenOptions) => unknown;
    const failing = (path: string | URL, options?: Deno.OpenOptions) => {
      const isWritten = options?.write ?? options?.append ?? false;
      if (!isWritten && String(path).includes(part)) {
        throw new Error(`${MESSAGES[error]}: ${name} '${path}'`);
      }
      return real(path, options);
    };
    Object.assign(Deno, { [name]: failing });
  }
  try {
    return work();
  } finally {
    for (const name of READERS) Object.assign(Deno, { [name]: whole[name] });
  }
}
