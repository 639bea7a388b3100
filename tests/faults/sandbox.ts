/** Folders in which processes with a faulty disk work, and how such a process went. */
import { createHash } from "node:crypto";
import { linesOf, placeOf } from "./calls.ts";
import { logIn } from "../../lib/store/run_files.ts";
import { type DiskFault, variablesOf } from "./library.ts";

/** How a process went. */
export interface Ending {
  readonly code: number;
  readonly signal: string | null;
  /** Whether it was killed because it did not end in time. */
  readonly hangs: boolean;
  /** What it wrote, with `FOLDER` for its folder. */
  readonly out: string;
  readonly err: string;
  /** The place of the call that went wrong; undefined if the process did not come to it. */
  readonly hit: string | undefined;
  /** Its file calls. */
  readonly trace: string;
  readonly seconds: number;
}

/** A process in a folder. */
export interface Work {
  readonly folder: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly fault?: DiskFault | undefined;
  /** Seconds after which it counts as hanging. */
  readonly patience: number;
}

/** Carries out a command line on a disk with a fault, or without one. */
export async function carryOut(
  { folder, command: [program, ...args], env = {}, fault, patience }: Work,
): Promise<Ending> {
  const trace = `${folder}.trace`;
  Deno.writeTextFileSync(trace, "");
  for (const own of ["cache", "tmp"]) Deno.mkdirSync(`${folder}/${own}`, { recursive: true });
  const begin = performance.now();
  const child = new Deno.Command(program!, {
    args,
    env: {
      ...await variablesOf({ fault, folder, trace, program: "deno" }),
      ...{
        TMPDIR: `${folder}/tmp`,
        VERYDEEP_CACHE: `${folder}/cache`,
        NO_COLOR: "1",
        LC_ALL: "C.UTF-8",
      },
      ...env,
    },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    child.kill("SIGKILL");
  }, 1000 * patience);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll(folder, "FOLDER");
  const calls = Deno.readTextFileSync(trace);
  const hit = linesOf(calls).find(({ name }) => name === "fault");
  return {
    ...{ code, signal, hangs, out: text(stdout), err: text(stderr), trace: calls },
    hit: hit && placeOf(hit.path, folder),
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Copies a folder with the times of its files, in place of another. */
export async function copyFolder(from: string, to: string) {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  await new Deno.Command("cp", { args: ["-a", from, to] }).output();
}

/** Files that hold times, speeds and names of processes, and what is left out of them. */
const PASSING: readonly (readonly [places: RegExp, passing: RegExp])[] = [
  // drafts, which nobody reads, and records of jobs, of which one that is empty may be left
  [/UUID/, /^[^]*/g],
  [/\bevents\.out\./, /[^]+/g],
  [/\/environment\.json/, /\d+(\.\d+)?([eE]-?\d+)?|[0-9a-f]{8}/g],
  [/\/leases\//, /\d+/g],
  [/\/log\.jsonl/, /"imagesPerSecond":[^,}]*/g],
  // HDF5 holds times among its bytes: their number remains
  [/\.h5/, /[^]/g],
  // of the files' times
  [/\/\.verydeep\/index/, /"(listing|checksum)":"[0-9a-f]*"/g],
];

/** Files and folders below a folder, by their places, each with a digest of what it holds. */
export function contentOf(folder: string, below = folder): Map<string, string> {
  const content = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(below)) {
    const path = `${below}/${name}`;
    const place = placeOf(path, folder);
    if (!isDirectory) {
      content.set(place, digestOf(Deno.readFileSync(path), place, folder));
      continue;
    }
    content.set(`${place}/`, "");
    for (const [inside, digest] of contentOf(folder, path)) content.set(inside, digest);
  }
  return content;
}

function digestOf(bytes: Uint8Array, place: string, folder: string): string {
  const [, passing = /$^/g] = PASSING.find(([places]) => places.test(place)) ?? [];
  const found = new TextDecoder("latin1").decode(bytes).replaceAll(folder, "FOLDER");
  // a log as it is read: its file keeps what an interrupted training did and did again
  const text = place.endsWith("/log.jsonl") ? JSON.stringify(logIn(found)) : found;
  return createHash("sha256").update(text.replaceAll(passing, ".")).digest("hex");
}
