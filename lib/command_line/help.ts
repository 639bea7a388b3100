/** Help texts, from the catalogue of commands. */
import { fold } from "../report/fold.ts";
import { CATALOGUE } from "./catalogue.ts";
import { type Option, type OptionName, OPTIONS } from "./option_list.ts";

/** The help text of the command called `name`. */
export function helpOf(name: string): string {
  const { summary, takes, words, about, examples } = CATALOGUE[name]!;
  return [
    `${summary}.`,
    `Usage: deno task ${[name, words?.pattern, "[options]"].filter(Boolean).join(" ")}`,
    fold(about).join("\n"),
    ...groupsOf([...takes, "help"]),
    section(
      "Examples",
      Object.entries(examples).map(([line, text]) => [`deno task ${line}`, text]),
    ),
  ].join("\n\n");
}

/** What is printed when no command is named. */
export function overview(): string {
  const rows = Object.entries(CATALOGUE)
    .map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    fold(
      'Reproduces the tables of "Very Deep Convolutional Networks for Large-Scale Image ' +
        'Recognition" (Simonyan and Zisserman, 2014) and prints them next to the published numbers.',
    ).join("\n"),
    "Usage: deno task COMMAND [options]",
    section("Commands", rows),
    section("Start with", [
      ["deno task table3 --setup smoke", "a quick test of everything: a minute"],
      ["deno task table3", "small nets on small pictures: five to ten minutes"],
      ["deno task COMMAND --help", "what a command does and which options it takes"],
    ]),
  ].join("\n\n");
}

function groupsOf(names: readonly OptionName[]): string[] {
  const groups = new Map<string, [string, string][]>();
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, Option][]) {
    if (!names.includes(name)) continue;
    const rows = groups.get(option.group) ?? [];
    groups.set(option.group, rows);
    rows.push([`--${name}${option.value ? ` ${option.value}` : ""}`, option.text]);
  }
  return [...groups].map(([title, rows]) => section(title, rows));
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return [`${title}:`, ...lines].join("\n");
}
