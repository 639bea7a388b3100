import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  doubtOfLabels,
  type LabelledCopy,
  type PublishedFacts,
} from "../../../lib/datasets/ilsvrc2012/published.ts";
import { idOfVal, IDS, nameOf, wnidOf } from "../../support/ilsvrc2012/made.ts";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

const WNIDS = IDS.map(wnidOf).sort();
const labelOf = (id: number) => WNIDS.indexOf(wnidOf(id));

/** Two images of each class: the list of `idOfVal`, twice. */
const NUMBERS = Array.from({ length: 2000 }, (_, i) => i + 1);
const IDS_OF_IMAGES = NUMBERS.map((i) => idOfVal(i));

/** What would be published, if the made-up set were. */
const FACTS: PublishedFacts = {
  images: 2000,
  wnids: hashOf(WNIDS.join("\n") + "\n"),
  byId: hashOf(IDS.map((id) => `${wnidOf(id)}\n`).join("")),
  labels: hashOf(IDS_OF_IMAGES.map((id) => `${wnidOf(id)}\n`).join("")),
  // 7 i % 1000 + 1 runs through all classes before one comes again
  pattern: hashOf(NUMBERS.map((i) => `${(i - 1) % 1000}\n`).join("")),
};

const COPY: LabelledCopy = {
  wnids: WNIDS,
  ids: WNIDS.map((wnid) => IDS.find((id) => wnidOf(id) === wnid)!),
  names: NUMBERS.map((i) => nameOf("val", i)),
  labels: IDS_OF_IMAGES.map(labelOf),
  place: "kit",
};

const doubt = (changes: Partial<LabelledCopy>) => doubtOfLabels({ ...COPY, ...changes }, FACTS);

Deno.test("published labels are in no doubt, in whatever order their images are listed", () => {
  assert.equal(doubt({}), undefined);
  const turned = [...NUMBERS.keys()].reverse();
  const names = turned.map((i) => COPY.names[i]!);
  assert.equal(doubt({ names, labels: turned.map((i) => COPY.labels[i]!) }), undefined);
  // unpadded numbers sort otherwise as text
  assert.equal(doubt({ names: NUMBERS.map((i) => `val_${i}.JPEG`) }), undefined);
  assert.equal(doubt({ ids: undefined }), undefined);
});

Deno.test("labels in another order are doubted though their numbers are right", () => {
  const labels = COPY.labels.with(0, COPY.labels[1]!).with(1, COPY.labels[0]!);
  assert.match(
    doubt({ labels })!,
    /^The classes of the 2,000 validation images, from "kit", are not .*another order/,
  );
  const moved = [...COPY.labels.slice(3), ...COPY.labels.slice(0, 3)];
  // a shift of this list is also an exchange of classes, as it repeats itself
  assert.match(doubt({ labels: moved })!, /under the classes of others/);
});

Deno.test("a ground truth of ranks in place of ILSVRC2012_IDs is named", () => {
  // a reader takes its lines for IDs: rank + 1 becomes the class of that ID
  const labels = COPY.labels.map((rank) => labelOf(rank + 1));
  assert.match(doubt({ labels })!, /ranks of WordNet IDs stand in place of ILSVRC2012_IDs/);
});

Deno.test("a class with too many or too few images is named", () => {
  const labels = COPY.labels.with(0, COPY.labels[1]!);
  const short = [COPY.labels[0]!, COPY.labels[1]!].toSorted((a, b) => a - b)[0]!;
  const number = short === COPY.labels[0] ? "1 image" : "3 images";
  assert.match(doubt({ labels })!, new RegExp(`"${WNIDS[short]}" has ${number}, not 2`));
});

Deno.test("other classes, and other numbers of the same ones, are doubted", () => {
  assert.match(
    doubt({ wnids: WNIDS.with(999, "n99999999") })!,
    /^The 1,000 classes of "kit" are not those of ILSVRC-2012/,
  );
  const ids = COPY.ids!.map((id) => 1001 - id);
  assert.match(doubt({ ids })!, /^"kit" numbers its classes otherwise .* test server/);
});

Deno.test("a part of the images is not compared", () => {
  const [names, labels] = [COPY.names.slice(1), COPY.labels.slice(1)];
  assert.equal(doubt({ names, labels }), undefined);
  assert.equal(doubt({ names: COPY.names.with(7, "mine.JPEG") }), undefined);
});

Deno.test("by default the facts are those of ILSVRC-2012", () => {
  const names = Array.from({ length: 50_000 }, (_, i) => nameOf("val", i + 1));
  const labels = names.map((_, i) => i % 1000);
  assert.match(
    doubtOfLabels({ ...COPY, names, labels })!,
    /^The 1,000 classes of "kit" are not those of ILSVRC-2012/,
  );
});
