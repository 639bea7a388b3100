/** `table1`: the six configurations, as the paper prints them. */
import table, { type ConfigColumn } from "../../experiments/table1.ts";
import { report } from "../report/mod.ts";
import type { FlatRecord } from "../report/records.ts";
import { cell, type Sheet, type SheetRow } from "../report/sheet.ts";
import { titleOf } from "../report/words.ts";
import { type Conv, countParameters, type Layer } from "../vgg/configs.ts";
import type { Options } from "../command_line/options.ts";

/** Prints Table 1. */
export function table1({ format }: Pick<Options, "format">): Promise<number> {
  console.log(report([sheet()], format));
  return Promise.resolve(0);
}

/** A horizontal part of the table: one cell in each column, or text across all columns. */
type Part = { readonly cells: readonly string[][] } | { readonly across: string };

/** Table 1 as a sheet. */
export function sheet(): Sheet {
  const { name, columns } = table;
  return {
    name,
    title: titleOf(table),
    caption: [],
    notes: [],
    columns: columns.map(() => "center"),
    header: [columns.map(({ config, depth }) => cell(`${config}\n${depth} weight\nlayers`))],
    body: parts().map((part) =>
      "across" in part ? [[cell(part.across, { span: columns.length })]] : rowsOf(part.cells)
    ),
    records: records(),
  };
}

/** Columns of layers as rows; shorter columns are padded. */
function rowsOf(columns: readonly string[][]): SheetRow[] {
  const most = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: most }, (_, i) => columns.map((column) => cell(column[i] ?? "")));
}

/** The input, then blocks and poolings in turn, then the layers that all columns share. */
function parts(): Part[] {
  const blocks = table.columns.map(blocksOf);
  const [first = []] = blocks;
  const parts: Part[] = [{ across: "input (224 × 224 RGB image)" }];
  for (const block of first.keys()) {
    const cells = blocks.map((column) => (column[block] ?? []).map(nameOf));
    // A block that is the same in every column, the fully-connected layers, is written once.
    if (cells.some((cell) => cell.join() !== cells[0]!.join())) parts.push({ cells });
    else parts.push(...cells[0]!.map((name) => ({ across: name })));
    if (block < first.length - 1) parts.push({ across: "maxpool" });
  }
  return [...parts, { across: "soft-max" }];
}

/** A column's layers, split at the poolings. */
function blocksOf({ layers }: ConfigColumn): Layer[][] {
  const blocks: Layer[][] = [[]];
  for (const layer of layers) {
    if (layer.kind === "maxpool") blocks.push([]);
    else blocks.at(-1)!.push(layer);
  }
  return blocks;
}

/** A layer in the paper's notation: `conv3-64`, `LRN`, `FC-4096`. */
function nameOf(layer: Layer): string {
  if (layer.kind !== "conv") return layer.kind === "lrn" ? "LRN" : layer.kind;
  return isFullyConnected(layer) ? `FC-${layer.outputs}` : `conv${layer.size}-${layer.outputs}`;
}

function isFullyConnected({ name }: Conv): boolean {
  return name.startsWith("fc");
}

function records(): FlatRecord[] {
  return table.columns.flatMap(({ config, layers }) =>
    layers.filter((layer) => layer.kind === "conv").map((conv) => ({
      table: table.name,
      config,
      layer: conv.name,
      name: nameOf(conv),
      kernel: conv.size,
      inputs: conv.inputs,
      outputs: conv.outputs,
      parameters: countParameters([conv]),
    }))
  );
}
