/** How a report may look: for people on a terminal, for programs, for a document, for a paper. */
export const FORMATS = ["table", "csv", "json", "markdown", "latex"] as const;

/** Name of a format. */
export type ReportFormat = typeof FORMATS[number];
