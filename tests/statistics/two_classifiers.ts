import { imagesToDecide, mcnemar, pairedDifference, wilson } from "../../lib/statistics/mod.ts";

/** Compares two classifiers on the same test images; `first` and `second` say which images each got wrong. */
export function compare(first: readonly boolean[], second: readonly boolean[]) {
  const images = first.length;
  const count = (test: (i: number) => boolean) => first.filter((_, i) => test(i)).length;
  const [onlyFirst, onlySecond] = [
    count((i) => first[i]! && !second[i]),
    count((i) => !first[i] && second[i]!),
  ];
  const pairs = { images, onlyFirst, onlySecond };
  return {
    firstError: wilson(count((i) => first[i]!), images),
    secondError: wilson(count((i) => second[i]!), images),
    difference: pairedDifference(pairs),
    pValue: mcnemar(onlyFirst, onlySecond),
    imagesToDecide: imagesToDecide(pairs),
  };
}
