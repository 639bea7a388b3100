/** Reports for a terminal: a ruled table, grouped by config as in the paper, under its caption. */
import { Cell, Table } from "@cliffy/table";
import type { TableResult } from "../experiment.ts";
import { captionOf, titleOf } from "./caption.ts";
import { type Cells, groupsOf } from "./cells.ts";
import { fold } from "./fold.ts";

/** A table's results, measured and published errors in columns of their own. */
export function terminal(result: TableResult): string {
  const groups = groupsOf(result);
  const column = (name: keyof Cells) => groups.map(({ rows }) => rows.map((row) => row[name]));
  const [S, Q, top1, top5, paperTop1, paperTop5] = [
    column("S"),
    column("Q"),
    column("top1"),
    column("top5"),
    column("paperTop1"),
    column("paperTop5"),
  ];
  const right = (text: string) => new Cell(text).align("right");
  const center = (text: string) => new Cell(text).align("center").colSpan(2);
  const table = new Table()
    .header([
      "",
      center("smallest side"),
      center("measured, %"),
      center("published, %"),
    ])
    .body([
      ["config", ...["train S", "test Q", "top-1", "top-5", "top-1", "top-5"].map(right)],
      ...groups.map(({ config }, index) => [
        config,
        ...[S, Q, top1, top5, paperTop1, paperTop5].map((cells) => right(cells[index]!.join("\n"))),
      ]),
    ])
    .border();
  return [titleOf(result), table.toString(), ...captionOf(result).flatMap((text) => fold(text))]
    .join("\n");
}
