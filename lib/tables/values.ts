/** What files of the user's own hold: JSON as data, or the exports of a module, which is run. */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { UserError } from "../errors.ts";
import { parseJson } from "../system/json.ts";
import { reading } from "../system/file_errors.ts";

/** Makes the error of a file. */
export type Refuse = (fault: string) => UserError;

/** The value of a JSON file. @throws {UserError} It cannot be read, or is not JSON. */
export function jsonIn(file: string, refuse: Refuse): unknown {
  try {
    return parseJson(readText(file, refuse));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, cause } = error;
    throw refuse(cause ? `${message}; a file with code is one that ends in .ts` : message);
  }
}

function readText(file: string, refuse: Refuse): string {
  try {
    return reading(file, () => Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refuse("there is no such file");
    throw error;
  }
}

/**
 * Runs a module with the permissions of this process.
 *
 * @returns its exports
 * @throws {UserError} It cannot be read, or throws; the message has the place in it.
 */
export async function exportsOf(file: string, refuse: Refuse): Promise<Record<string, unknown>> {
  readText(file, refuse); // a missing file is no fault of a module
  const url = pathToFileURL(file).href;
  try {
    return await import(url);
  } catch (error) {
    throw refuse(thrownInWords(error, { url, name: basename(file) }));
  }
}

/**
 * The value of a file: of JSON, or the default export of a module, which is run; undefined if it has none.
 *
 * @throws {UserError} It cannot be read, is not JSON, or throws.
 */
export async function valueOf(file: string, refuse: Refuse): Promise<unknown> {
  return file.endsWith(".json") ? jsonIn(file, refuse) : (await exportsOf(file, refuse)).default;
}

/** Why a module could not be run, in a line with the place in it. */
function thrownInWords(
  error: unknown,
  { url, name }: { readonly url: string; readonly name: string },
): string {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  const [first = ""] = error.message.split("\n");
  const text = `${error.message}\n${error.stack ?? ""}`;
  const at = text.split(url).slice(1).map((rest) => /^:\d+:\d+/.exec(rest)?.[0])
    .find((place) => place !== undefined);
  const what = first.replaceAll(/ at file:\S+$/g, "").replaceAll(url, name);
  return `it throws ${what}${at === undefined ? "" : ` (${name}${at})`}`;
}
