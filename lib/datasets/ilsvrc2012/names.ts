/** Numbers in the names of validation and test images. */
import { parse } from "node:path";

/** The number in a name as it is published, such as ILSVRC2012_val_00000001.JPEG. */
export function publishedNumberIn(name: string): number | undefined {
  const [, number] = /_(\d{8})(?!\d)/.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** The same number in a name that was changed, also without zeros in front: val_1.JPEG, 1.JPEG. */
export function numberIn(name: string): number | undefined {
  const [, number] = /(\d+)\D*$/.exec(parse(name).name) ?? [];
  return publishedNumberIn(name) ?? (number === undefined ? undefined : Number(number));
}
