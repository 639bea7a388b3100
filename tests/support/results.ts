/** Made-up results of Table 3: every number follows from its row and seed by a formula. */
import { setups } from "../../experiments/mod.ts";
import table3 from "../../experiments/table3.ts";
import type { RowResult, TableResult } from "../../lib/results/row_result.ts";
import type { Table } from "../../lib/experiment.ts";
import { departures, protocolOf } from "../../lib/results/protocol.ts";

/** Row r (from 0) has a top-1 error of 10 + r + 2 s and a top-5 error of 2 + r / 8 under seed s; three departures. */
export function madeUp({ seeds = 1, missing = 0 } = {}): TableResult {
  const { small } = setups;
  const dataset = { name: "scenes", classes: 20, images: 2_000 };
  const rows = table3.rows.map((row, r): RowResult => {
    const measured = r >= missing;
    const errors = Array.from({ length: measured ? seeds : 0 }, (_, s) => ({
      top1: 10 + r + 2 * s,
      top5: 2 + r / 8,
    }));
    return {
      row,
      protocol: protocolOf(row.evaluations, {
        setup: small.name,
        dataset: dataset.name,
        split: "val",
        images: dataset.images,
        classes: dataset.classes,
      }),
      scores: [],
      ...(measured && { measured: { top1: 10 + r + (seeds - 1), top5: 2 + r / 8 } }),
      seeds: errors,
      runs: errors.map((_, s) => `run${r}-${s}`),
    };
  });
  const departed = departures(small, setups.paper)
    .filter(({ field }) => ["dataset", "crop", "width"].includes(field));
  return { table: table3, setup: small, dataset, departures: departed, rows };
}

/** Results of another table, nothing of them measured. */
export function empty(table: Table): TableResult {
  const result = madeUp();
  const [{ protocol: shared }] = result.rows as [RowResult];
  const rows = table.rows.map((row) => ({
    ...{ row, protocol: protocolOf(row.evaluations, shared), seeds: [], scores: [], runs: [] },
  }));
  return { ...result, table, rows };
}
