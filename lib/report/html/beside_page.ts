/** Two reports side by side as a page of their own: no network, no other files, no scripts needed. */
import { join } from "node:path";
import { writeAtomically } from "../../system/files.ts";
import { h } from "../markup.ts";
import type { Figure } from "../plots/mod.ts";
import type { Sheet } from "../sheet.ts";
import { wholePage } from "./page.ts";
import { details, plots } from "./parts.ts";
import { sheetTable } from "./sheet_table.ts";

const TITLE = "Very deep convolutional networks: two reproductions side by side";

/** The page as the text of a file. */
function besidePage(sheets: readonly Sheet[], figures: readonly Figure[]): string {
  const [first] = sheets;
  return wholePage({
    ...{ title: TITLE, heading: TITLE },
    summary: (first?.caption ?? []).map((text) => h("p", { class: "words" }, text)),
    sections: [
      ...figures.length > 0
        ? [{ id: "errors", title: "Errors of both", content: [plots(figures)] }]
        : [],
      ...sheets.map((sheet) => ({
        ...{ id: sheet.name, title: sheet.title },
        content: [
          sheetTable(sheet, { isSortable: sheet.body.length === 1 }),
          sheet.notes.length > 0 &&
          details("Footnotes", sheet.notes.map((note) => h("p", {}, note))),
        ],
      })),
    ],
  });
}

/** Writes `beside.html` into a folder. @returns its path */
export function writeBesidePage(
  sheets: readonly Sheet[],
  figures: readonly Figure[],
  folder: string,
): string {
  const file = join(folder, "beside.html");
  writeAtomically(file, besidePage(sheets, figures));
  return file;
}
