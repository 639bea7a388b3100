/** What a folder's README says, against what the folder has. */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const LIB = fileURLToPath(new URL("../../lib/", import.meta.url));

/** The code blocks of a README below lib/, as in `tensorflow`. */
export function codeBlocksOf(folder: string): string[] {
  const text = Deno.readTextFileSync(join(LIB, folder, "README.md"));
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code!);
}

/** Files of lib/ outside a folder that the README's last section names. */
export function importsStatedIn(folder: string): string[] {
  const text = Deno.readTextFileSync(join(LIB, folder, "README.md")).split(
    "## What it imports",
  )[1]!;
  const names = Array.from(text.matchAll(/`(?:lib\/)?([a-z_]+\.ts)`/g), ([, name]) => name!);
  return names.map((name) => ["errors.ts", "numbers.ts"].includes(name) ? name : `system/${name}`)
    .sort();
}

/** Files of lib/ outside a folder that its modules need, themselves or by way of others; types too. */
export function importsOf(folder: string): string[] {
  const seen = new Set(modulesIn(join(LIB, folder)));
  for (const file of seen) {
    const text = Deno.readTextFileSync(file);
    for (const [, path] of text.matchAll(/(?:from|import\() ?"(\.[^"]+\.ts)"/g)) {
      seen.add(join(dirname(file), path!));
    }
  }
  return [...seen].map((file) => relative(LIB, file)).filter((file) =>
    !file.startsWith(`${folder}/`)
  ).sort();
}

function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* modulesIn(join(folder, name));
    else if (name.endsWith(".ts")) yield join(folder, name);
  }
}
