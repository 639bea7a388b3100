/** The parts of a Markdown file that tests look at. */

/** A fenced block of code. */
export interface CodeBlock {
  /** The first word of its info string: `sh`. */
  readonly language: string;
  readonly text: string;
  /** The HTML comment before it, without its brackets; empty if there is none. */
  readonly comment: string;
  /** Number of its first line of text, from 1. */
  readonly line: number;
  /** Where its text is in the file, as characters; in a list, with spaces before each line. */
  readonly from: number;
  readonly to: number;
}

/** Every fenced block, first to last. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const pattern = /^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm;
  return [...markdown.matchAll(pattern)].map(({ 0: all, index, 1: indent, 2: info, 3: body }) => {
    const before = markdown.slice(0, index);
    const from = index + all.indexOf("\n") + 1;
    return {
      language: info!.trim().split(/\s/)[0]!,
      text: body!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      comment: before.match(/<!--([^>]*?)-->\s*$/)?.[1]?.trim() ?? "",
      line: before.split("\n").length + 1,
      ...{ from, to: from + body!.length },
    };
  });
}

/** Everything but fenced blocks and comments. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "").replaceAll(/<!--[\s\S]*?-->/g, "");
}

/** Targets of all links and images. */
export function linksIn(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** Anchors of all headings, as GitHub makes them. */
export function anchorsIn(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "").replaceAll(/\s/g, "-")
  );
}

/** The rows of every table, header and rule left out, as texts of cells. */
export function tableRows(markdown: string): string[][] {
  const rows = [...proseOf(markdown).matchAll(/^\|(.*)\|$/gm)].map(([, cells]) =>
    cells!.split(/(?<!\\)\|/).map((cell) => cell.trim())
  );
  const isRule = (row?: string[]) => row?.every((cell) => /^:?-+:?$/.test(cell)) ?? false;
  return rows.filter((row, i) => !isRule(row) && !isRule(rows[i + 1]));
}

/** Texts between backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}
