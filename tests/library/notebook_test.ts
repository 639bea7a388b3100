/** The cells of docs/notebook.ipynb run, and print what the notebook keeps; `-- --update` renews that. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder } from "../support/in_store.ts";
import { printedByScript } from "../support/library_script.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FILE = join(ROOT, "docs/notebook.ipynb");
const UPDATE = Deno.args.includes("--update");

/** As Jupyter's format has it. */
interface Cell {
  readonly cell_type: "markdown" | "code";
  readonly source: readonly string[];
  execution_count?: number | null;
  outputs?: readonly Output[];
}

interface Output {
  readonly output_type: "stream";
  readonly name: "stdout";
  readonly text: readonly string[];
}

/** What stands between the outputs of two cells. */
const MARK = "---- the next cell ----";

/** What cells print, one text each, from a program of all of them. */
async function printedBy(cells: readonly Cell[], folder: string): Promise<string[]> {
  const program = cells.map(({ source }) => source.join("")).join(`\nconsole.log("${MARK}");\n`);
  return (await printedByScript(program, folder)).split(`${MARK}\n`);
}

/** A text without its numbers, which differ on other processors, and without what follows from them. */
const plain = (text: string) =>
  text.replaceAll(/[+-]?\d[\d,.]*/g, "#").replaceAll(/[─\s]+/g, " ").trim();

Deno.test("the notebook's cells run, and print what it keeps", async () => {
  const notebook = JSON.parse(Deno.readTextFileSync(FILE));
  const cells: Cell[] = notebook.cells.filter(({ cell_type }: Cell) => cell_type === "code");
  assert.ok(cells.length > 3);
  await inFolder(async (folder) => {
    const printed = await printedBy(cells, folder);
    assert.equal(printed.length, cells.length);
    cells.forEach((cell, i) => {
      const lines = printed[i]!.match(/.*\n/g) ?? [];
      if (UPDATE) {
        cell.execution_count = i + 1;
        cell.outputs = lines.length === 0
          ? []
          : [{ name: "stdout", output_type: "stream", text: lines }];
        return;
      }
      const kept = (cell.outputs ?? []).flatMap(({ text }) => text).join("");
      assert.equal(plain(kept), plain(printed[i]!), `cell ${i + 1}: renew it with -- --update`);
    });
    if (UPDATE) Deno.writeTextFileSync(FILE, `${JSON.stringify(notebook, null, 1)}\n`);
  });
});

Deno.test("the notebook is small", () => {
  assert.ok(Deno.statSync(FILE).size < 20_000);
});
