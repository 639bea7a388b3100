/** Finds leftover and damaged files in a store, and verifies its results. */
import { entriesIn, readIfThere } from "../system/files.ts";
import { parsed } from "./run_files.ts";
import { verifyChecksum } from "../system/checksums.ts";
import type { Store } from "./mod.ts";

/** Files and folders that are no longer needed, by their paths below the store's folder. */
export interface Leftovers {
  /** Files whose writing was interrupted. */
  readonly drafts: readonly string[];
  /** Damaged results, renamed to `*.damaged`. */
  readonly putAside: readonly string[];
  /** Folders whose recipe cannot be read, or does not match the folder's name. */
  readonly unknown: readonly string[];
  /** Logs and records of jobs with lines that are cut off or changed. */
  readonly logs: readonly string[];
}

/** The verification of all results in a store. */
export interface Examination {
  /** Number of results that match their checksums, or were written before there were checksums. */
  readonly whole: number;
  /** What is wrong with the others, one sentence each. */
  readonly damages: readonly string[];
}

/** Finds the leftovers in a store's folders, without reading results. */
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

/** Whether every line of a file of records is complete and matches its checksum. */
function isWhole(file: string): boolean {
  const lines = readIfThere(file)?.split("\n") ?? [""];
  return lines.pop() === "" && lines.every((line) => verifyChecksum(parsed(line)) !== undefined);
}

/** Describes leftovers, and what happens to them. */
export function leftoversInWords({ drafts, putAside, unknown, logs }: Leftovers): string[] {
  return [
    told(drafts, "writing was interrupted; can be deleted"),
    told(putAside, "damaged; can be deleted when the result is computed again"),
    told(unknown, "the recipe is unreadable or does not match the folder; its run starts again"),
    told(logs, "some lines are cut off or changed, and are ignored"),
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
