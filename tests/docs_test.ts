/**
 * The documentation: its commands run and print what it shows, its links lead somewhere, and its lists
 * are those of the program.
 *
 * A block of shell commands is run, unless a comment before it says why not:
 *
 * - `<!-- not run: needs ImageNet -->`: its commands must exist and take these options all the same.
 *
 * Blocks of Python run as well, where their packages are installed. A block under
 * `<!-- file: NAME -->` is a file beside the commands.
 *
 * A block of text is compared with what the commands before it print, if a comment says so:
 *
 * - `<!-- output -->`: it is the same;
 * - `<!-- output; numbers vary -->`: it is the same but for numbers, which other processors round
 *   otherwise, and what follows from them.
 *
 * A line `...` stands for any number of lines. What other comments say is for readers.
 *
 * `deno test -A tests/docs_test.ts -- --update` writes outputs and lists anew; outputs with a `...`
 * have to be mended by hand.
 */
import assert from "node:assert/strict";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { paperTables, setups, sideExperiments } from "../experiments/mod.ts";
import { CATALOGUE } from "../lib/command_line/catalogue.ts";
import type { CommandFacts } from "../lib/command_line/command_facts.ts";
import { type Option, type OptionName, OPTIONS } from "../lib/command_line/option_list.ts";
import { setupFields } from "../lib/command_line/setup_fields.ts";
import { readCommandLine } from "../lib/command_line/options.ts";
import { readConfig } from "../lib/executors/slurm/resources.ts";
import { formatNumber } from "../lib/numbers.ts";
import { filesBelow } from "./support/files.ts";
import {
  anchorsIn,
  type CodeBlock,
  codeBlocks,
  codeIn,
  linksIn,
  proseOf,
  tableRows,
} from "./support/markdown.ts";
import { TEST_FLAGS } from "./support/tasks.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const UPDATE = Deno.args.includes("--update");
const HOW_TO_UPDATE = "if that is right, run: deno test -A tests/docs_test.ts -- --update";

/** Files of the project below a folder, by paths from the project's. */
function filesIn(folder: string, ending: string): string[] {
  return filesBelow(join(ROOT, folder)).filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path));
}

const read = (file: string) => Deno.readTextFileSync(join(ROOT, file));

/** Every document; the tutorial is the first, because others look at what it leaves. */
const DOCUMENTS = [
  ...new Set(["docs/tutorial.md", "README.md", "CONTRIBUTING.md", ...filesIn("docs", ".md")]),
  ...["CHANGELOG.md", "REPRODUCED.md", "results/README.md"],
  ...filesIn("lib", "README.md"),
];

/** A command line of a block. */
interface CommandLine {
  /** Without its comment. */
  readonly text: string;
  /** Name of the task; undefined for other programs. */
  readonly task?: string;
  readonly args: readonly string[];
}

/** The command lines of a block of shell commands. */
function commandLines(block: string): CommandLine[] {
  return block.replaceAll("\\\n", " ").split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").replace(/ > \S+$/, "").trim())
    .filter((line) => line !== "")
    .map((text) => {
      const [deno, task, name, ...args] = text.split(/\s+/);
      return deno === "deno" && task === "task" ? { text, task: name!, args } : { text, args: [] };
    });
}

/** Judges a configuration as the program does. */
function readConfigText(text: string) {
  const file = Deno.makeTempFileSync({ suffix: ".json" });
  Deno.writeTextFileSync(file, text);
  readConfig(file);
  Deno.removeSync(file);
}

Deno.test("every block of code says what it is, and shell commands without a reason are deno tasks", () => {
  for (const file of DOCUMENTS) {
    for (const { language, text, comment, line } of codeBlocks(read(file))) {
      const place = `${file}:${line}`;
      assert.match(language, /^(sh|text|json|python|ts)$/, `${place} has no language`);
      const isFile = /^file: \S+$/.test(comment);
      if (language === "json" && text.startsWith("{") && !isFile) readConfigText(text);
      const isRun = !/^not run: \S/.test(comment);
      if (language !== "sh" || !isRun) continue;
      assert.equal(comment, "", `${place} has a comment that says nothing here`);
      for (const line of commandLines(text)) {
        assert.ok(line.task, `${place} cannot run ${line.text}`);
      }
    }
  }
});

