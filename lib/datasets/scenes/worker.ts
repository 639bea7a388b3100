/** Draws scenes into files and sums up their colours; one of several Web Workers. */
import { join } from "node:path";
import { addColours, type ColourSums, NO_COLOURS, sumColours } from "../folder/colours.ts";
import { exists, writeWhole } from "../made.ts";
import { answerJobs } from "../parallel.ts";
import { decode, encodeJpeg } from "../pixels.ts";
import { drawScene, type SceneName, type Stage } from "./scene.ts";

/** A scene and the file it goes to, below the folder that is made. */
export interface SceneJob extends SceneName {
  readonly file: string;
}

/** What all scenes of a data set share. */
export interface SceneWork {
  readonly folder: string;
  readonly stage: Stage;
}

/** Scenes on their way at once: while one is encoded or decoded elsewhere, the next is drawn. */
const LANES = 3;

/** Answers with the colours of those that are for training. */
answerJobs(async (scenes: readonly SceneJob[], { folder, stage }: SceneWork) => {
  let colours: ColourSums = NO_COLOURS;
  const queue = scenes.values();
  async function lane() {
    for (const scene of queue) {
      const jpeg = await make(scene);
      if (scene.split === "val") continue;
      const picture = await decode(jpeg);
      colours = addColours(colours, sumColours(picture));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return colours;

  /** Draws a scene unless it is there. @returns the file's bytes */
  async function make(scene: SceneJob): Promise<Uint8Array> {
    const file = join(folder, scene.file);
    if (exists(file)) return await Deno.readFile(file);
    const jpeg = await encodeJpeg(drawScene(scene, stage));
    writeWhole(file, jpeg, folder);
    return jpeg;
  }
});
