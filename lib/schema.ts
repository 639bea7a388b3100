/** Checks values that people write, and explains what is wrong with them. */
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
  const issues = schema.safeParse(value).error?.issues.map(nearestIssue) ?? [];
  // a misspelled field is missing, too: its spelling is the fault
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue === undefined) return undefined;
  const place = pathText(issue.path);
  if (issue.code !== "unrecognized_keys") return `${place || "all of it"}: ${issue.message}`;
  const fields = fieldsAt(issue.path, schema);
  const [unknown = ""] = issue.keys;
  return `there is no field "${pathText([...issue.path, unknown])}": the fields` +
    `${place && ` of ${place}`} are ${fields.join(", ")}.${didYouMean(unknown, fields)}`;
}

/** The issue of a union that is about the form which fits best: the one that fails deepest inside. */
function nearestIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const [best] = issue.errors.flatMap(([first]) => first ? [nearestIssue(first)] : [])
    .sort((one, other) => other.path.length - one.path.length);
  if (best === undefined || best.path.length === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

/** A path as in JavaScript: `rows[0].Q`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("")
    .replace(/^\./, "");
}

/** Names of the fields that an object may have at a path; those of the first form that has some. */
function fieldsAt(path: readonly PropertyKey[], schema: z.core.$ZodType): string[] {
  const [next, ...rest] = path;
  if (schema instanceof z.ZodOptional) return fieldsAt(path, schema.unwrap());
  if (schema instanceof z.ZodLazy) return fieldsAt(path, schema.unwrap());
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => fieldsAt(path, option)).find((fields) =>
      fields.length > 0
    ) ?? [];
  }
  if (schema instanceof z.ZodArray) return fieldsAt(rest, schema.element);
  if (!(schema instanceof z.ZodObject)) return [];
  if (next === undefined) return Object.keys(schema.shape);
  const field = schema.shape[String(next)];
  return field === undefined ? [] : fieldsAt(rest, field);
}
