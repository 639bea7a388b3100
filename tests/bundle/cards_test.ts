/** Cards in bundles: what they say, and that verification computes them again. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { writeBundle } from "../../lib/bundle/write.ts";
import { plannedRun } from "../../lib/plan.ts";
import { CLASSES, IMAGES, withStore } from "../support/made_store.ts";
import {
  afterwards,
  bytes,
  coverUp,
  type Entries,
  named,
  text,
  verify,
} from "../support/bundles.ts";

const CARD_OF_A = /^train\/A-256-\w+\/README\.md$/;

/** Wrong first places of the evaluation that a card names, counted from its bytes. */
function mistakesIn(entries: Entries, card: string): number {
  const [, key] = /`([0-9a-f]{12})` \|$/m.exec(card)!;
  const file = entries.get(`eval/A-256-Q256-dense-${key}/posteriors.safetensors`)!;
  const view = new DataView(file.buffer, file.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const [posteriors, labels] = ["posteriors", "labels"].map((name) =>
    start + header[name].data_offsets[0]
  );
  return Array.from({ length: IMAGES }, (_, image) => {
    const at = (label: number) =>
      view.getFloat32(posteriors! + 4 * (CLASSES * image + label), true);
    const label = view.getInt32(labels! + 4 * image, true);
    return Array.from({ length: CLASSES }, (_, other) => other).some((other) =>
      other !== label && at(other) >= at(label)
    );
  }).filter(Boolean).length;
}

for (const small of [false, true]) {
  const kind = small ? "a small bundle" : "a bundle";

  Deno.test(`${kind} has a card of each net that it tests, with its errors`, () =>
    withStore(async (input, folder) => {
      const seen: { cards: string[]; card: string; mistakes: number }[] = [];
      const { problems, notes } = await afterwards({ ...input, small }, folder, (entries) => {
        const cards = [...entries.keys()].filter((name) => name.endsWith("README.md"));
        const card = text(entries, named(entries, CARD_OF_A));
        seen.push({ cards, card, mistakes: small ? NaN : mistakesIn(entries, card) });
      });
      assert.deepEqual(problems, []);
      assert.ok(!notes.some(({ reason }) => reason.includes("card")), JSON.stringify(notes));
      const [{ cards, card, mistakes }] = seen as [typeof seen[number]];
      // A and D [256;512], under two seeds each; D 256 and D 384 are not tested
      assert.deepEqual(cards.map((name) => name.split("/")[1]!.slice(0, -13)).sort(), [
        ...["A-256", "A-256", "D-256-512", "D-256-512"],
      ]);
      const [, metadata = ""] = card.split(/^---$/m);
      const { "model-index": [{ name, results: [{ metrics }] }], tags } = parse(metadata);
      assert.deepEqual([name, tags], ["A 256", ["vgg", "verydeep"]]);
      if (!small) assert.equal(metrics[0].value, (IMAGES - mistakes) / IMAGES);
      // 24 of 40: SciPy's binomtest(24, 40).proportion_ci(method="wilson")
      assert.match(card, /60\.0 \(44\.6 to 73\.7\)/);
      assert.match(card, /This card is in a bundle, which has posteriors and no weights\./);
      assert.doesNotMatch(card, /```python/);
    }));

  Deno.test(`${kind} whose card has a better number does not agree: the card is named`, () =>
    withStore(async (input, folder) => {
      let name = "";
      const { problems } = await afterwards({ ...input, small }, folder, (entries) => {
        name = named(entries, CARD_OF_A);
        const better = text(entries, name).replace(/value: 0\.\d/, "value: 0.9");
        assert.notEqual(better, text(entries, name));
        entries.set(name, bytes(better));
        coverUp(entries);
      });
      const reason = "is not the card that follows from the rest";
      assert.deepEqual(problems, [{ kind: "file", file: name, reason }]);
    }));
}

Deno.test("a bundle of a version before cards agrees, and a note says that it has none", () =>
  withStore(async (input, folder) => {
    const { problems, notes } = await afterwards(input, folder, (entries) => {
      for (const name of [...entries.keys()].filter((name) => name.endsWith("README.md"))) {
        entries.delete(name);
      }
      coverUp(entries);
    });
    assert.deepEqual(problems, []);
    assert.ok(notes.some(({ reason }) => /^4 nets without a card/.test(reason)));
  }));

Deno.test("a card has the bundle's evaluations, and no others that the store has", () =>
  withStore(async (input, folder) => {
    const [context] = input.contexts;
    const { net } = input.tables[0]!.rows[0]!.evaluations[0]!;
    const another = plannedRun({ net, Q: 288, method: "dense" }, context!);
    input.store.begin(another);
    input.store.writePosteriors(another, {
      classes: CLASSES,
      values: new Float32Array(IMAGES * CLASSES).fill(1 / CLASSES),
      labels: new Int32Array(IMAGES),
    });
    const file = `${folder}/some.zip`;
    await writeBundle(file, input);
    assert.deepEqual((await verify(file)).problems, []);
    let card = "";
    await afterwards(input, folder, (entries) => card = text(entries, named(entries, CARD_OF_A)));
    assert.match(card, /dense, Q = 256/);
    assert.doesNotMatch(card, /Q = 288/);
  }, () => false));
