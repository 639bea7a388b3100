import assert from "node:assert/strict";
import { join } from "node:path";
import { decode, encodePng } from "../../lib/datasets/pixels.ts";
import { withPictures } from "../../lib/report/pictures.ts";

Deno.test("mistakes get a small picture of their image; of a missing or another one, none", async () => {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  const file = join(folder, "fox.png");
  const [width, height] = [600, 300];
  const pixels = new Uint8Array(width * height * 3).fill(200);
  await Deno.writeFile(file, await encodePng({ width, height, channels: 3, pixels }));
  const image = { file, label: 1, width, height };
  const mistake = (image: number) => ({ image, label: 1, predicted: 0, confidence: 0.9 });

  const val = [image, { ...image, label: 0 }, { ...image, file: join(folder, "gone.png") }];
  const [whole, other, gone, beyond] = await withPictures([0, 1, 2, 3].map(mistake), { val });
  assert.equal(whole!.file, "fox.png"); // no folder of this machine
  const [kind, code] = whole!.picture!.split(",");
  assert.equal(kind, "data:image/jpeg;base64");
  const seen = await decode(Uint8Array.fromBase64(code!));
  assert.deepEqual([seen.width, seen.height], [144, 72]); // all of it is seen
  assert.ok(seen.pixels.every((value) => Math.abs(value - 200) <= 2));
  assert.deepEqual([other, gone, beyond], [1, 2, 3].map(mistake));
  await Deno.remove(folder, { recursive: true });
});
