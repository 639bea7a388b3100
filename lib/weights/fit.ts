/** Checks whether tensors are the weights of a net. */
import { firstOf } from "../errors.ts";
import type { Shapes } from "./weights_file.ts";

/** Names that a message lists at most. */
const MOST = 3;

/** Why tensors of these shapes are not a net's weights; undefined where they fit. */
export function shapeMismatch(found: Shapes, needed: Shapes): string | undefined {
  const without = (one: Shapes, other: Shapes) =>
    [...one.keys()].filter((name) => !other.has(name));
  const [missing, unknown] = [without(needed, found), without(found, needed)];
  if (missing.length + unknown.length > 0) {
    return [
      ...missing.length > 0 ? [`it has no ${firstOf(missing, MOST)}`] : [],
      ...unknown.length > 0 ? [`the net has no ${firstOf(unknown, MOST)}`] : [],
    ].join(", and ");
  }
  const odd = [...needed].filter(([name, shape]) => String(found.get(name)) !== String(shape));
  const [first] = odd;
  if (first === undefined) return undefined;
  const [name, shape] = first;
  const list = (sides: readonly number[]) => `[${sides.join(", ")}]`;
  const others = odd.length > 1 ? ` (and ${odd.length - 1} more do not fit)` : "";
  return `its ${name} is ${list(found.get(name)!)}, the net's is ${list(shape)}${others}`;
}

/** Describes the first value of a tensor that is not finite; undefined where all are. */
export function firstNonFinite(name: string, values: Float32Array): string | undefined {
  let at = 0;
  // a plain loop: fc6 has a hundred million values
  while (at < values.length && Number.isFinite(values[at])) at++;
  return at === values.length ? undefined : `value ${at} of ${name} is ${values[at]}`;
}
