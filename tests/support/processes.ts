/** What Linux tells of a process. */

const NUMBERS = { SIGHUP: 1, SIGUSR1: 10 } as const;

/** Whether a process ignores a signal. */
export function isIgnored(pid: number, signal: keyof typeof NUMBERS): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mask = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(status)![1]}`);
  return (mask >> BigInt(NUMBERS[signal] - 1) & 1n) === 1n;
}

/** Local addresses, in hexadecimal, on which a process waits for connections. */
export function listensOn(pid: number): string[] {
  const own = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      own.add(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    } catch (error) {
      // closed meanwhile
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const LISTENING = "0A";
  return ["tcp", "tcp6"].flatMap((table) => {
    const rows = Deno.readTextFileSync(`/proc/${pid}/net/${table}`).trim().split("\n").slice(1);
    return rows.map((row) => row.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => {
        return state === LISTENING && own.has(`socket:[${inode}]`);
      })
      .map(([, address]) => address!);
  });
}
