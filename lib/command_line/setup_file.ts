/** A setup in a file of the user's own: the fields in which it differs from one of the project's. */
import { quote, textFault, UserError } from "../errors.ts";
import { flaw, z } from "../schema.ts";
import type { Setup } from "../setup.ts";
import { type Refuse, valueOf } from "../tables/values.ts";
import { didYouMean } from "../did_you_mean.ts";
import { mustHold } from "./overrides.ts";
import { SETUP } from "./setup_fields.ts";

/**
 * Opens a setup.
 *
 * @param file its absolute path; TypeScript and JavaScript are run, JSON is read
 * @param word the file's name as the user wrote it
 * @param setups the project's own, by name
 * @throws {UserError} It is not a setup; the message names the field and what was expected.
 */
export async function openSetup(
  file: string,
  { word, setups }: { readonly word: string; readonly setups: Readonly<Record<string, Setup>> },
): Promise<Setup> {
  const refuse: Refuse = (fault) => new UserError(`Cannot read the setup ${quote(word)}: ${fault}`);
  const value = await valueOf(file, refuse);
  if (!isObject(value)) {
    throw refuse(
      'it has no setup; it is { "from": "small", "name": "mine", "train": { ... } }, in TypeScript the ' +
        "default export",
    );
  }
  const { $schema: _, from, ...changes } = value;
  const { name } = changes;
  if (typeof name !== "string") {
    throw refuse("name: a setup needs one, for the folder of its results");
  }
  const names = Object.keys(setups);
  if (names.includes(name)) {
    throw refuse(`name: "${name}" is a setup of the project; choose another name`);
  }
  const setup = from === undefined && SETUP.safeParse(changes).success
    ? changes // a whole one, as code may make of a copy
    : withChanges(baseNamed(from, { setups, refuse }), { word, ...changes });
  const fault = setupFault(setup);
  if (fault !== undefined) throw refuse(fault);
  return setup as unknown as Setup;
}

/** The first fault of a value that should be a setup; nothing if it is one. */
export function setupFault(value: unknown): string | undefined {
  const fault = flaw(value, SETUP) ?? textFault((value as Setup).note);
  if (fault !== undefined) return fault;
  try {
    mustHold(value as Setup);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** The setup of the project that a file names. */
function baseNamed(
  from: unknown,
  { setups, refuse }: { readonly setups: Readonly<Record<string, Setup>>; readonly refuse: Refuse },
): Setup {
  const names = Object.keys(setups);
  if (typeof from === "string" && names.includes(from)) return setups[from]!;
  const given = from === undefined ? "" : didYouMean(String(from), names);
  throw refuse(`from: must be one of ${names.join(", ")}, whose other fields it takes.${given}`);
}

/** A setup with changes, which its note names unless they have a note. */
function withChanges(
  base: Setup,
  { word, ...changes }: Parts & { readonly word: string },
): Parts {
  const note = `${base.note}; with changes of ${word.split("/").at(-1)}`;
  return merged({ ...base, note }, changes);
}

type Parts = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Parts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with changes inside it; null takes a field away, and a rule for drops is a whole one. */
function merged(base: Parts, changes: Parts): Parts {
  const fields = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(changes)) {
    const old = fields.get(name);
    if (value === null) fields.delete(name);
    else {
      const isInner = isObject(value) && isObject(old) && name !== "drops";
      fields.set(name, isInner ? merged(old, value) : value);
    }
  }
  return Object.fromEntries(fields);
}

/** JSON schema of a setup in a file, for editors. */
export function setupSchema(): object {
  const { shape } = SETUP;
  const fields = { $schema: z.string().optional(), from: z.string().optional(), ...shape };
  const schema = z.toJSONSchema(z.strictObject(fields), { override: withoutRequired });
  return {
    title: "A setup of verydeep, as differences from another one",
    ...schema,
    required: ["name"],
  };
}

/** A file gives the fields that differ, so none inside is required. */
function withoutRequired({ zodSchema, jsonSchema }: {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  if (zodSchema instanceof z.ZodObject && !("rule" in zodSchema.shape)) delete jsonSchema.required;
}
