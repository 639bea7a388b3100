/** What a command may do when its disk fails, and what it must have done when it ran again. */
import { type Case, FAULTS, kills } from "./cases.ts";
import type { Ending } from "./sandbox.ts";

/** What a command came to, and what was in its folder then. */
export interface Result {
  readonly ending: Ending;
  readonly content: ReadonlyMap<string, string>;
}

/** What no command may print: its stack, or the runtime's words for an error. */
const CRASH = /^ +at |defect of verydeep|panicked|Uncaught|\(os error \d+\)/m;

/** What names some file of the scratch folder. */
const NAMES_A_FILE = /"FOLDER[^"]*"|temporary file/;

/**
 * What is wrong with how a command bore a fault; undefined if nothing is. It may be killed where the
 * fault is that. Otherwise it ends in time: with 0, having done what it does on a whole disk or saying
 * which file it could not write or read; or with 1, and such a sentence as its error.
 */
export function wrongUnderFault(
  { ending, content }: Result,
  { one, unbroken }: { readonly one: Case; readonly unbroken: Result },
): string | undefined {
  const { code, signal, hangs, out, err, hit, seconds } = ending;
  if (hangs) return `does not end within ${Math.round(seconds)} s`;
  const said = `${out}\n${err}`;
  if (CRASH.test(said)) return `crashes: ${lineWith(CRASH, said)}`;
  if (hit === undefined) return difference({ ending, content }, unbroken, isDraft)?.words;
  if (kills(one)) return signal === "SIGKILL" ? undefined : `is not killed, but ends with ${code}`;
  if (signal !== null) return `is ended by ${signal}`;
  // what fails for good may be borne at one file and end the command, or a part of it, at the next
  const isLasting = FAULTS[one.fault].effect === "lasting";
  if (code === 0) {
    const change = difference({ ending, content }, unbroken, isDraft);
    if (change === undefined && one.call.name !== "fsync") return undefined;
    const isSaid = names(said, hit) || (isLasting && change && names(said, change.place));
    return isSaid ? undefined : silence(change, hit);
  }
  if (code !== 1) return `ends with ${code}: ${err.trim().split("\n").at(-1)}`;
  const errors = err.split("\n").filter((line) => line.startsWith("error: "));
  if (errors.length === 0) return `ends with 1 and no error: ${said.trim().split("\n").at(-1)}`;
  const named = errors.find((line) => isLasting ? NAMES_A_FILE.test(line) : names(line, hit));
  if (named === undefined) return `does not name ${hit}: ${errors[0]}`;
  return named.includes("; ") ? undefined : `names no way out: ${named}`;
}

function silence(change: Change | undefined, hit: string): string {
  return change === undefined
    ? `does not say that ${hit} could not be flushed`
    : `ends with 0 and does not name ${hit}, although ${change.words}`;
}

/**
 * What is wrong when the same command ran again on a whole disk; undefined if nothing is. It must have
 * come to what an unbroken command comes to.
 */
export function wrongAfterwards(
  { ending, content }: Result,
  { one, unbroken }: { readonly one?: Case; readonly unbroken: Result },
): string | undefined {
  const { code, hangs, out, err, seconds } = ending;
  if (hangs) return `run again, does not end within ${Math.round(seconds)} s`;
  if (code !== 0) return `run again, ends with ${code}: ${(err || out).trim().split("\n").at(-1)}`;
  const change = difference({ ending, content }, unbroken, (place) => {
    return one !== undefined && leavesDrafts(one) && isDraft(place) && !isContinued(place);
  });
  return change && `run again, ${change.words}`;
}

/** In what a result differs: the first such place, or the output, and how. */
interface Change {
  readonly place: string;
  readonly words: string;
}

/** In what a result differs from an unbroken command's; undefined if in nothing that counts. */
function difference(
  { ending, content }: Result,
  unbroken: Result,
  mayStay: (place: string) => boolean,
): Change | undefined {
  const changed = (place: string, how: string) => ({ place, words: `${place} ${how}` });
  const places = new Set([...content.keys(), ...unbroken.content.keys()]);
  for (const place of [...places].sort()) {
    const [found, wanted] = [content.get(place), unbroken.content.get(place)];
    if (found === wanted || COUNTS_FOR_NOTHING.test(place)) continue;
    if (found === undefined) return changed(place, "is missing");
    if (wanted !== undefined) return changed(place, "is another");
    if (!mayStay(place)) return changed(place, "is left");
  }
  if (ending.out === unbroken.ending.out) return undefined;
  return { place: "standard output", words: "it prints something else" };
}

/** Notes of times, and the files of a stand-in of Slurm. */
const COUNTS_FOR_NOTHING = /\/environment\.json$|^slurm\//;

/**
 * Whether a process may leave drafts: one that is killed, or can remove nothing, cannot help it. A draft
 * is looked at before it is removed, and a temporary folder is opened and listed.
 */
export function leavesDrafts({ call: { name, place }, fault }: Case): boolean {
  return kills({ fault }) || fault === "EROFS" || name === "unlink" ||
    (name === "stat" && isDraft(place)) ||
    ((name === "open" || name === "list") && isTemporaryFolder(place));
}

/** Whether a place is one of a temporary folder, and not of a file in it. */
const isTemporaryFolder = (place: string) => /^tmp\/[^.]+$/.test(place);

/** Whether a place is one of a draft or of a temporary file. */
const isDraft = (place: string) => /^tmp\/|UUID|\/\.writing\/$|\/\.verydeep-probe$/.test(place);

/** Whether drafts at a place are removed when the work on them is done again. */
const isContinued = (place: string) =>
  /^results\/.*\/(train|eval)\/.*\/(?!recipe)|\/\.writing\//.test(place);

/**
 * Whether a text names the file of a place, what it is a draft of, or its folder; of a data set, also
 * the folder that has all of it; of Slurm, the program without its folder.
 */
function names(text: string, place: string): boolean {
  if (place.startsWith("tmp/") && text.includes("temporary file")) return true;
  // the scratch folder itself is flushed after something in it was renamed, which the message names
  if (place === ".") return /"FOLDER["/]/.test(text);
  const file = place.replace(/(\.UUID)?(\.part)?(\.UUID\.part)?$/, "");
  const folder = file.replace(/\/[^/]*$/, "");
  const [, dataset, inside] = /^data\/(.+?)(?:\.unfinished)?(?:\/(.*))?$/.exec(file) ?? [];
  const [, program] = /^slurm\/(.+)$/.exec(file) ?? [];
  return [place, file, folder, dataset, inside, program].some((name) => {
    return name !== undefined && patternOfName(name).test(text);
  });
}

/** A pattern of a place's name, below the scratch folder or below a folder of results. */
function patternOfName(place: string): RegExp {
  const literal = place.replace(/^results\/\*\//, "").replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(literal.replaceAll("UUID", "[-0-9a-f]+").replaceAll("*", '[^/"]*'));
}

function lineWith(pattern: RegExp, text: string): string {
  return text.split("\n").find((line) => pattern.test(line)) ?? "";
}
