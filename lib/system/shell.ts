/** A word of a command line, quoted where a POSIX shell would not take it as it is. */
export function shellWord(word: string): string {
  return /^[\w.,:=/%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
