/** Packages of this machine's Python that tests compare with. */
import { answer, python } from "../../lib/system/subprocess.ts";

/** Versions of packages, in their order; undefined where one is missing, or Python is. */
export async function versionsOf(...names: readonly string[]): Promise<string[] | undefined> {
  const versions = names.map((name) => `version(${JSON.stringify(name)})`).join(", ");
  const script = `from importlib.metadata import version; print(${versions})`;
  return (await answer([...python(), "-c", script]))?.split(" ");
}