Deno.test("every command in the documentation exists and takes these options and words", () => {
  for (const file of DOCUMENTS) {
    const blocks = codeBlocks(read(file)).filter(({ language }) => language === "sh");
    for (const { text, line } of blocks) {
      for (const { task, args } of commandLines(text)) {
        if (task === undefined) continue;
        const place = `${file}:${line}: deno task ${task}`;
        assert.ok(task in project.tasks, `${place} does not exist`);
        const command = CATALOGUE[task];
        if (command === undefined) continue;
        const { words, given } = readCommandLine(args);
        for (const name of Object.keys(given) as OptionName[]) {
          assert.ok(name === "help" || command.takes.includes(name), `${place} takes no --${name}`);
        }
        assert.ok(words.length <= (command.words?.most ?? 0), `${place} takes fewer words`);
      }
    }
  }
});

Deno.test("every link leads to a file of the project, and to a heading in it", () => {
  for (const file of DOCUMENTS) {
    for (const link of linksIn(read(file))) {
      if (/^https?:/.test(link)) continue;
      const [path, anchor] = link.split("#") as [string, string | undefined];
      const target = path === "" ? file : relative(ROOT, resolve(ROOT, dirname(file), path));
      assert.doesNotThrow(() => Deno.statSync(join(ROOT, target)), `${file} links to ${link}`);
      if (anchor === undefined) continue;
      assert.ok(anchorsIn(read(target)).includes(anchor), `${file} links to the heading ${link}`);
    }
  }
});

Deno.test("the index of the documentation has every document", () => {
  const linked = linksIn(read("docs/README.md")).map((link) => join("docs", link));
  const documents = filesIn("docs", ".md").filter((file) => file !== "docs/README.md");
  const missing = documents.filter((file) => !linked.includes(file) && file !== "docs/credits.md");
  assert.deepEqual(missing, []);
});

Deno.test("documents that the code names exist", () => {
  const files = ["lib", "experiments", "tests"].flatMap((folder) => filesIn(folder, ".ts"));
  for (const file of files) {
    for (const [path] of read(file).matchAll(/\bdocs\/[\w/-]+\.(md|json|jpg)\b/g)) {
      assert.doesNotThrow(() => Deno.statSync(join(ROOT, path)), `${file} names ${path}`);
    }
  }
});

Deno.test("files and names of the code that the documentation mentions exist", () => {
  const code = ["lib", "experiments", "tests"].flatMap((folder) => filesIn(folder, ".ts"))
    .map(read).join("\n");
  for (const file of DOCUMENTS.filter((file) => file !== "docs/tutorial.md")) {
    for (const word of codeIn(proseOf(read(file))).filter((word) => !word.includes("NAME"))) {
      if (/^(lib|experiments|tests)\/[\w./-]*$/.test(word)) {
        assert.doesNotThrow(() => Deno.statSync(join(ROOT, word)), `${file} mentions ${word}`);
      }
      const [name] = word.match(/\b[a-z]+[A-Z]\w*$/) ?? [];
      if (name !== undefined && !/[ "/=-]/.test(word)) {
        assert.match(code, new RegExp(`\\b${name}\\b`), `${file} mentions ${word}`);
      }
    }
  }
});

Deno.test("the README has at most 130 lines", () => {
  assert.ok(read("README.md").trimEnd().split("\n").length <= 130);
});

Deno.test("the README's table has every task, and no other", () => {
  const rows = tableRows(read("README.md"));
  const names = rows.flatMap(([cell]) => {
    const codes = codeIn(cell!);
    const tables = cell!.match(/`table(\d)` \.\.\. `table(\d)`/);
    if (!tables) return codes;
    const [first, last] = tables.slice(1).map(Number) as [number, number];
    const between = Array.from({ length: last - first + 1 }, (_, i) => `table${first + i}`);
    return [...between, ...codes.filter((name) => !/^table\d$/.test(name))];
  });
  assert.deepEqual(names.toSorted(), Object.keys(project.tasks).toSorted());
});

/** Names of a folder, those of folders with a slash. */
function entriesOf(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))]
    .map(({ name, isDirectory }) => isDirectory ? `${name}/` : name);
}

