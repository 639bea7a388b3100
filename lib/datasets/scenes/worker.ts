/** Draws scenes into files; one of several Web Workers. */
import { join } from "node:path";
import { exists, writeWhole } from "../made.ts";
import { answerJobs } from "../parallel.ts";
import { encodeJpeg } from "../pixels.ts";
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

answerJobs(async (scenes: readonly SceneJob[], { folder, stage }: SceneWork) => {
  // While one scene is encoded, the next is drawn.
  let encoding: Promise<void> | undefined;
  for (const scene of scenes) {
    const file = join(folder, scene.file);
    if (exists(file)) continue;
    const jpeg = encodeJpeg(drawScene(scene, stage));
    await encoding;
    encoding = jpeg.then((bytes) => writeWhole(file, bytes, folder));
  }
  await encoding;
  return scenes.length;
});
