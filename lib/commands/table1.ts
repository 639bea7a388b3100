/** `table1`: the six configurations as the paper prints them, or the nets of other tables. */
import table, { columnOf, type ConfigColumn } from "../../experiments/table1.ts";
import { netsInTables } from "../command_line/nets_in_tables.ts";
import { report } from "../report/mod.ts";
import type { FlatRecord } from "../report/records.ts";
import { cell, type Sheet, type SheetRow } from "../report/sheet.ts";
import { titleOf } from "../report/words.ts";
import { countParameters, isFullyConnected, type Layer } from "../vgg/configs.ts";
import type { Options } from "../command_line/options.ts";

/** Prints Table 1, or the same of the nets of the tables called `words`. */
export async function table1(
  words: readonly string[],
  { format }: Pick<Options, "format">,
): Promise<number> {
  const columns = words.length === 0 ? undefined : (await netsInTables(words)).map(columnOf);
  console.log(report([sheet(columns && { ...CAPTION, columns })], format));
  return 0;
}

/** Of tables with nets of one's own. */
const CAPTION = { name: "configurations", caption: table.caption };

type Shown = Pick<typeof table, "name" | "caption" | "columns">;

/** A horizontal part of the table: one cell in each column, or text across all columns. */
type Part = { readonly cells: readonly string[][] } | { readonly across: string };

/** Table 1 as a sheet, or the same of other nets. */
export function sheet(shown: Shown = table): Sheet {
  const { name, columns } = shown;
  return {
    name,
    title: titleOf(shown),
    caption: [],
    notes: [],
    columns: columns.map(() => "center"),
    header: [columns.map(({ config, depth }) => cell(`${config}\n${depth} weight\nlayers`))],
    body: partsOf(columns).map((part) =>
      "across" in part ? [[cell(part.across, { span: columns.length })]] : rowsOf(part.cells)
    ),
    records: recordsOf(shown),
  };
}

/** Columns of layers as rows; shorter columns are padded. */
function rowsOf(columns: readonly string[][]): SheetRow[] {
  const most = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: most }, (_, i) => columns.map((column) => cell(column[i] ?? "")));
}

/** The input, then blocks and poolings in turn, then the layers behind the last map. */
function partsOf(columns: readonly ConfigColumn[]): Part[] {
  const stages = columns.map(stagesOf);
  const parts: Part[] = [{ across: "input (224 × 224 RGB image)" }];
  for (let stage = 0; stage < Math.max(...stages.map(({ blocks }) => blocks.length)); stage++) {
    const blocks = stages.map(({ blocks }) => blocks[stage]);
    parts.push({ cells: blocks.map((block) => block?.layers ?? []) });
    const poolings = blocks.map((block) => block?.pooling ?? []);
    const isEverywhere = poolings.every((pooling) => pooling.length > 0);
    parts.push(isEverywhere ? { across: poolings[0]![0]! } : { cells: poolings });
  }
  const ends = stages.map(({ end }) => end);
  // layers that are the same in every column are written once
  const isShared = ends.every((end) => end.join() === ends[0]!.join());
  const last: Part[] = isShared ? ends[0]!.map((across) => ({ across })) : [{ cells: ends }];
  return [...parts, ...last, { across: "soft-max" }];
}

/** A column's layers by name: blocks, each up to its pooling, and what follows the last map. */
function stagesOf({ layers }: ConfigColumn) {
  const blocks: { layers: string[]; pooling: string[] }[] = [];
  const end: string[] = [];
  let isOpen = false;
  for (const layer of layers) {
    if (layer.kind === "avgpool" || isFullyConnected(layer)) {
      end.push(nameOf(layer));
      continue;
    }
    // a block ends with its pooling, or where the next block's first convolution begins
    const isNext = layer.kind === "conv" && layer.name.endsWith("_1") &&
      blocks.at(-1)?.layers.some((name) => name.startsWith("conv"));
    if (!isOpen || isNext) blocks.push({ layers: [], pooling: [] });
    isOpen = layer.kind !== "maxpool";
    const block = blocks.at(-1)!;
    (isOpen ? block.layers : block.pooling).push(nameOf(layer));
  }
  return { blocks, end };
}

/** A layer in the paper's notation: `conv3-64`, `LRN`, `FC-4096`; `conv3-64 / 2 BN`. */
function nameOf(layer: Layer): string {
  if (layer.kind !== "conv") return layer.kind === "lrn" ? "LRN" : layer.kind;
  if (isFullyConnected(layer)) return `FC-${layer.outputs}`;
  return `conv${layer.size}-${layer.outputs}${layer.stride === 2 ? " / 2" : ""}${
    layer.normalised ? " BN" : ""
  }`;
}

function recordsOf({ name: table, columns }: Shown): FlatRecord[] {
  return columns.flatMap(({ config, layers }) =>
    layers.filter((layer) => layer.kind === "conv").map((conv) => ({
      table,
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
