/** The cells of a result's table as people read them. */
import { type ConfigName, formatS, type RowResult, type TableResult } from "../experiment.ts";
import { MISSING } from "./caption.ts";
import { deviation, formatQ } from "./records.ts";

/** One row: everything but its config. Errors in per cent, as text. */
export interface Cells {
  readonly S: string;
  readonly Q: string;
  readonly top1: string;
  readonly top5: string;
  readonly paperTop1: string;
  readonly paperTop5: string;
}

/** Rows that stand together because they share a config, as the paper groups them. */
export interface Group {
  readonly config: ConfigName;
  readonly rows: readonly Cells[];
}

/** The table's rows, neighbours of the same config together. */
export function groupsOf({ rows }: TableResult): Group[] {
  const groups: { config: ConfigName; rows: Cells[] }[] = [];
  for (const result of rows) {
    const { config } = result.row;
    if (groups.at(-1)?.config !== config) groups.push({ config, rows: [] });
    groups.at(-1)!.rows.push(cellsOf(result));
  }
  return groups;
}

function cellsOf(result: RowResult): Cells {
  const { row, protocol, measured } = result;
  const spread = deviation(result.seeds);
  return {
    S: formatS(protocol.S),
    Q: String(formatQ(protocol.Q)),
    top1: error(measured?.top1, spread?.top1),
    top5: error(measured?.top5, spread?.top5),
    paperTop1: error(row.published.top1),
    paperTop5: error(row.published.top5),
  };
}

/** One decimal, as the paper prints errors; two for a deviation, which is smaller. */
function error(value?: number, spread?: number): string {
  if (value === undefined || !Number.isFinite(value)) return MISSING;
  return value.toFixed(1) + (spread === undefined ? "" : ` ± ${spread.toFixed(2)}`);
}
