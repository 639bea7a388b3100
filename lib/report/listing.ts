/** Plain lists in every format: what commands print besides tables of results. */
import { Table } from "@cliffy/table";
import { csvOf } from "./csv.ts";
import type { ReportFormat } from "./formats.ts";
import { jsonOf } from "./json.ts";
import { escapedMarkdown, markdownTable } from "./markdown.ts";
import type { FlatRecord, RecordValue } from "./records.ts";

/** A column for people; CSV and JSON have every field of a record unchanged. */
export interface ListingColumn {
  /** Field of the record. */
  readonly field: string;
  /** Its heading; the field's name if absent. */
  readonly heading?: string;
  /** Formats a value for people; the record gives access to its other fields. */
  readonly show?: (value: RecordValue, record: FlatRecord) => string;
  /** Printed for a missing value; nothing if absent. */
  readonly missing?: string;
}

/** A list of records with a title and notes. */
export interface Listing {
  readonly title: string;
  readonly records: readonly FlatRecord[];
  readonly columns: readonly ListingColumn[];
  /** Lines under the list, for people only. */
  readonly notes?: readonly string[];
}

/** Draws a list. Columns of numbers are aligned to the right. */
export function listing(list: Listing, format: ReportFormat): string {
  if (format === "csv") {
    // an empty list has a header, too
    return list.records.length > 0
      ? csvOf(list.records)
      : list.columns.map(({ field }) => field).join(",");
  }
  if (format === "json") return jsonOf(list.records);
  const { title, records, columns, notes = [] } = list;
  const header = columns.map(({ field, heading = field }) => heading);
  const rows = records.map((record) =>
    columns.map(({ field, show = String, missing = "" }) =>
      // Every cell is one line.
      record[field] === undefined ? missing : show(record[field], record).replace(/\s+/g, " ")
    )
  );
  const align = columns.map(({ field }) =>
    records.some((record) => typeof record[field] === "number") ? "right" : "left"
  );
  if (format === "markdown") {
    const escaped = (row: readonly string[]) => row.map(escapedMarkdown);
    const table = markdownTable(escaped(header), rows.map(escaped), align);
    return [`## ${escapedMarkdown(title)}`, table, ...notes.map(escapedMarkdown)].join("\n\n");
  }
  // One row of many lines, so that no rules are drawn between records.
  const lines = header.map((_, column) => rows.map((row) => row[column]).join("\n"));
  const table = new Table().header(header).body(rows.length > 0 ? [lines] : [])
    .columns(align.map((direction) => ({ align: direction }))).border();
  return [title, table.toString(), ...notes].join("\n");
}
