/** Made-up scores of two rows: what matters of them are the images that one row alone got wrong. */
import type { Scores } from "../../lib/score.ts";

/**
 * Scores of two rows; the first alone gets the first images wrong, the second alone the next ones.
 */
export function discordant(
  images: number,
  onlyFirst: number,
  onlySecond: number,
): [first: Scores, second: Scores] {
  const scores = (from: number, to: number): Scores => ({
    classes: 2,
    labels: new Int32Array(images),
    ranks: Int32Array.from({ length: images }, (_, i) => i >= from && i < to ? 1 : 0),
    predicted: new Int32Array(images),
    confidence: new Float32Array(images),
  });
  return [scores(0, onlyFirst), scores(onlyFirst, onlyFirst + onlySecond)];
}
