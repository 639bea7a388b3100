/** The page in a real browser, opened from the disk (where there is Chromium). */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { page } from "../../../lib/report/html/page.ts";
import { figuresOf } from "../../../lib/report/plots/mod.ts";
import { sheetOf } from "../../../lib/report/results_sheet.ts";
import { chromium, openPage } from "../../support/chromium.ts";
import { folderWith } from "../../support/datasets.ts";
import { madeUpRunDetails, measured } from "../../support/pages.ts";

if (!chromium) console.warn("Chromium is not installed: opening the report's page is left out");

/** Opens a report of Table 3 in a window of a width. */
async function openReport(width: number) {
  const results = [measured()];
  const runDetails = madeUpRunDetails();
  const figures = figuresOf(results, runDetails);
  const sheets = results.map(sheetOf);
  const folder = folderWith({
    "report.html": new TextEncoder().encode(
      page({ results, runDetails, sheets, figures, mistakes: [] }),
    ),
  });
  const opened = await openPage(pathToFileURL(`${folder}/report.html`).href, { width });
  const { [Symbol.asyncDispose]: close, ...rest } = opened;
  return {
    ...rest,
    async [Symbol.asyncDispose]() {
      await close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

Deno.test({
  name:
    "plots use the width that there is: at 1400 pixels, two columns fill the page beside its contents",
  ignore: !chromium,
  fn: async () => {
    await using page = await openReport(1400);
    const [main, ...plots]: { left: number; right: number }[] = await page.value(`
      [document.querySelector("main"), ...document.querySelectorAll("#depth + .plots svg")]
        .map((e) => e.getBoundingClientRect()).map(({ left, right }) => ({ left, right }))`);
    assert.equal(plots.length, 4);
    const [width, used] = [main!.right - main!.left, plots[1]!.right - plots[0]!.left];
    assert.ok(used > 0.97 * width, `${used} of ${width}`);
    assert.ok(width > 0.65 * 1400, String(width)); // the contents stand beside it
    assert.deepEqual(page.errors, []);
  },
});

Deno.test({
  name: "on a telephone the page has one column, and nothing is wider than the screen",
  ignore: !chromium,
  fn: async () => {
    // Chromium's windows are 500 pixels wide at least
    await using page = await openReport(500);
    const [inner, whole] = await page.value("[innerWidth, document.documentElement.scrollWidth]");
    assert.ok(whole <= inner, `${whole} of ${inner}`);
  },
});

Deno.test({
  name: "a point says its row and interval under the pointer, and when it is tapped",
  ignore: !chromium,
  fn: async () => {
    await using page = await openReport(1400);
    for (const event of ["pointerover", "click"]) {
      const said = await page.value(`(() => {
        const note = document.querySelector(".note");
        note.hidden = true;
        const [dot] = document.querySelectorAll("#depth + .plots svg circle");
        dot.dispatchEvent(new Event("${event}", { bubbles: true }));
        return [note.hidden, note.textContent];
      })()`);
      // row 1 of the made-up Table 3 has 10 %, from 9 to 22
      assert.deepEqual(said, [false, "A, S = 256: 10.0 % [9.0;22.0]"], event);
    }
    await page.value(`document.body.dispatchEvent(new Event("click", { bubbles: true }))`);
    assert.equal(await page.value(`document.querySelector(".note").hidden`), true);
  },
});

Deno.test({
  name: "a click on a heading sorts a table: up, down, and as it was",
  ignore: !chromium,
  fn: async () => {
    await using page = await openReport(1400);
    const click = () =>
      page.value(`(() => {
        const table = document.querySelector("table.sortable");
        const headings = [...table.tHead.rows].at(-1).cells;
        [...headings].find((e) => e.textContent === "top-1").querySelector("button").click();
        return [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => row.textContent);
      })()`);
    const before = await page.value(`[...document.querySelectorAll("table.sortable tbody tr")]
      .map((row) => row.textContent)`);
    const [up, down, again]: [string[], string[], string[]] = [
      ...[await click(), await click(), await click()] as const,
    ];
    // errors of 10 to 21 % in the order of the rows
    assert.equal(up.length, 12);
    assert.match(up[0]!, /^A25625610\.0/);
    assert.match(down[0]!, /^E\[256;512\]38421\.0/);
    assert.deepEqual(down, up.toReversed());
    assert.deepEqual(again, before);
  },
});
