/** The page's sections about one row: errors by class, confusions, most confident mistakes. */
import type { RowResult } from "../../results/row_result.ts";
import { classErrors, confusions } from "../mistakes.ts";
import type { PicturedMistake } from "../pictures.ts";
import type { Figures } from "../plots/mod.ts";
import { h, type HtmlContent } from "../markup.ts";
import { rangeText } from "../words.ts";
import { details, plainTable, plots } from "./parts.ts";

/** Length of the list of confusions. */
const PAIRS = 20;

/** Errors by class. */
export function classSection(
  { scores }: RowResult,
  names: readonly string[],
  figures: Figures,
): HtmlContent {
  const errors = classErrors(scores);
  const rows = errors.map(({ label, images, misses, error, interval }) => [
    names[label],
    images,
    misses,
    error.toFixed(1),
    rangeText(interval),
  ]);
  const table = plainTable(rows, {
    label: "Errors by class",
    columns: {
      "class": "left",
      "images": "right",
      "misclassified": "right",
      "top-1, %": "right",
      "95 %": "right",
    },
  });
  return [plots(figures.classes), details(`All ${errors.length} classes as a table`, table)];
}

/** The confusion matrix, if there are few classes, and the most frequent confusions. */
export function confusionSection(
  { scores }: RowResult,
  names: readonly string[],
  figures: Figures,
): HtmlContent {
  const pairs = confusions(scores).filter(({ label, predicted }) => label !== predicted);
  if (pairs.length === 0) return h("p", {}, "No confusions.");
  const rows = pairs.slice(0, PAIRS).map(({ label, predicted, images, share }) => [
    names[label],
    names[predicted],
    images,
    (100 * share).toFixed(1),
  ]);
  const table = plainTable(rows, {
    label: "Most frequent confusions",
    caption: "The most frequent",
    columns: {
      "true class": "left",
      "predicted class": "left",
      "images": "right",
      "of the class, %": "right",
    },
  });
  return plots(figures.confusions, { beside: table });
}

/** The most confident mistakes as pictures, or as a list of names if there are no image files. */
export function mistakeSection(
  mistakes: readonly PicturedMistake[],
  names: readonly string[],
  credits: string | undefined,
): HtmlContent {
  if (mistakes.length === 0) return h("p", {}, "No mistakes.");
  const isPictured = mistakes.some(({ picture }) => picture !== undefined);
  const list = mistakes.map(({ image, label, predicted, confidence, picture, file }) => {
    const alt = `${names[label]} predicted as ${names[predicted]}`;
    return h(
      "li",
      {},
      h(
        "figure",
        {},
        picture !== undefined && h("img", { src: picture, alt }),
        h(
          "figcaption",
          {},
          names[label],
          h("br", {}),
          h("b", {}, names[predicted]),
          ` ${(100 * confidence).toFixed(0)} %`,
          h("br", {}),
          h("small", {}, file ?? `image ${image}`),
        ),
      ),
    );
  });
  return [
    !isPictured &&
    h("p", {}, "The images are not on this machine, so only their names are listed."),
    h("ul", { class: "mistakes" }, list),
    isPictured && credits !== undefined &&
    details("Credits of the pictures", h("pre", {}, credits.trim())),
  ];
}
