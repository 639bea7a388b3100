/** MAT-files put together by hand, whole or broken. */

/** Bytes in pieces of eight, as MATLAB writes an array: a tag, its content, what fills it up. */
export const element = (
  type: number,
  bytes: readonly number[],
  length = bytes.length,
): number[] => [
  ...[type, 0, 0, 0],
  ...[length & 255, length >> 8 & 255, length >> 16 & 255, length >>> 24],
  ...bytes,
  ...new Array((8 - bytes.length % 8) % 8).fill(0),
];
/** An array called x: its class, its sides, and what it has. */
export const array = (
  kind: number,
  sides: readonly number[],
  ...more: readonly (readonly number[])[]
) => named("x", kind, sides, ...more);

/** An array of another name. */
export const named = (
  name: string,
  kind: number,
  sides: readonly number[],
  ...more: readonly (readonly number[])[]
) =>
  element(14, [
    ...element(6, [kind, 0, 0, 0, 0, 0, 0, 0]),
    ...element(5, sides.flatMap((side) => [...new Uint8Array(Int32Array.of(side).buffer)])),
    ...element(1, [...new TextEncoder().encode(name)]),
    ...more.flat(),
  ]);
/** A MAT-file of these elements. */
export const file = (elements: readonly number[], version = [0, 1], order = "IM") =>
  Uint8Array.from([
    ...new Array(124).fill(32),
    ...version,
    ...[...order].map((letter) => letter.charCodeAt(0)),
    ...elements,
  ]);

/** A development kit's list of classes, whose first field is called `first`. */
export function synsets(
  entries: readonly { id: number; wnid: string; children: number }[],
  first = "ILSVRC2012_ID",
): Uint8Array {
  const names = [first, "WNID", "num_children"];
  const letters = (text: string) => [...new TextEncoder().encode(text)];
  return file(named(
    ...["synsets", 2, [entries.length, 1]] as const,
    element(5, [32, 0, 0, 0]),
    element(1, names.flatMap((name) => letters(name.padEnd(32, "\0")))),
    ...entries.flatMap(({ id, wnid, children }) => [
      array(6, [1, 1], element(2, [id])),
      array(4, [1, wnid.length], element(16, letters(wnid))),
      array(6, [1, 1], element(2, [children])),
    ]),
  ));
}
