/** Finds leftover and damaged files in a store, and verifies its results. */
import { entriesIn, readIfThere } from "../system/files.ts";
import { UnreadableError } from "../errors.ts";
import { parsed } from "./run_files.ts";
import { verifyChecksum } from "../system/checksums.ts";
import type { RunStatus, Store } from "./mod.ts";

/** Files and folders that are not needed or cannot be read, by their paths below the store's folder. */
export interface Leftovers {
  /** Files whose writing was interrupted. */
  readonly drafts: readonly string[];
  /** Damaged results, renamed to `*.damaged`. */
  readonly damaged: readonly string[];
  /** Checkpoints and records of failures of finished runs. */
  readonly finished: readonly string[];
  /** Folders whose recipe is damaged, or does not match the folder's name. */
  readonly unknown: readonly string[];
  /** Logs and records of jobs with lines that are cut off or changed. */
  readonly logs: readonly string[];
  /** Why recipes, logs, records and folders cannot be read, one sentence each. */
  readonly unreadable: readonly string[];
}

/** The verification of all results in a store. */
export interface ResultAudit {
  /** Number of results that match their checksums, or were written before there were checksums. */
  readonly whole: number;
  /** What is wrong with damaged results, one sentence each. */
  readonly damages: readonly string[];
  /** Why other results cannot be read, one sentence each. */
  readonly unreadable: readonly string[];
}

/** Finds the leftovers in a store's folders, without reading results. */
export function leftoversIn(store: Store): Leftovers {
  const known = new Map(store.runs().map((run) => [store.folderOf(run), run]));
  const leftovers = {
    drafts: [] as string[],
    damaged: [] as string[],
    finished: [] as string[],
    unknown: [] as string[],
    logs: [] as string[],
    unreadable: [] as string[],
  };
  /** Examines a folder or file; adds it to `unreadable` if it cannot be read. */
  function look(at: () => void) {
    try {
      at();
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      const { message } = error;
      const shown = message.replace(`"${store.folder}/`, '"').replace(/;.*$/s, "");
      if (!leftovers.unreadable.includes(shown)) leftovers.unreadable.push(shown);
    }
  }
  const folders: string[] = [];
  for (const kind of ["train", "eval"]) {
    look(() => {
      const entries = entriesIn(`${store.folder}/${kind}`);
      folders.push(
        ...entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${kind}/${name}`),
      );
    });
  }
  for (const folder of ["", "jobs", "leases", "plots", ...folders]) {
    const place = folder === "" ? store.folder : `${store.folder}/${folder}`;
    const run = known.get(place);
    look(() => {
      for (const { name } of entriesIn(place)) {
        const path = folder === "" ? name : `${folder}/${name}`;
        if (name.endsWith(".part")) leftovers.drafts.push(path);
        if (name.endsWith(".damaged")) leftovers.damaged.push(path);
        if (folder === "jobs" && name.endsWith(".jsonl")) {
          look(() => void (isWhole(`${place}/${name}`) || leftovers.logs.push(path)));
        }
      }
    });
    if (run === undefined) {
      if (folders.includes(folder) && !store.withheld.has(folder)) leftovers.unknown.push(folder);
      continue;
    }
    look(() => {
      if (!isWhole(`${place}/log.jsonl`)) leftovers.logs.push(`${folder}/log.jsonl`);
    });
    if (store.status(run).state === "done") {
      leftovers.finished.push(...store.leftBesideResult(run).map((name) => `${folder}/${name}`));
    }
  }
  for (const error of store.withheld.values()) {
    look(() => {
      throw error;
    });
  }
  return leftovers;
}

/**
 * Whether every line of a log or a file of records is complete and matches its checksum. A line that a
 * crash cut off does not count, where later ones follow: what it told was told again.
 */
function isWhole(file: string): boolean {
  const lines = readIfThere(file)?.split("\n") ?? [""];
  if (lines.pop() !== "") return false;
  return lines.every((line, i) =>
    verifyChecksum(parsed(line)) !== undefined || isCutOff(line) && i + 1 < lines.length
  );
}

/** Whether a line lacks its end: the brace, and the checksum before it. */
function isCutOff(line: string): boolean {
  return !line.endsWith("}") && !/"checksum":"\w+"/.test(line);
}

/** Describes leftovers, and what happens to them. */
export function leftoversInWords(
  { drafts, damaged, finished, unknown, logs, unreadable }: Leftovers,
): string[] {
  return [
    sentence(drafts, "writing was interrupted; can be deleted"),
    sentence(damaged, "damaged; can be deleted when the result is computed again"),
    sentence(finished, "the run is finished; the next command that uses it removes them"),
    sentence(
      unknown,
      "the recipe is damaged or does not match the folder; its run starts again",
    ),
    sentence(logs, "some lines are cut off or changed, and are ignored"),
    unreadable.map((fault) => `${fault}; check its permissions and its disk.`),
  ].flat();
}

function sentence(names: readonly string[], what: string): string[] {
  const [first, ...others] = names;
  if (first === undefined) return [];
  const rest = others.length > 0 ? ` and ${others.length} more` : "";
  return [`${first}${rest}: ${what}.`];
}

/** Reads all results of a store and compares them with their checksums. */
export function auditResults(
  store: Store,
  onProgress: (done: number, total: number) => void = () => {},
): ResultAudit {
  const results = store.runs().filter((run) => {
    const { state } = store.status(run);
    return ["done", "damaged", "unreadable"].includes(state);
  });
  const faults = results.flatMap((run, i) => {
    if (store.status(run).state === "done") store.damage(run); // updates its status
    onProgress(i + 1, results.length);
    const { state, detail = "" } = store.status(run);
    return state === "done" ? [] : [{ state, detail }];
  });
  const of = (wanted: RunStatus["state"]) =>
    faults.filter(({ state }) => state === wanted).map(({ detail }) => detail);
  return {
    whole: results.length - faults.length,
    damages: of("damaged"),
    unreadable: of("unreadable"),
  };
}
