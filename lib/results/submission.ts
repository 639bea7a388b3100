/**
 * Submissions to the test server of ILSVRC-2012, which alone has the labels of the test images: the
 * file of predictions, from stored posteriors, and the score that the server reported for it.
 *
 * Each is in a folder of the store, `submissions/<key>/`: `predictions.txt`, one line for each image in
 * the order of file names, with its five highest classes by ILSVRC2012_ID, highest first; and
 * `submission.json`, its metadata. The folder's name follows from the evaluations of validation images
 * that belong to it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { displayName, type EvalRun, isEvaluation } from "../experiment.ts";
import { entriesIn, readIfThere, writeAtomically } from "../system/files.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import { GUESSES, highestOf, summed } from "../score.ts";
import { sumsScores } from "./run_errors.ts";
import { verifyChecksum, withChecksum } from "../system/checksums.ts";
import type { Store } from "../store/mod.ts";

/** A submission and its score. */
export interface TestScore {
  /** Keys of the same evaluations on validation images. */
  readonly evaluations: readonly string[];
  /** Number of test images. */
  readonly images: number;
  /** SHA-256 of the predictions that were written, and that the score belongs to. */
  readonly predictions: string;
  /** Top-5 error in per cent; absent until the server has reported it. */
  readonly top5?: number;
}

/** The evaluations whose mean is submitted, on validation images and under one seed. */
type Members = readonly PlannedRun[];

/** The same evaluation on test images. */
export function onTest(run: EvalRun, fingerprint: string): EvalRun {
  return { ...run, test: fingerprint };
}

/**
 * Refuses evaluations whose posteriors do not rank five classes; see `errorsOfRuns`. The server would score
 * the order in which their classes are listed.
 *
 * @throws {UserError} The scores of whole images were summed.
 */
export function mustRankFive(members: Members) {
  const summing = members.find(sumsScores);
  if (summing === undefined) return;
  const name = `${displayName(summing.run)} (${summing.key})`;
  throw new UserError(
    `Cannot submit ${name}: its scores are summed, which ranks one class, and the server takes five; ` +
      "choose --set scoreMap=average-then-softmax, or another method",
  );
}

/**
 * Writes the file for the server, from the posteriors of test images.
 *
 * @param ids ILSVRC2012_ID of each label
 * @returns its path
 * @throws {UserError} Posteriors have other images or classes, rank no five classes, or are damaged, or a
 * disk withholds an earlier score.
 */
export function writeSubmission(
  members: Members,
  { store, ids, fingerprint }: {
    readonly store: Store;
    readonly ids: readonly number[];
    readonly fingerprint: string;
  },
): { readonly file: string; readonly images: number } {
  mustRankFive(members);
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
  const known = read(folder);
  const file = `${folder}/predictions.txt`;
  const text = lines.join("");
  writeAtomically(file, text);
  const predictions = digestOf(text);
  keep(folder, {
    ...{ evaluations: keysOf(members), images: lines.length, predictions },
    // a score is of the predictions that the server got
    ...known?.top5 !== undefined && known.predictions === predictions && { top5: known.top5 },
  });
  return { file, images: lines.length };
}

/**
 * Stores the top-5 error, in per cent, that the server reported for a submission.
 *
 * @throws {UserError} The submission was not written, was changed since, or ranks no five classes.
 */
export function keepScore(members: Members, top5: number, { folder: store }: Store): TestScore {
  mustRankFive(members);
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
  if (digestOf(readIfThere(`${folder}/predictions.txt`) ?? "") !== known.predictions) {
    throw new UserError(
      `Cannot keep a score of ${
        keysOf(members).join(", ")
      }: "${folder}/predictions.txt" is missing ` +
        "or was changed since it was written; write it again, by the same command without --score",
    );
  }
  const score = { ...known, top5 };
  keep(folder, score);
  return score;
}

/** The scores in a folder of results. @throws {UnreadableError} A disk withholds one. */
export function testScoresIn(store: string): TestScore[] {
  return entriesIn(`${store}/submissions`)
    .flatMap(({ name }) => {
      const folder = `${store}/submissions/${name}`;
      const score = read(folder);
      const text = readIfThere(`${folder}/predictions.txt`);
      // predictions may be written anew, and the computer stop before their score is dropped
      const isOther = text !== undefined && digestOf(text) !== score?.predictions;
      return score?.top5 === undefined || isOther ? [] : [score];
    });
}

/** The score that belongs to evaluations of validation images, by their keys in any order. */
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

/**
 * Reads the metadata of a submission; undefined if it is missing or damaged.
 *
 * @throws {UnreadableError} A disk withholds it: it may have a score.
 */
function read(folder: string): TestScore | undefined {
  const text = readIfThere(`${folder}/submission.json`);
  try {
    const { evaluations, images, predictions, top5 } = verifyChecksum<TestScore>(
      JSON.parse(text ?? ""),
    )!;
    const isWhole = Array.isArray(evaluations) && evaluations.every((key) =>
      typeof key === "string"
    ) && Number.isInteger(images) && typeof predictions === "string" &&
      (top5 === undefined || isError(top5));
    return isWhole
      ? { evaluations, images, predictions, ...top5 !== undefined && { top5 } }
      : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether a value is an error in per cent. */
function isError(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 100;
}
