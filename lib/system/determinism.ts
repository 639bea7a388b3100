/** Whether a GPU gives the same bits in each run: the switch of TensorFlow for it. */

/** The environment variable that has TensorFlow refuse GPU kernels whose sums change from run to run. */
export const DETERMINISTIC_SWITCH = "TF_DETERMINISTIC_OPS";

/**
 * Whether a GPU gives the same bits in each run with this value of the switch. Loading TensorFlow sets
 * the switch of this process.
 */
export function isDeterministic(
  value: string | undefined = Deno.env.get(DETERMINISTIC_SWITCH),
): boolean {
  return /^(1|true)$/i.test(value ?? "");
}
