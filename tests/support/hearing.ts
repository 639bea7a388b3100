/** What work within this process writes on standard error. */

/** Does `work`; what it writes on standard error comes back with its result. */
export async function hearing<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly said: string }> {
  const { error } = console;
  let said = "";
  console.error = (text: string) => said += `${text}\n`;
  try {
    return { result: await work(), said };
  } finally {
    console.error = error;
  }
}