Deno.test("the README's and the design's trees have every folder of lib", () => {
  const folders = entriesOf("lib").filter((name) => name.endsWith("/")).sort();
  const [tree] = codeBlocks(read("README.md")).filter(({ text }) => text.includes("\nlib/\n"));
  const below = tree!.text.slice(tree!.text.indexOf("lib/")).match(/^ {2}\S+/gm)!;
  const named = below.map((name) => name.trim());
  assert.deepEqual(named.filter((name) => name.endsWith("/")).sort(), folders);
  for (const name of named) assert.ok(entriesOf("lib").includes(name), `lib/${name}`);

  const [order] = codeBlocks(read("docs/explanation/design.md"));
  const inOrder = [...order!.text.matchAll(/^lib\/(\w+\/)/gm)].map(([, name]) => name!);
  assert.deepEqual(inOrder.sort(), folders);
});

Deno.test("the design's tree is in the order that imports keep to", () => {
  const lines = read("tests/architecture_test.ts").split("\n");
  const foldersIn = (line = "") =>
    [...line.matchAll(/"((?:cli|mod)\.ts|experiments\/|lib\/[^"]*)"/g)].map(([, name]) => name!);
  const begin = lines.findIndex((line) => foldersIn(line).includes("cli.ts"));
  const end = lines.findIndex((line, i) => i > begin && foldersIn(line).length === 0);
  const levels = lines.slice(begin, end).map(foldersIn);
  const [tree] = codeBlocks(read("docs/explanation/design.md"));
  const named = tree!.text.match(/^\S+/gm)!.filter((name) => !name.includes("*"));
  const places = named.map((name) => levels.findIndex((level) => level.includes(name)));
  assert.ok(!places.includes(-1), `${named[places.indexOf(-1)]} has no level`);
  assert.deepEqual(places, places.toSorted((one, other) => one - other));
});

Deno.test("interpretations name fields of the setups and code that exists", () => {
  const fields = Object.keys(flat(setups.paper));
  for (const [, set, , , place] of tableRows(read("docs/reference/interpretations.md"))) {
    const [first] = codeIn(set!);
    if (first !== undefined) {
      const pattern = new RegExp(`^${first.replaceAll(".", "\\.").replace("*", "\\w+")}$`);
      const found = fields.concat("schedules.first.drops.at").some((field) => pattern.test(field));
      assert.ok(found, `no setup has a field ${first}`);
    }
    const [name, file] = codeIn(place!) as [string, string];
    const definition = new RegExp(`(function|const) ${name}\\b|"${name}"`);
    assert.match(read(`lib/${file}`), definition, `lib/${file} has no ${name}`);
  }
});

Deno.test("messages that the documentation explains are the program's", () => {
  const sources = filesIn("lib", ".ts").map(read).join("\n").replaceAll(
    /" \+\s+["`]|` \+\s+["`]/g,
    "",
  );
  const text = read("docs/how-to/slurm.md").split("## Troubleshooting\n")[1]!.split("\n## ")[0]!;
  for (const [cell] of tableRows(text)) {
    // names of programs, nodes and files are not in the sources
    const parts = codeIn(cell!)[0]!.split(/\.{3,}\S*|squeue|\bn1\b/).map((part) => part.trim());
    for (const part of parts.filter((part) => part.includes(" "))) {
      const words = part.replaceAll(/^\W+|\W+$/g, "");
      assert.ok(sources.includes(words), `no message has "${words}"`);
    }
  }
});

Deno.test("the glossary is in the order of the alphabet", () => {
  const terms = tableRows(read("docs/reference/glossary.md"))
    .map(([term]) => term!.replaceAll("*", "").toLowerCase());
  assert.deepEqual(terms, terms.toSorted());
});

/** Fields of a setup by their paths, those of its trainings and evaluations as `--set` takes them. */
function flat(setup: object, path = ""): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(setup).flatMap(([name, value]) => {
      const own = path === "" && ["train", "evaluate"].includes(name) ? "" : `${path}${name}.`;
      return typeof value === "object" && !Array.isArray(value)
        ? Object.entries(flat(value, own))
        : [[own.slice(0, -1), value]];
    }),
  );
}

