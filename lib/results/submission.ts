/**
 * Submissions to the test server of ILSVRC-2012, which alone knows the classes of the test images:
 * the file that it wants, from stored posteriors, and the score that it gave for it.
 *
 * Each lies in a folder of the store, `submissions/<key>/`: `predictions.txt`, a line an image in the
 * order of file names, its five best classes by ILSVRC2012_ID, best first; and `submission.json`,
 * what is known of it. Its name follows from the evaluations of validation images that it goes with.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { type EvalRun, isEvaluation } from "../experiment.ts";
import { entriesIn, readIfThere, writeAtomically } from "../system/files.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import { highestOf, summed } from "../score.ts";
import { verifyChecksum, withChecksum } from "../system/checksums.ts";
import type { Store } from "../store/mod.ts";

/** Classes that an image may be of, in the server's count. */
const GUESSES = 5;

/** A score that the server gave, and what it is of. */
export interface TestScore {
  /** Keys of the evaluations of validation images that look as those of the test images did. */
  readonly evaluations: readonly string[];
  /** Test images. */
  readonly images: number;
  /** Top-5 error, in per cent; absent while the server has not said it. */
  readonly top5?: number;
}

/** A mean of evaluations that is or was submitted: those of validation images, under one seed. */
type Members = readonly PlannedRun[];

/** The same look at test images. */
export function onTest(run: EvalRun, fingerprint: string): EvalRun {
  return { ...run, test: fingerprint };
}

/**
 * Writes the file for the server from the posteriors of test images.
 *
 * @param ids ILSVRC2012_ID of each label
 * @returns its path
 * @throws {UserError} Posteriors are of other images or classes, or damaged.
 */
export function writeSubmission(
  members: Members,
  { store, ids, fingerprint }: {
    readonly store: Store;
    readonly ids: readonly number[];
    readonly fingerprint: string;
  },
): { readonly file: string; readonly images: number } {
  using open = new DisposableStack();
  const posteriors = members.map(({ run, context }) => {
    if (!isEvaluation(run)) throw new TypeError("Cannot submit a training");
    return open.use(store.openPosteriors(plannedRun(onTest(run, fingerprint), context)));
  });
  const lines: string[] = [];
  summed(posteriors, (_, sums) => {
    lines.push(`${highestOf(sums, GUESSES).map((label) => ids[label]).join(" ")}\n`);
  });
  const folder = folderOf(members, store.folder);
  const file = `${folder}/predictions.txt`;
  writeAtomically(file, lines.join(""));
  const known = read(folder);
  keep(folder, {
    evaluations: keysOf(members),
    images: lines.length,
    ...known?.top5 !== undefined && { top5: known.top5 },
  });
  return { file, images: lines.length };
}

/**
 * Keeps the top-5 error, in per cent, that the server gave for a submission.
 *
 * @throws {UserError} It was never written.
 */
export function keepScore(members: Members, top5: number, { folder: store }: Store): TestScore {
  const folder = folderOf(members, store);
  const known = read(folder);
  if (known === undefined) {
    throw new UserError(
      `Cannot keep a score of ${
        keysOf(members).join(", ")
      }: no submission of them was written to ` +
        `"${store}"; write it first, by the same command without --score`,
    );
  }
  const score = { ...known, top5 };
  keep(folder, score);
  return score;
}

/** Scores that are known in a folder of results. */
export function testScoresIn(store: string): TestScore[] {
  return entriesIn(`${store}/submissions`)
    .flatMap(({ name }) => read(`${store}/submissions/${name}`) ?? [])
    .filter(({ top5 }) => top5 !== undefined);
}

/** The score of the mean of evaluations of validation images, by their keys in any order. */
export function scoreOf(
  keys: readonly string[],
  scores: readonly TestScore[],
): TestScore | undefined {
  const wanted = keys.toSorted().join(" ");
  return scores.find(({ evaluations }) => evaluations.toSorted().join(" ") === wanted);
}

function folderOf(members: Members, store: string): string {
  const keys = keysOf(members).toSorted().join(" ");
  const name = createHash("sha256").update(keys).digest("hex").slice(0, 12);
  return `${store}/submissions/${name}`;
}

function keysOf(members: Members): string[] {
  return members.map(({ key }) => key);
}

function keep(folder: string, score: TestScore) {
  writeAtomically(`${folder}/submission.json`, `${JSON.stringify(withChecksum(score), null, 2)}\n`);
}

/** What is known of a submission; nothing where that cannot be read, or changed. */
function read(folder: string): TestScore | undefined {
  try {
    const { evaluations, images, top5 } = verifyChecksum<TestScore>(
      JSON.parse(readIfThere(`${folder}/submission.json`) ?? ""),
    )!;
    const isWhole = Array.isArray(evaluations) && evaluations.every((key) =>
      typeof key === "string"
    ) && Number.isInteger(images) && (top5 === undefined || isError(top5));
    return isWhole ? { evaluations, images, ...top5 !== undefined && { top5 } } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is an error in per cent. */
function isError(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 100;
}
