/**
 * ILSVRC-2012 in fewer images: the archives and the kit as ImageNet's site gives them, of JPEGs that
 * are put together from scenes. A picture shows two things, side by side or one below the other, and
 * each of the 1,000 classes is another pair of them. There are odd files, as in the real thing.
 *
 * @module
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DEVKIT } from "../../lib/datasets/ilsvrc2012/devkit.ts";
import { ARCHIVES } from "../../lib/datasets/ilsvrc2012/layout.ts";
import { chunks } from "../../lib/system/workers.ts";
import { sharp } from "../../lib/datasets/pixels.ts";
import { openScenes } from "../../lib/datasets/scenes/mod.ts";
import { turned } from "../support/datasets.ts";
import {
  idOfVal,
  IDS,
  kitOf,
  nameOf,
  type TarEntry,
  tarOf,
  wnidOf,
} from "../support/ilsvrc2012/made.ts";

/** How much is made. */
export interface Amount {
  /** Training images of each class. */
  readonly each: number;
  readonly val: number;
  readonly test: number;
  /** Scenes of each thing and split that pictures are put together from. */
  readonly scenes: number;
  /** Longer side of images, pixels; 500 is ImageNet's. */
  readonly side: number;
}

/** Things that pairs are made of: 32 times 32 suffice for 1,000 classes. */
const THINGS = 32;

/** Sides of images as shares of the longer one: most of ImageNet's are 500 by 375, some upright. */
const SHAPES = [[1, 0.75], [1, 0.75], [0.75, 1], [1, 0.75], [1, 0.666]] as const;

/** A picture that is wanted: of a class by its ILSVRC2012_ID, and the how-manieth. */
interface Wanted {
  readonly name: string;
  readonly id: number;
  readonly number: number;
}

type Picture = ReturnType<typeof sharp>;

/** What the first pictures of a split are stored as, all of them called .JPEG; the others are JPEGs. */
const ODDITIES: readonly ((picture: Picture) => Promise<Uint8Array>)[] = [
  (picture) => picture.png().toBuffer(),
  (picture) => picture.toColourspace("b-w").jpeg().toBuffer(),
  (picture) => picture.toColourspace("cmyk").jpeg().toBuffer(),
  async (picture) => turned(await picture.jpeg().toBuffer(), 6),
];

/** Pictures that are in the works at once. */
const AT_ONCE = 32;

/** Writes the archives into `folder`, where the scenes that they are made of are left, too. */
export async function makeArchives(
  folder: string,
  { each, val, test, scenes: most, side }: Amount,
) {
  const scenes = await openScenes({
    folder: join(folder, "scenes"),
    scenes: { classes: THINGS, train: THINGS * most, val: THINGS * most },
  });
  const write = (name: string, bytes: Uint8Array) => Deno.writeFile(join(folder, name), bytes);
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

  const training = IDS.flatMap((id) =>
    upTo(each).map((number) => ({ name: `${wnidOf(id)}_${number}.JPEG`, id, number }))
  );
  const trained = await drawn(training, { scenes: scenes.train, side });
  const classes = IDS.map((id, i) => (
    { name: `${wnidOf(id)}.tar`, bytes: tarOf(trained.slice(i * each, (i + 1) * each)) }
  ));
  await write(ARCHIVES.train[0]!, tarOf(classes));

  for (const [split, count] of [["val", val], ["test", test]] as const) {
    const place = split === "test" ? "test/" : "";
    const images = upTo(count).map((number) => (
      { name: place + nameOf(split, number), id: idOfVal(number), number }
    ));
    await write(ARCHIVES[split][0]!, tarOf(await drawn(images, { scenes: scenes.val, side })));
  }
  const truth = upTo(val).map((number) => `${idOfVal(number)}\n`).join("");
  await write(DEVKIT.archive, gzipSync(tarOf(kitOf(truth))));
}

/** Draws pictures from scenes, and stores them as files. */
async function drawn(
  wanted: readonly Wanted[],
  { scenes, side }: {
    readonly scenes: readonly { readonly file: string; readonly label: number }[];
    readonly side: number;
  },
): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const ofThing = Map.groupBy(scenes, ({ label }) => label);
  for (const some of chunks([...wanted.entries()], AT_ONCE)) {
    entries.push(
      ...await Promise.all(some.map(async ([place, { name, id, number }]) => {
        const files = thingsOf(id).map((thing, half) => {
          const choice = ofThing.get(thing)!;
          return choice[(number + half * id) % choice.length]!.file;
        });
        const [across, down] = SHAPES[place % SHAPES.length]!;
        const sides = { width: Math.round(side * across), height: Math.round(side * down) };
        const picture = await pair(files, sides);
        const stored = ODDITIES[place] ?? ((picture) => picture.jpeg({ quality: 95 }).toBuffer());
        return { name, bytes: await stored(picture) };
      })),
    );
  }
  return entries;
}

/** The two things of a class. */
function thingsOf(id: number): number[] {
  return [id % THINGS, Math.floor(id / THINGS)];
}

/** A picture with a scene in each of its halves. */
async function pair(
  files: readonly string[],
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Picture> {
  const isUpright = height > width;
  const half = isUpright
    ? { width, height: Math.ceil(height / 2) }
    : { width: Math.ceil(width / 2), height };
  const raw = { ...half, channels: 3 } as const;
  const halves = await Promise.all(files.map(async (file, i) => ({
    input: await sharp(file).resize(half.width, half.height).raw().toBuffer(),
    ...{ raw, left: isUpright ? 0 : i * (width - half.width) },
    top: isUpright ? i * (height - half.height) : 0,
  })));
  const canvas = sharp({ create: { width, height, channels: 3, background: "black" } });
  // drawn to an end: what is asked of a picture later would come before its halves
  const pixels = await canvas.composite(halves).removeAlpha().raw().toBuffer();
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
