/** Lists files for tests. */

/** Paths of all files below a folder, without it, sorted. Folders for which `isLeft` says so are left out. */
export function filesBelow(
  folder: string,
  isLeft: (name: string) => boolean = () => false,
): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (!isDirectory) return [name];
    if (isLeft(name)) return [];
    return filesBelow(`${folder}/${name}`, isLeft).map((path) => `${name}/${path}`);
  }).sort();
}
