/** Checks JSON that people write, and explains errors in it. */
import * as z from "zod";
import { didYouMean } from "./did_you_mean.ts";

export { z };

/**
 * Describes the first error of a value: its path and what is wrong; for an unknown field, the nearest
 * known one. Nothing if the value is valid.
 *
 * ```ts
 * import { flaw, z } from "./schema.ts";
 *
 * const schema = z.strictObject({ job: z.strictObject({ time: z.string().optional() }) });
 * const found = flaw({ job: { tme: "1:00:00" } }, schema);
 * if (!found?.endsWith('Did you mean "time"?')) throw new Error(found);
 * ```
 */
export function flaw(value: unknown, schema: z.ZodType): string | undefined {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return undefined;
  const place = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return `${place || "all of it"}: ${issue.message}`;
  const fields = fieldsAt(issue.path, schema);
  const [unknown = ""] = issue.keys;
  return `there is no field "${[...issue.path, unknown].join(".")}": the fields` +
    `${place && ` of ${place}`} are ${fields.join(", ")}.${didYouMean(unknown, fields)}`;
}

/** Names of the fields that an object may have at a path. */
function fieldsAt([next, ...rest]: readonly PropertyKey[], schema: z.ZodType): string[] {
  if (schema instanceof z.ZodOptional) {
    return fieldsAt(next === undefined ? [] : [next, ...rest], schema.unwrap() as z.ZodType);
  }
  if (!(schema instanceof z.ZodObject)) return [];
  if (next === undefined) return Object.keys(schema.shape);
  return fieldsAt(rest, schema.shape[String(next)] as z.ZodType);
}
