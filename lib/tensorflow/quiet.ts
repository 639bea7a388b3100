/** Keeps native code from writing to standard error. */

/** The C library, by platform. */
const LIBC = Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

const STDERR = 2;
const WRITE_ONLY = 1;

/**
 * Calls a function while the process's standard error goes to /dev/null: oneDNN and Abseil write two
 * lines while TensorFlow's library is opened, before any setting of its log is read. Errors are still
 * thrown. Two threads must not do this at once.
 */
export function withoutStderr<Result>(act: () => Result): Result {
  const libc = Deno.dlopen(LIBC, {
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { dup, dup2, open, close } = libc.symbols;
  const kept = dup(STDERR);
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), WRITE_ONLY);
  try {
    dup2(nowhere, STDERR);
    return act();
  } finally {
    dup2(kept, STDERR);
    close(kept);
    close(nowhere);
    libc.close();
  }
}
