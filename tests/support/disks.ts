/** Small disks to fill up, to turn read-only, or to lose their power. Mounting them takes root. */

/** Runs a program. @returns its exit code, 127 where there is no such program, and what it said */
export async function run(program: string, ...args: string[]) {
  let output;
  try {
    output = await new Deno.Command(program, { args }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: 127, out: "", err: "it is not there" };
  }
  const { code, stdout, stderr } = output;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Whether file systems can be mounted here, as far as is known without trying. */
export const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

/** Does something with a file system that is mounted in an empty folder; says so where it may not be. */
async function mounted(options: readonly string[], work: (folder: string) => Promise<void> | void) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const { code, err } = await run("mount", ...options, folder);
  try {
    if (code !== 0) return void console.warn(`skipped: mount says ${err.trim()}`);
    await work(folder);
  } finally {
    if (code === 0) await run("umount", folder);
    Deno.removeSync(folder);
  }
}

/** Does something on a file system of a size such as `400k`. */
export function onSmallDisk(size: string, work: (folder: string) => Promise<void> | void) {
  return mounted(["-t", "tmpfs", "-o", `size=${size}`, "tmpfs"], work);
}

/** Does something on a file system with room for `files` files and folders, including its root. */
export function onDiskOf(files: number, work: (folder: string) => Promise<void> | void) {
  return mounted(["-t", "tmpfs", "-o", `nr_inodes=${files}`, "tmpfs"], work);
}

/** Folders below a folder, and itself. */
function foldersBelow(folder: string): string[] {
  const folders = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory);
  return [folder, ...folders.flatMap(({ name }) => foldersBelow(`${folder}/${name}`))];
}

/**
 * Does something on a disk whose power fails then: `look` sees what was written, and what is left of
 * it, in the worst case. Names have reached the disk by then (a journal is written every few
 * seconds), and of files what was flushed.
 */
export async function afterPowerFailure(
  work: (folder: string) => Promise<void> | void,
  look: (before: string, after: string) => void,
) {
  const place = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const [disk, image] = [`${place}/disk`, `${place}/image`];
  Deno.writeFileSync(disk, new Uint8Array());
  Deno.truncateSync(disk, 2 ** 25);
  try {
    const { code, err } = await run("mkfs.ext4", "-q", disk);
    if (code !== 0) return void console.warn(`skipped: mkfs.ext4 says ${err.trim()}`);
    await mounted(["-o", "loop", disk], async (before) => {
      await work(before);
      for (const path of foldersBelow(before)) {
        using folder = Deno.openSync(path);
        folder.syncSync();
      }
      // what is on the disk now, and not what the system would still write there
      Deno.copyFileSync(disk, image);
      await mounted(["-o", "loop", image], (after) => look(before, after));
    });
  } finally {
    Deno.removeSync(place, { recursive: true });
  }
}
