/** Formats of a report: terminal table, CSV, JSON, Markdown, LaTeX. */
export const FORMATS = ["table", "csv", "json", "markdown", "latex"] as const;

/** The name of a format. */
export type ReportFormat = typeof FORMATS[number];
