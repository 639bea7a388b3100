/** How a report may look: for people on a terminal, for programs, for a document. */
export const FORMATS = ["table", "csv", "json", "markdown"] as const;

/** Name of a format. */
export type ReportFormat = typeof FORMATS[number];
