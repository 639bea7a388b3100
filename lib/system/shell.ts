/** A word of a command line, quoted if a POSIX shell would interpret it. */
export function shellWord(word: string): string {
  return /^[\w.,:=/%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
