/** Runs tests under other environment variables. */

/** Does `work` while these variables are set, and then puts the old ones back. */
export async function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  work: () => T | Promise<T>,
): Promise<T> {
  const before = new Map(Object.keys(variables).map((name) => [name, Deno.env.get(name)]));
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}
