/** What verification finds in a bundle. */

/** A row of a table. */
interface RowName {
  readonly table: string;
  /** Counted from 1. */
  readonly row: number;
  /** The texts of the row's headings. */
  readonly head: string;
}

/** A problem: the bundle contradicts itself, or this version. */
export type Problem =
  /** A file that is missing, or differs from SHA256SUMS or from the plan. */
  | { readonly kind: "file"; readonly file: string; readonly reason: string }
  /** A setup or a table that has a name of this version, but another content. */
  | { readonly kind: "name"; readonly file: string; readonly reason: string }
  /** A cell of a table that differs from the recomputed one. */
  | RowName & {
    readonly kind: "cell";
    readonly column: string;
    readonly found: string;
    readonly recomputed: string;
  }
  /** A row that cannot be computed. */
  | RowName & { readonly kind: "row"; readonly reason: string };

/** Something that cannot be verified, and has to be believed. */
export interface Note {
  readonly kind: "note";
  readonly reason: string;
}
