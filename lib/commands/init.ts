/** `init`: a folder with a table, a net, a claim and a setup of one's own to start from. */
import { basename, join, relative } from "node:path";
import { setups } from "../../experiments/mod.ts";
import { quote, UsageError, UserError } from "../errors.ts";
import { writing } from "../system/file_errors.ts";
import { entriesIn, exists, writeAtomically } from "../system/files.ts";
import { shellWord } from "../system/shell.ts";
import { pathFrom, ROOT, startFolder } from "../command_line/options.ts";
import { isTakenName } from "../command_line/tables.ts";

/** The name that the starter's files have until they are copied. */
const NAME = "my-study";

/** Files that are copied as they are, but for the name. */
const COPIED = ["table.ts", "setup.ts"];

/**
 * Writes a starter into a new or an empty folder.
 *
 * @throws {UserError} The folder is not empty, cannot be written, or its name cannot be a table's.
 */
export function init([word = NAME]: readonly string[]): number {
  const folder = pathFrom(word);
  const name = basename(folder);
  mustBeNew(folder, word);
  mustBeName(name, word);
  const shown = relative(startFolder(), folder);
  const path = shown.startsWith("..") ? folder : `./${shown}`;
  const isInside = !relative(ROOT, folder).startsWith("..");
  writing(folder, () => Deno.mkdirSync(folder, { recursive: true }));
  const texts: readonly (readonly [file: string, text: string])[] = [
    ...COPIED.map((file) => [file, starterText(file).replaceAll(NAME, name)] as const),
    ["README.md", readme(name, path)],
    // the project's own deno.json counts for folders inside it
    ...isInside ? [] : [["deno.json", editorConfig()] as const],
  ];
  for (const [file, text] of texts) writeAtomically(join(folder, file), text);
  console.error(`written: ${join(path, `{${texts.map(([file]) => file).join(",")}}`)}`);
  console.log(`Look at ${path}/table.ts, then carry it out:\n\n  ${firstCommand(path)}`);
  return 0;
}

function mustBeNew(folder: string, word: string) {
  const isFile = exists(folder);
  if (!isFile && (!exists(folder, "isDirectory") || entriesIn(folder).length === 0)) return;
  throw new UserError(
    `Cannot write a starter to ${quote(word)}: ${
      isFile ? "it is a file" : "the folder is not empty"
    }; name a new folder`,
  );
}

function mustBeName(name: string, word: string) {
  if (!/^\w[\w-]*$/.test(name)) {
    throw new UsageError(
      `Cannot call a table ${quote(name)}, after the folder ${quote(word)}: it must be a word of ` +
        "letters, digits, - and _; name another folder",
    );
  }
  if (isTakenName(name) || Object.hasOwn(setups, name)) {
    throw new UsageError(
      `Cannot call a table "${name}", after the folder ${
        quote(word)
      }: the project uses that name; ` +
        "name another folder",
    );
  }
}

function starterText(file: string): string {
  return Deno.readTextFileSync(join(import.meta.dirname!, "starter", file));
}

const firstCommand = (path: string) =>
  `deno task table ${shellWord(`${path}/table.ts`)} --setup smoke`;

/** The config by which editors find `"verydeep"` from outside the project. */
function editorConfig(): string {
  return `${JSON.stringify({ importMap: join(ROOT, "deno.json") }, null, 2)}\n`;
}

function readme(name: string, path: string): string {
  const table = shellWord(`${path}/table.ts`);
  const setup = shellWord(`${path}/setup.ts`);
  return `# ${name}

A table, a net, a claim and a setup of your own. Type these commands where you typed
\`deno task init\`:

\`\`\`sh
deno task plan ${table} --setup smoke        # what would run
${firstCommand(path)}       # carries it out; what is done is not done again
deno task claims ${table} --setup smoke      # what it decides
deno task report ${table} --setup smoke --format latex
\`\`\`

- \`table.ts\` has the rows of the table, their nets, and a claim about two rows.
- \`setup.ts\` says how nets are trained: use \`--setup ${setup}\` in place of \`--setup smoke\`.
  \`deno task setups ${setup}\` lists its fields.

The setup smoke is a test of everything in a minute; its errors mean nothing. Leave \`--setup\` out
for nets that learn something.
`;
}
