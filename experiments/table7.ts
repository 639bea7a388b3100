/** Table 7: comparison with the state of the art. Our rows are those of Tables 5 and 6. */
import type { ListedTable, Published, Row } from "../lib/experiment.ts";
import table5 from "./table5.ts";
import table6 from "./table6.ts";

/** One of this project's rows, under the name that Table 7 gives it. */
function ours(title: string, { evaluations, published }: Row, more: Published = {}): Row {
  return { title, evaluations, published: { ...published, ...more } };
}

/** A row of others; undefined where the paper has a dash. */
function theirs(title: string, ...errors: [top1?: number, top5?: number, testTop5?: number]): Row {
  const [top1, top5, testTop5] = errors;
  return {
    title,
    evaluations: [],
    published: {
      ...top1 !== undefined && { top1 },
      ...top5 !== undefined && { top5 },
      ...testTop5 !== undefined && { testTop5 },
    },
  };
}

/** GoogLeNet's errors: the paper prints one for both splits. */
function merged(title: string, top5: number): Row {
  return { title, evaluations: [], published: { top5, testTop5: "merged" } };
}

const none = undefined;

export default {
  name: "table7",
  caption: "Comparison with the state of the art in ILSVRC classification",
  help: {
    summary: "Table 7: comparison with the results of others",
    about: "Rows of Tables 5 and 6 next to the results of others (Section 4.5).",
  },
  headings: ["title"],
  quotes: true,
  rows: [
    ours("VGG (2 nets, multi-crop & dense eval.)", table6.rows[3]!),
    ours("VGG (1 net, multi-crop & dense eval.)", table5.rows[5]!, { testTop5: 7.0 }),
    ours("VGG (ILSVRC submission, 7 nets, dense eval.)", table6.rows[0]!),
    merged("GoogLeNet (Szegedy et al., 2014) (1 net)", 7.9),
    merged("GoogLeNet (Szegedy et al., 2014) (7 nets)", 6.7),
    theirs("MSRA (He et al., 2014) (11 nets)", none, none, 8.1),
    theirs("MSRA (He et al., 2014) (1 net)", 27.9, 9.1, 9.1),
    theirs("Clarifai (Russakovsky et al., 2014) (multiple nets)", none, none, 11.7),
    theirs("Clarifai (Russakovsky et al., 2014) (1 net)", none, none, 12.5),
    theirs("Zeiler & Fergus (2013) (6 nets)", 36.0, 14.7, 14.8),
    theirs("Zeiler & Fergus (2013) (1 net)", 37.5, 16.0, 16.1),
    theirs("OverFeat (Sermanet et al., 2014) (7 nets)", 34.0, 13.2, 13.6),
    theirs("OverFeat (Sermanet et al., 2014) (1 net)", 35.7, 14.2),
    theirs("Krizhevsky et al. (2012) (5 nets)", 38.1, 16.4, 16.4),
    theirs("Krizhevsky et al. (2012) (1 net)", 40.7, 18.2),
  ],
} satisfies ListedTable;