/** A table of Markdown; `deno fmt` aligns its columns. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

const OPTION_ENTRIES = Object.entries(OPTIONS) as [OptionName, Option][];

const TABLES = [...paperTables, ...sideExperiments];
const TABLE_NAMES: readonly string[] = TABLES.map(({ name }) => name);

/** A text without marks that Markdown would take for its own. */
const plainly = (text: string) => text.replaceAll(/[<*_[]/g, "\\$&");

/** What a document says of a command. */
function sectionOf(name: string, { summary, words, takes, about, examples }: CommandFacts): string {
  const usage = [`deno task ${name}`, words?.pattern, "[options]"].filter(Boolean).join(" ");
  const taken = [
    ...OPTION_ENTRIES.map(([option]) => option).filter((option) => takes.includes(option)),
    "help",
  ];
  return [
    `## ${name}`,
    `${summary}. Usage: \`${usage}\``,
    plainly(about),
    `Options: ${taken.map((option) => `\`--${option}\``).join(", ")}.`,
    table(
      ["example", "purpose"],
      Object.entries(examples).map(([line, text]) => [`\`deno task ${line}\``, plainly(text)]),
    ),
  ].join("\n\n");
}

/** The commands as a document has them; those of tables, which are alike, together. */
function commandList(): string {
  const own = Object.entries(CATALOGUE).filter(([name]) => !TABLE_NAMES.includes(name));
  const tables = [
    "## Commands of tables",
    "Each table has a command of its own with the options of [table](#table).",
    table(
      ["command", "purpose", "contents"],
      TABLES.map(({ name, help }) => [`\`${name}\``, plainly(help.summary), plainly(help.about)]),
    ),
  ].join("\n\n");
  return [tables, ...own.map(([name, facts]) => sectionOf(name, facts))].join("\n\n");
}

/** The commands that take an option, in few words. */
function takersOf(option: OptionName): string {
  const names = Object.keys(CATALOGUE);
  if (option === "help") return "all";
  const takers = names.filter((name) => CATALOGUE[name]!.takes.includes(option));
  const others = names.filter((name) => !takers.includes(name));
  if (others.length < takers.length / 2) return `all but ${others.join(", ")}`;
  const rest = takers.filter((name) => !TABLE_NAMES.includes(name));
  return [...rest.length < takers.length ? ["those of tables"] : [], ...rest].join(", ");
}

/** The options as a document has them. */
function optionList(): string {
  const groups = [...new Set(OPTION_ENTRIES.map(([, { group }]) => group))];
  return groups.map((group) => {
    const options = OPTION_ENTRIES.filter(([, option]) => option.group === group);
    const rows = options.map(([name, { value, text }]: [OptionName, Option]) => [
      `\`--${name}${value === undefined ? "" : ` ${value}`}\``,
      plainly(text),
      takersOf(name),
    ]);
    return `## ${group}\n\n${table(["option", "meaning", "commands"], rows)}`;
  }).join("\n\n");
}

/** Every field of every setup. */
function setupList(): string {
  const { smoke, small, medium, cifar10, cifar100, paper } = setups;
  const columns = [smoke, small, medium, cifar10, cifar100, paper];
  const flats = columns.map((setup) => flat(setup));
  const fields = [...new Set(flats.flatMap((fields) => Object.keys(fields)))];
  const shown = (value: unknown) => {
    if (value === undefined) return "–";
    return Number.isInteger(value) ? formatNumber(value as number) : String(value);
  };
  const known = new Map(setupFields().map((each) => [each.field, each]));
  return table(
    ["field", ...columns.map(({ name }) => name), "meaning", "section"],
    fields.filter((field) => field !== "name").map((field) => {
      const { meaning = "", section = "" } = known.get(field.replace(/(drops)\.\w+$/, "$1")) ?? {};
      return [`\`${field}\``, ...flats.map((fields) => shown(fields[field])), meaning, section];
    }),
  );
}

/** What a program of the project prints. */
async function printedBy(...args: string[]): Promise<string> {
  const options = { args: ["run", ...TEST_FLAGS, ...args], cwd: ROOT, env: { NO_COLOR: "1" } };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Text as `deno fmt` writes it. */
async function formatted(markdown: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--config", join(ROOT, "deno.json"), "--ext", "md", "-"],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  return new TextDecoder().decode((await fmt.output()).stdout);
}

const LISTS: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/commands.md": commandList,
  "docs/reference/options.md": optionList,
  "docs/reference/setups.md": setupList,
  "docs/explanation/scaling.md": () => printedBy("lib/bench/scaling.ts", "2000"),
};

