/** Reads JSON that people write. */

/**
 * Parses JSON that people write. A byte order mark, with which some editors begin, is no part of it.
 *
 * @throws {SyntaxError} It is not JSON, or an object has a field twice, of which only one could count. The
 * message is a clause about "it".
 */
export function parseJson(text: string): unknown {
  const json = text.replace(/^\ufeff/, "");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new SyntaxError(`it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const twice = fieldTwice(json);
  if (twice === undefined) return value;
  throw new SyntaxError(`it has the field ${twice} twice in one object; remove one of them`);
}

/** A field that an object in valid JSON has twice, as it is written; undefined if there is none. */
function fieldTwice(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [, text, colon, brace] of json.matchAll(STRINGS_AND_BRACES)) {
    if (brace === "{") open.push(new Set());
    else if (brace === "}") open.pop();
    else if (colon !== undefined) {
      const [fields, name] = [open.at(-1)!, JSON.parse(text!) as string];
      if (fields.has(name)) return text;
      fields.add(name);
    }
  }
  return undefined;
}

/** Strings in JSON, those that name fields with a colon, and the braces of objects. */
const STRINGS_AND_BRACES = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{}])/g;
