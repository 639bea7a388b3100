/** Draws scenes into files and sums up their colours; one of several Web Workers. */
import { join } from "node:path";
import { addColours, type ColourSums, NO_COLOURS, sumColours } from "../folder/colours.ts";
import { isThere, readBytes } from "../../system/files.ts";
import { writeFiles } from "../generated.ts";
import { answerJobs } from "../../system/workers.ts";
import { decode, encodeJpeg } from "../pixels.ts";
import { drawScene, type SceneAssets, type SceneId } from "./scene.ts";

/** A scene and the file it goes to, below the folder that is made. */
export interface SceneJob extends SceneId {
  readonly file: string;
}

/** What all scenes of a data set share. */
export interface SceneSettings {
  readonly folder: string;
  readonly assets: SceneAssets;
}

/** Scenes in progress at once: while one is encoded or decoded on another thread, the next is drawn. */
const CONCURRENT = 3;

/** Answers with the colours of those that are for training. */
answerJobs(async (scenes: readonly SceneJob[], { folder, assets }: SceneSettings) => {
  let colours: ColourSums = NO_COLOURS;
  const drawn: [file: string, jpeg: Uint8Array][] = [];
  const queue = scenes.values();
  async function drawNext() {
    for (const scene of queue) {
      const jpeg = await found(scene) ?? await draw(scene);
      if (scene.split === "val") continue;
      const picture = await decode(jpeg);
      colours = addColours(colours, sumColours(picture));
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, drawNext));
  await writeFiles(drawn, folder);
  return colours;

  /** The bytes of a scene that an earlier, interrupted drawing left. */
  async function found({ file }: SceneJob): Promise<Uint8Array | undefined> {
    const path = join(folder, file);
    return isThere(path) ? await readBytes(path) : undefined;
  }

  async function draw(scene: SceneJob): Promise<Uint8Array> {
    const jpeg = await encodeJpeg(drawScene(scene, assets));
    drawn.push([join(folder, scene.file), jpeg]);
    return jpeg;
  }
});
