/** Reports for documents: Markdown tables under a heading and a caption. */
import type { TableResult } from "../experiment.ts";
import { captionOf, titleOf } from "./caption.ts";
import { groupsOf } from "./cells.ts";

/** A table's results; a config is named in the first of its rows, as in the paper. */
export function markdown(result: TableResult): string {
  const rows = groupsOf(result).flatMap(({ config, rows }) =>
    rows.map((row, index) => [
      index === 0 ? config : "",
      ...[row.S, row.Q, row.top1, row.top5, row.paperTop1, row.paperTop5],
    ])
  );
  const header = [
    "config",
    "train S",
    "test Q",
    "top-1 error, %",
    "top-5 error, %",
    "published top-1 error, %",
    "published top-5 error, %",
  ];
  return [
    `## ${titleOf(result)}`,
    captionOf(result).join(" "),
    markdownTable(header, rows, ["left", ...header.slice(1).map(() => "right" as const)]),
  ].join("\n\n");
}

/** A Markdown table whose source lines up too. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ("left" | "right")[],
): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    `| ${
      widths.map((width, column) => {
        const cell = row[column] ?? "";
        return align[column] === "right" ? cell.padStart(width) : cell.padEnd(width);
      }).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    align[column] === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
  );
  const [first, ...rest] = cells;
  return [line(first!), line(rule), ...rest.map(line)].join("\n");
}
