/** `setups`: every field of setups, what it means, and whose keys it is in. */
import { setups as known } from "../../experiments/mod.ts";
import { fold } from "../report/fold.ts";
import { listing } from "../report/listing.ts";
import { INTERPRETATIONS, type Setup, TRANSFER } from "../setup.ts";
import { fieldsOf } from "../results/protocol.ts";
import { isSetupFile, type Options, pathFrom, setupNamed } from "../command_line/options.ts";
import { setupFields } from "../command_line/setup_fields.ts";
import { MISSING } from "../report/words.ts";

/** Setups that are shown if none is named: the default one beside the paper's. */
const USUAL: readonly string[] = ["small", "paper"];

/** Prints the fields of the setups that words name: the project's, or files. */
export async function setups(words: readonly string[], { format }: Options): Promise<number> {
  const shown: [word: string, setup: Setup][] = [];
  for (const word of new Set(words.length > 0 ? words : USUAL)) {
    shown.push([word, await setupOf(word)]);
  }
  const values = shown.map(([, setup]) => valuesOf(setup));
  const records = setupFields().map(({ field, meaning, section, keys }) => ({
    field,
    ...Object.fromEntries(shown.map(([word], i) => [word, values[i]!.get(field)])),
    ...{ meaning, section, keys },
  }));
  console.log(listing({
    title: "Fields of setups",
    records,
    columns: [
      { field: "field" },
      ...shown.map(([word, { name }]) => ({ field: word, heading: name, missing: MISSING })),
      { field: "meaning" },
      { field: "section", missing: "" },
      { field: "keys", heading: "keys that it is in" },
    ],
    notes: [
      "section: of the paper; empty where it leaves the field open.",
      "A change of a field gives the runs whose keys it is in other keys, so that they are carried out " +
      "again; results of other setups stay. --set FIELD=VALUE changes fields on a command line, a file " +
      'such as { "from": "small", "name": "mine", "train": { "dropout": 0.5 } } for good.',
    ].flatMap((note) => fold(note)),
  }, format));
  return 0;
}

/** A setup by its name or its file. */
async function setupOf(word: string): Promise<Setup> {
  const named: Readonly<Record<string, Setup>> = known;
  if (!isSetupFile(word)) return named[setupNamed(word)]!;
  const { openSetup } = await import("../command_line/setup_file.ts");
  return await openSetup(pathFrom(word), { word, setups: named });
}

/** Values by the names of fields; a rule for drops in words. */
function valuesOf({ train, evaluate, ...others }: Setup): Map<string, string> {
  return fieldsOf({
    ...others,
    ...{ ...INTERPRETATIONS.train, ...TRANSFER, ...train },
    ...{ ...INTERPRETATIONS.evaluate, ...evaluate },
  });
}