for (const [file, list] of Object.entries(LISTS)) {
  Deno.test(`${file} is what the program says`, async () => {
    const text = read(file);
    const marks = /(<!-- made from [^>]*-->)[\s\S]*(<!-- end -->)/;
    assert.match(text, marks);
    const listed = await list();
    const made = await formatted(
      text.replace(marks, (_, begin, end) => [begin, listed, end].join("\n\n")),
    );
    if (UPDATE) Deno.writeTextFileSync(join(ROOT, file), made);
    else assert.equal(text, made, `${file} is out of date; ${HOW_TO_UPDATE}`);
  });
}

/** A folder in which commands of documents run. */
class Desk implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  readonly #data = join(this.folder, "data");
  readonly #results = join(this.folder, "results");

  /** Runs a task as a reader does, but for where data and results are. @returns what it printed */
  async run({ text, task, args }: CommandLine): Promise<string> {
    const takes: readonly OptionName[] = args.includes("--help")
      ? []
      : CATALOGUE[task!]?.takes ?? [];
    const folders = [
      ...takes.includes("data") ? ["--data", this.#data] : [],
      ...takes.includes("results") ? ["--results", this.#results] : [],
    ];
    const command = ["task", "-q", "--config", join(ROOT, "deno.json"), task!, ...args, ...folders];
    const { code, out, err } = await this.#start(Deno.execPath(), command);
    assert.equal(code, 0, `${text}:\n${out}${err}`);
    return out;
  }

  /** Runs a program of Python. @returns what it printed; nothing where a package is missing */
  async python(program: string): Promise<string | undefined> {
    const { code, out, err } = await this.#start("python3", ["-c", program]);
    const missing = err.match(/^ModuleNotFoundError: .*/m);
    assert.ok(code === 0 || missing, err);
    if (missing) console.log(`A program of the documentation is not run: ${missing}`);
    return missing ? undefined : out;
  }

  async #start(program: string, args: readonly string[]) {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd: this.folder,
      // in a task, such as the gate, it is set already, to the folder that the gate began in
      env: { NO_COLOR: "1", INIT_CWD: this.folder },
    }).output();
    const text = (bytes: Uint8Array) => this.#asWithout(new TextDecoder().decode(bytes));
    return { code, out: text(stdout), err: text(stderr) };
  }

  /** Writes a file that commands read. */
  write(name: string, text: string) {
    Deno.writeTextFileSync(join(this.folder, name), text);
  }

  /** Files that commands wrote below a folder of this one. */
  files(folder: string): string[] {
    return filesBelow(join(this.folder, folder)).map((path) => `${folder}/${path}`);
  }

  /** What would be printed where the folders were not named. */
  #asWithout(text: string): string {
    return text
      .replaceAll(/ --(data|results) \S*verydeep-test-\S*/g, "")
      .replaceAll(`${this.folder}/`, "");
  }

  [Symbol.dispose]() {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** What a processor's roundings decide, besides the numbers themselves. */
const JUDGEMENTS = [
  /best member, [^:]*:/g,
  /The difference is [^.]*\./g,
  /\b(holds|contradicted|undecided)\b/g,
];
const KEY_OR_NUMBER = /\b[0-9a-f]{12}\b|[+-]?\d[\d,.:]*/g;

/** Whether an output is what a document shows. */
function isAsShown(output: string, shown: string, numbersVary: boolean): boolean {
  const plain = (text: string) => {
    if (!numbersVary) return text.trim();
    const oneLine = text.replaceAll(/[─\s]+/g, " ").trim()
      .replaceAll(/, while other programs kept \S+ cores busy/g, "");
    return JUDGEMENTS.reduce((text, judgement) => text.replaceAll(judgement, "#"), oneLine)
      .replaceAll(KEY_OR_NUMBER, (word) => word.length === 12 ? word : "#");
  };
  const parts = shown.split(/^\.\.\.$/m).map(plain).filter((part) => part !== "");
  const isWhole = !/^\.\.\.$/m.test(shown);
  if (isWhole) return plain(output) === plain(shown);
  let rest = plain(output);
  return parts.every((part) => {
    const at = rest.indexOf(part);
    rest = rest.slice(at + part.length);
    return at >= 0;
  });
}

/**
 * A document with a block's text replaced by an output. Keys that differ in the two, and their first
 * digits, are replaced everywhere.
 */
function withOutput(markdown: string, { text, from, to }: CodeBlock, output: string): string {
  const keysIn = (text: string) => text.match(/\b[0-9a-f]{12}\b/g) ?? [];
  const [before, after] = [keysIn(text), keysIn(output)];
  const updated = `${markdown.slice(0, from)}${output.trimEnd()}\n${markdown.slice(to)}`;
  return updated.replaceAll(/\b[0-9a-f]{4,12}\b/g, (digits) => {
    const place = before.findIndex((key) => key.startsWith(digits));
    return before.length === after.length && place >= 0
      ? after[place]!.slice(0, digits.length)
      : digits;
  });
}

Deno.test("commands in the documentation run, and print what it shows", async (t) => {
  using desk = new Desk();
  for (const file of DOCUMENTS) {
    let markdown = read(file);
    const count = codeBlocks(markdown).length;
    const isRun = ({ language, comment }: CodeBlock) => language === "sh" && comment === "";
    if (!codeBlocks(markdown).some(isRun)) continue;
    await t.step(file, async () => {
      let output: string | undefined = "";
      for (let i = 0; i < count; i++) {
        const block = codeBlocks(markdown)[i]!;
        const { language, text, comment, line } = block;
        const [, name] = /^file: (\S+)$/.exec(comment) ?? [];
        if (name !== undefined) desk.write(name, text);
        if (language === "python" && comment === "") output = await desk.python(text);
        if (isRun(block)) {
          output = "";
          for (const line of commandLines(text)) output += await desk.run(line);
        }
        if (language !== "text" || !/^output\b/.test(comment) || output === undefined) continue;
        if (UPDATE && !text.includes("...\n")) {
          markdown = withOutput(markdown, block, output);
          Deno.writeTextFileSync(join(ROOT, file), markdown);
          continue;
        }
        assert.ok(
          isAsShown(output, text, comment === "output; numbers vary"),
          `${file}:${line} shows something else than was printed; ${HOW_TO_UPDATE}\n${output}`,
        );
      }
    });
  }

  await t.step("docs/reference/files.md has every file that they wrote", () => {
    const tree = codeBlocks(read("docs/reference/files.md"))[0]!.text;
    const names = [...tree.matchAll(/^ *((?:\S+, )*\S+)/gm)].flatMap(([, names]) =>
      names!.split(", ")
    );
    const patterns = names.map((name) =>
      new RegExp(`^${name.split("/").at(-1)!.replaceAll(".", "\\.").replaceAll("*", ".*")}$`)
    );
    for (const path of desk.files("results/smoke")) {
      const name = path.split("/").at(-1)!
        .replace(/^(table\d|[a-z-]+(?=\.(csv|md|tex)$))/, "table3"); // tables of all names are alike
      assert.ok(patterns.some((pattern) => pattern.test(name)), `it has no ${path}`);
    }
  });

  await t.step("docs/reference/csv.md has the columns of every CSV", async () => {
    const text = read("docs/reference/csv.md");
    const rowsBelow = (heading: string) =>
      tableRows(text.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!);
    const named = (rows: string[][]) => rows.flatMap(([cell]) => codeIn(cell!)).toSorted();
    const printed = async (task: string, ...words: string[]) => {
      const csv = await desk.run({ text: task, task, args: [...words, "--format", "csv"] });
      return csv.split("\n")[0]!.split(",").toSorted();
    };
    const errors = rowsBelow("Tables 3 to 7 and the side experiments");
    const statuses = errors.findIndex(([cell]) => cell === "`reproduced`");
    const [first, second] = rowsBelow("Tables 1 and 2").map((row) => codeIn(row[1]!).toSorted());
    const smoke = ["--setup", "smoke"];
    assert.deepEqual(named(errors.slice(0, statuses)), await printed("report", "table4", ...smoke));
    assert.deepEqual(named(rowsBelow("Claims")), await printed("claims", "depth", ...smoke));
    assert.deepEqual(first, await printed("table1"));
    assert.deepEqual(second, await printed("table2"));
  });
});
