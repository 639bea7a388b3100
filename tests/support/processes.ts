/** What Linux tells of a process. */

const NUMBERS = { SIGHUP: 1, SIGUSR1: 10, SIGXFSZ: 25 } as const;

/**
 * What a program prints to standard output. Tests look at other processes through programs, as only a
 * Deno that may do everything reads /proc.
 */
export function printed(program: string, ...args: readonly string[]): string {
  const { stdout } = new Deno.Command(program, { args: [...args] }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** Status of a process as /proc has it; empty if it has ended, or where there is none. */
export function statusOf(pid: number): string {
  return printed("cat", `/proc/${pid}/status`);
}

/** Whether a process ignores a signal. */
export function isIgnored(pid: number, signal: keyof typeof NUMBERS): boolean {
  const mask = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(statusOf(pid))![1]}`);
  return (mask >> BigInt(NUMBERS[signal] - 1) & 1n) === 1n;
}

/** Local addresses, in hexadecimal, on which a process waits for connections. */
export function listensOn(pid: number): string[] {
  const own = new Set(printed("find", `/proc/${pid}/fd`, "-printf", "%l\n").split("\n"));
  const LISTENING = "0A";
  return ["tcp", "tcp6"].flatMap((table) => {
    const rows = printed("cat", `/proc/${pid}/net/${table}`).trim().split("\n").slice(1);
    return rows.map((row) => row.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => {
        return state === LISTENING && own.has(`socket:[${inode}]`);
      })
      .map(([, address]) => address!);
  });
}
