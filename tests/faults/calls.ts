/** The file calls of a process, by names that are the same in every run. */
import { type CallName, patternOf } from "./library.ts";

/** A file call: the `number`-th one, from 1, of its name at its place. */
export interface Call {
  readonly name: CallName;
  /** A path below the scratch folder; `UUID` and `*` stand for what differs from run to run. */
  readonly place: string;
  readonly number: number;
}

/** Parts of paths that differ from run to run, or are too long to be read. */
const CHANGING: readonly (readonly [part: RegExp, replacement: string])[] = [
  // drafts
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID"],
  [/\bverydeep-graph-[^/]+/, "verydeep-graph-*"],
  // by time, machine and process
  [/\btfevents\.[^/]+/, "tfevents.*"],
  // named by all fields that differ from the setup's
  [/^results\/smoke-[^/]+/, "results/*"],
];

/** The place of a path below a folder. */
export function placeOf(path: string, folder: string): string {
  const below = path === folder ? "." : path.slice(folder.length + 1);
  return CHANGING.reduce((place, [part, other]) => place.replace(part, other), below);
}

/** A pattern of the paths below a folder that have a place. */
export function patternOfPlace(place: string, folder: string): string {
  const path = place === "." ? folder : `${folder}/${place}`;
  return patternOf(path).replaceAll("UUID", "?".repeat(36));
}

/** The calls that a trace lists, in their order; `fault` among them is the one that went wrong. */
export function linesOf(trace: string): { readonly name: CallName | "fault"; path: string }[] {
  return trace.split("\n").slice(0, -1).map((line) => {
    const [name, path] = line.split("\t") as [CallName | "fault", string];
    return { name, path };
  });
}

/** The calls of an unbroken process, in their order. */
export function callsIn(trace: string, folder: string): Call[] {
  const counts = new Map<string, number>();
  return linesOf(trace).map(({ name, path }) => {
    const place = placeOf(path, folder);
    const number = (counts.get(`${name} ${place}`) ?? 0) + 1;
    counts.set(`${name} ${place}`, number);
    return { name: name as CallName, place, number };
  });
}
