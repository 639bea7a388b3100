/** What signals do to this program, where Deno's own way would do harm. */

/** Signals that stop a program at its next checkpoint, with the exit codes that shells report. */
export const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const;

/** The signal that a job of a cluster gets before its time limit. */
export const TIME_LIMIT_SIGNAL = "SIGUSR2";

/** Numbers of signals, by platform. */
const SIGHUP = 1;
const SIGUSR1 = Deno.build.os === "darwin" ? 30 : 10;

/** The C library, by platform. */
const LIBC = Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

/** C's SIG_IGN. */
const IGNORED = 1n;

/** Whether SIGHUP was ignored when this program started, as `nohup` has it. */
let isHangupIgnored = false;

/** The signals that stop this program: all of them, but SIGHUP where it is ignored. */
export function stopSignals(): (keyof typeof STOP_SIGNALS)[] {
  const names = Object.keys(STOP_SIGNALS) as (keyof typeof STOP_SIGNALS)[];
  return names.filter((name) => name !== "SIGHUP" || !isHangupIgnored);
}

/**
 * Makes SIGUSR1 harmless, and leaves an ignored SIGHUP ignored. Deno would open its debugger on a port
 * at SIGUSR1, where every user of the machine could run code in this program; and its own handlers
 * would end this program at SIGHUP. Called once, when the program starts.
 *
 * Where Deno does not permit calls of C, SIGUSR1 ends the program, as it does by default.
 */
export function settleSignals() {
  if (Deno.build.os === "windows") return;
  const mayCallC = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  if (!mayCallC) return listenToUser1();
  using libc = openLibrary();
  const ignore = Deno.UnsafePointer.create(IGNORED);
  const before = libc.signal(SIGHUP, ignore);
  isHangupIgnored = Deno.UnsafePointer.value(before) === IGNORED;
  if (!isHangupIgnored) libc.signal(SIGHUP, before);
  // Deno puts handlers in place at the first listener only: what follows stays as it is
  listenToUser1();
  libc.signal(SIGUSR1, ignore);
  if (isHangupIgnored) libc.signal(SIGHUP, ignore);
}

function listenToUser1() {
  Deno.addSignalListener("SIGUSR1", () => Deno.exit(128 + SIGUSR1));
}

/** C's `signal`: sets what a signal does, and returns what it did before. */
function openLibrary() {
  const libc = Deno.dlopen(LIBC, {
    signal: { parameters: ["i32", "pointer"], result: "pointer" },
  });
  return { signal: libc.symbols.signal, [Symbol.dispose]: () => libc.close() };
}
