import assert from "node:assert/strict";
import table4 from "../../experiments/table4.ts";
import table5 from "../../experiments/table5.ts";
import table6 from "../../experiments/table6.ts";
import table7 from "../../experiments/table7.ts";
import { formatS, type Row } from "../../lib/experiment.ts";
import { netsOf } from "../../lib/report/records.ts";

/** A row as `nets | methods | top-1 | top-5 | test top-5`. */
function line({ evaluations, published: { top1, top5, testTop5 } = {} }: Row): string {
  const methods = [...new Set(evaluations.map(({ method }) => method))].join(" & ");
  return [netsOf({ evaluations }).join(" "), methods, top1, top5, testTop5]
    .filter((part) => part !== undefined).join(" | ");
}

Deno.test("Table 4: S - 32, S and S + 32, or 256, 384 and 512 for a jittered S", () => {
  assert.deepEqual(table4.rows.map(line), [
    "B/256/224,256,288 | dense | 28.2 | 9.6",
    "C/256/224,256,288 | dense | 27.7 | 9.2",
    "C/384/352,384,416 | dense | 27.8 | 9.2",
    "C/[256;512]/256,384,512 | dense | 26.3 | 8.2",
    "D/256/224,256,288 | dense | 26.6 | 8.6",
    "D/384/352,384,416 | dense | 26.5 | 8.6",
    "D/[256;512]/256,384,512 | dense | 24.8 | 7.5",
    "E/256/224,256,288 | dense | 26.9 | 8.7",
    "E/384/352,384,416 | dense | 26.7 | 8.6",
    "E/[256;512]/256,384,512 | dense | 24.8 | 7.5",
  ]);
});

Deno.test("Table 5: dense, multi-crop, and both, of the jittered D and E", () => {
  assert.deepEqual(table5.rows.map(line), [
    "D/[256;512]/256,384,512 | dense | 24.8 | 7.5",
    "D/[256;512]/256,384,512 | multi-crop | 24.6 | 7.5",
    "D/[256;512]/256,384,512 | multi-crop & dense | 24.4 | 7.2",
    "E/[256;512]/256,384,512 | dense | 24.8 | 7.5",
    "E/[256;512]/256,384,512 | multi-crop | 24.6 | 7.4",
    "E/[256;512]/256,384,512 | multi-crop & dense | 24.4 | 7.1",
  ]);
});

Deno.test("Table 6: the submission's seven nets, and the two best", () => {
  const best = "D/[256;512]/256,384,512 E/[256;512]/256,384,512";
  assert.deepEqual(table6.rows.map(line), [
    "D/256/224,256,288 D/384/352,384,416 FC-only D/[256;512]/256,384,512 C/256/224,256,288 " +
    "C/384/352,384,416 E/256/224,256,288 E/384/352,384,416 | dense | 24.7 | 7.5 | 7.3",
    `${best} | dense | 24 | 7.1 | 7`,
    `${best} | multi-crop | 23.9 | 7.2`,
    `${best} | multi-crop & dense | 23.7 | 6.8 | 6.8`,
  ]);
  const [submission] = table6.rows;
  const updates = submission!.evaluations.filter(({ net }) => net.update === "fc");
  assert.deepEqual(updates.map(({ net }) => `${net.config} ${formatS(net.S)}`), [
    ...Array(3).fill("D [256;512]"),
  ]);
});

Deno.test("Table 7 sets rows of Tables 5 and 6 among others; GoogLeNet has one cell for both splits", () => {
  const [two, one, seven] = table7.rows as [Row, Row, Row];
  assert.equal(two.evaluations, table6.rows[3]!.evaluations);
  assert.equal(one.evaluations, table5.rows[5]!.evaluations);
  assert.equal(seven.evaluations, table6.rows[0]!.evaluations);
  assert.deepEqual([two, one, seven].map(({ published }) => published), [
    { top1: 23.7, top5: 6.8, testTop5: 6.8 },
    { top1: 24.4, top5: 7.1, testTop5: 7.0 },
    { top1: 24.7, top5: 7.5, testTop5: 7.3 },
  ]);
  const merged = table7.rows.filter(({ published }) => published?.testTop5 === "merged");
  assert.deepEqual(merged.map(({ published }) => published?.top5), [7.9, 6.7]);
  // twelve rows of others, of whom the paper knows so many numbers
  const others = table7.rows.filter(({ evaluations }) => evaluations.length === 0);
  assert.deepEqual(
    (["top1", "top5", "testTop5"] as const).map((kind) =>
      others.filter(({ published }) => published?.[kind] !== undefined).length
    ),
    [7, 9, 10],
  );
});
