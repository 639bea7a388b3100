/** What a reader must know before reading a number: which table, measured on what and how. */
import type { TableResult } from "../experiment.ts";

/** The data set whose errors the paper prints. */
const PAPERS_OWN = "ILSVRC-2012, 1,000 classes, 50,000 validation images";

/** `Table 3: ConvNet performance at a single test scale` */
export function titleOf({ table }: TableResult): string {
  return `${table.name.replace(/^table/, "Table ")}: ${table.caption}`;
}

/** Sentences that tell measured numbers from published ones, most important first. */
export function captionOf({ setup, dataset, rows }: TableResult): string[] {
  const most = Math.max(0, ...rows.map(({ seeds }) => seeds.length));
  const missing = rows.filter(({ measured }) => measured === undefined).length;
  const sentences = [
    `Measured: ${dataset.name}, ${count(dataset.classes, "class", "classes")}, ` +
    `${count(dataset.images, "validation image")}; setup "${setup.name}" (${setup.note}), ` +
    `${setup.train.precision}, ` +
    (most > 1 ? `mean ± standard deviation of ${most} seeds.` : "one seed."),
    `Published: ${PAPERS_OWN}.`,
    "Errors in per cent. S (training) and Q (test): smallest image side in the paper's pixels.",
  ];
  if (missing > 0) {
    sentences.push(`${missing} of ${count(rows.length, "row")} not measured yet (${MISSING}).`);
  }
  return sentences;
}

/** Stands for a number that is not there. */
export const MISSING = "–";

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}
