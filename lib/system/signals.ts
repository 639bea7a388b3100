/** Handles signals for which Deno's default is harmful. */

/** Signals that stop a program at its next checkpoint, with the exit codes that shells report. */
export const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const;

/** The signal that a job of a cluster gets before its time limit. */
export const TIME_LIMIT_SIGNAL = "SIGUSR2";

/** Numbers of signals, by platform. */
const SIGHUP = 1;
const SIGUSR1 = Deno.build.os === "darwin" ? 30 : 10;
const SIGXFSZ = 25;

/** The C library, by platform. */
const LIBC = Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

/** C's SIG_IGN. */
const IGNORED = 1n;

/** Whether SIGHUP was ignored when this program started, as under `nohup`. */
let isHangupIgnored = false;

/** The signals that stop this program: all, except an ignored SIGHUP. */
export function stopSignals(): (keyof typeof STOP_SIGNALS)[] {
  const names = Object.keys(STOP_SIGNALS) as (keyof typeof STOP_SIGNALS)[];
  return names.filter((name) => name !== "SIGHUP" || !isHangupIgnored);
}

/**
 * Calls `onStop` with an exit code at the first signal that stops this program. A second Ctrl-C ends
 * the program. Other signals come twice where they go to all processes of a group and `deno task`
 * passes them on, too.
 *
 * @returns a function that ends the listening
 */
export function onStopSignal(onStop: (exitCode: number) => void): () => void {
  let isStopping = false;
  const listeners = stopSignals().map((name) => {
    const listener = () => {
      const isFirst = !isStopping;
      isStopping = true;
      if (isFirst) onStop(STOP_SIGNALS[name]);
      else if (name === "SIGINT") Deno.exit(STOP_SIGNALS[name]);
    };
    Deno.addSignalListener(name, listener);
    return [name, listener] as const;
  });
  return () => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
}

/**
 * Makes SIGUSR1 harmless, and leaves an ignored SIGHUP ignored. At SIGUSR1, Deno would open a debugger
 * port, through which every user of the machine could run code in this program. At SIGHUP, Deno's
 * handlers would end this program. At SIGXFSZ, a file beyond the user's limit would end it without a
 * word; ignored, writing fails. Called once, when the program starts.
 *
 * Without permission to call C, SIGUSR1 and SIGXFSZ end the program, as by default.
 */
export function settleSignals() {
  if (Deno.build.os === "windows") return;
  const mayCallC = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  if (!mayCallC) return listenToUser1();
  using libc = openLibrary();
  const ignore = Deno.UnsafePointer.create(IGNORED);
  const before = libc.signal(SIGHUP, ignore);
  isHangupIgnored = Deno.UnsafePointer.value(before) === IGNORED || isUnderNohup();
  if (!isHangupIgnored) libc.signal(SIGHUP, before);
  // Deno installs its handlers at the first listener only, so the next calls are not undone
  listenToUser1();
  libc.signal(SIGUSR1, ignore);
  libc.signal(SIGXFSZ, ignore);
  if (isHangupIgnored) libc.signal(SIGHUP, ignore);
}

/**
 * Whether a shell started this program, or `deno task` before it, with `nohup`: `deno task` handles all
 * signals, so that what it starts inherits no ignored one. Shells name the command that they run.
 */
function isUnderNohup(): boolean {
  const mayReadVariables = Deno.permissions.querySync({ name: "env" }).state === "granted";
  return mayReadVariables && /(^|\/)nohup$/.test(Deno.env.get("_") ?? "");
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
