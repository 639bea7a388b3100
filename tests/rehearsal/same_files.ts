/**
 * Compares two folders of results file by file: tables, weights and posteriors.
 *
 * @module
 */
import { join, relative } from "node:path";
import { entriesIn } from "../../lib/system/files.ts";
import { readSafetensors } from "../../lib/weights/safetensors.ts";

/** The files that decide whether two stores hold the same results, by their names. */
export const FILE_KINDS = {
  tables: { words: "tables (CSV, Markdown, LaTeX)", name: /\.(csv|md|tex)$/ },
  weights: { words: "weights of trained nets", name: /^weights\.safetensors$/ },
  posteriors: { words: "posteriors", name: /^posteriors\.safetensors$/ },
} as const;

/** A kind of files. */
export type FileKind = keyof typeof FILE_KINDS;

/** Files that are the same, byte by byte, and files that are not. */
export interface ComparedFiles {
  readonly same: readonly string[];
  readonly different: readonly { readonly file: string; readonly detail: string }[];
}

/** Compares the files of each kind; paths are relative to the folders. */
export function comparison(one: string, other: string): Record<FileKind, ComparedFiles> {
  const files = [...new Set([...pathsIn(one), ...pathsIn(other)])].sort();
  return {
    tables: compared("tables", files, [one, other]),
    weights: compared("weights", files, [one, other]),
    posteriors: compared("posteriors", files, [one, other]),
  };
}

function compared(
  kind: FileKind,
  files: readonly string[],
  folders: readonly [string, string],
): ComparedFiles {
  const of = files.filter((file) => FILE_KINDS[kind].name.test(file.split("/").at(-1)!));
  const found = of.map((file) => ({
    file,
    detail: difference(folders.map((at) => join(at, file))),
  }));
  return {
    same: found.filter(({ detail }) => detail === undefined).map(({ file }) => file),
    different: found.flatMap(({ file, detail }) => detail === undefined ? [] : { file, detail }),
  };
}

function pathsIn(folder: string, below = folder): string[] {
  return entriesIn(below).flatMap(({ name, isDirectory }) => {
    const path = join(below, name);
    return isDirectory ? pathsIn(folder, path) : [relative(folder, path)];
  });
}

/** How two files differ; undefined if they have the same bytes. */
function difference(files: readonly string[]): string | undefined {
  const [one, other] = files.map(bytesOf);
  if (one === undefined || other === undefined) return "only one folder has it";
  if (one.length === other.length && one.every((byte, i) => byte === other[i])) return undefined;
  if (!files[0]!.endsWith(".safetensors")) return lineThatDiffers(one, other);
  const [tensors, others] = files.map((file) => readSafetensors(file).tensors);
  let largest = 0;
  for (const [name, { values }] of tensors!) {
    const against = others!.get(name)?.values;
    if (against?.length !== values.length) return `${name} has another shape`;
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(Number(value) - Number(against[i])));
    }
  }
  return `the largest difference of two numbers is ${largest.toPrecision(2)}`;
}

function bytesOf(file: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function lineThatDiffers(one: Uint8Array, other: Uint8Array): string {
  const [lines, others] = [one, other].map((bytes) => new TextDecoder().decode(bytes).split("\n"));
  const line = lines!.findIndex((text, i) => text !== others![i]);
  return `line ${line + 1} is "${lines![line] ?? ""}" and "${others![line] ?? ""}"`;
}
