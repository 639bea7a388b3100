/** What crashes and other hands left in a store, and whether its results are whole. */
import { entriesIn, readIfThere } from "../system/files.ts";
import { parsed } from "./run_files.ts";
import { verifyChecksum } from "../system/checksums.ts";
import type { Store } from "./mod.ts";

/** What lies in a store and is of no use any more; file and folder names, below the store's folder. */
export interface Leftovers {
  /** Files whose writing was cut off. */
  readonly drafts: readonly string[];
  /** Results that were found damaged, and put aside. */
  readonly putAside: readonly string[];
  /** Folders whose recipe cannot be read, or is another than their names say. */
  readonly unknown: readonly string[];
  /** Logs and records of jobs of which lines are cut off or changed. */
  readonly logs: readonly string[];
}

/** What the results of a store are like, once all of them are read. */
export interface Examination {
  /** Results that are what their checksums say, or too old to have one. */
  readonly whole: number;
  /** What is wrong with the others, in sentences. */
  readonly damages: readonly string[];
}

/** Looks through a store's folders; reads no results. */
export function leftoversIn(store: Store): Leftovers {
  const known = new Map(store.runs().map((run) => [store.folderOf(run), run]));
  const leftovers = {
    drafts: [] as string[],
    putAside: [] as string[],
    unknown: [] as string[],
    logs: [] as string[],
  };
  const folders = ["train", "eval"].flatMap((kind) =>
    entriesIn(`${store.folder}/${kind}`).filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${kind}/${name}`)
  );
  for (const folder of ["", "leases", ...folders]) {
    const place = folder === "" ? store.folder : `${store.folder}/${folder}`;
    for (const { name } of entriesIn(place)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (name.endsWith(".part")) leftovers.drafts.push(path);
      if (name.endsWith(".damaged")) leftovers.putAside.push(path);
    }
    const run = known.get(place);
    if (folders.includes(folder) && run === undefined) leftovers.unknown.push(folder);
    if (run === undefined) continue;
    const lines = readIfThere(`${place}/log.jsonl`)?.trimEnd().split("\n").length ?? 0;
    if (store.readLog(run).length < lines) leftovers.logs.push(`${folder}/log.jsonl`);
  }
  for (const { name } of entriesIn(`${store.folder}/jobs`)) {
    if (name.endsWith(".jsonl") && !isWhole(`${store.folder}/jobs/${name}`)) {
      leftovers.logs.push(`jobs/${name}`);
    }
  }
  return leftovers;
}

/** Whether each line of a file of records is whole and what was written. */
function isWhole(file: string): boolean {
  const lines = readIfThere(file)?.split("\n") ?? [""];
  return lines.pop() === "" && lines.every((line) => verifyChecksum(parsed(line)) !== undefined);
}

/** Leftovers in sentences, with what becomes of them. */
export function leftoversInWords({ drafts, putAside, unknown, logs }: Leftovers): string[] {
  return [
    told(drafts, "cut off while they were written; they may go"),
    told(putAside, "found damaged and put aside; they may go when they are made again"),
    told(unknown, "without a readable recipe; the run that each was for begins anew"),
    told(logs, "with lines that are cut off or changed, which are left out"),
  ].flat();
}

function told(names: readonly string[], what: string): string[] {
  const [first, ...others] = names;
  if (first === undefined) return [];
  const rest = others.length > 0 ? ` and ${others.length} more` : "";
  return [`${first}${rest}: ${what}.`];
}

/** Reads all results of a store and compares them with their checksums. */
export function examine(
  store: Store,
  onProgress: (done: number, total: number) => void = () => {},
): Examination {
  const results = store.runs().filter((run) => {
    const { state } = store.status(run);
    return state === "done" || state === "damaged";
  });
  const damages = results.flatMap((run, i) => {
    const damage = store.damage(run);
    onProgress(i + 1, results.length);
    return damage ?? [];
  });
  return { whole: results.length - damages.length, damages };
}
