/** `submission`: writes the file for ILSVRC-2012's test server, and keeps its score. */
import { UsageError, UserError } from "../errors.ts";
import { type Context, displayName, type EvalRun } from "../experiment.ts";
import { type PlannedRun, plannedRun, runsOfRow, withAllAncestors } from "../plan.ts";
import { listing } from "../report/listing.ts";
import { keepScore, mustRankFive, onTest, writeSubmission } from "../results/submission.ts";
import { carryOut, printRuns } from "../command_line/carry_out.ts";
import { membersOf } from "./fuse.ts";
import { scoreLine } from "../command_line/suggested_commands.ts";
import type { Study } from "../results/study.ts";
import type { Options } from "../command_line/options.ts";
import { count, formatNumber } from "../numbers.ts";
import { isPlace, rowAt } from "../command_line/row_names.ts";
import { tablesAround } from "../command_line/tables.ts";
import { describedStudy, runNamed } from "../command_line/known_runs.ts";

/** Test images of ILSVRC-2012. */
const TEST_IMAGES = 100_000;

/** Writes a submission, or keeps the score of one. @returns the exit code */
export async function submission(words: readonly string[], options: Options): Promise<number> {
  if (words.length === 0) {
    throw new UsageError(
      "submission needs a row, as in table6/4, or keys; deno task status lists them",
    );
  }
  mustBeOneSeed(options.seeds.length);
  const study = await describedStudy(options);
  const { missing, test, name } = study.dataset;
  if (missing !== undefined) throw new UserError(missing);
  const members = await membersNamed(words, study, options);
  mustRankFive(members);
  if (options.score !== undefined) {
    keepScore(members, options.score, study.store);
    return print(members, { score: options.score }, options);
  }
  if (test === undefined) {
    throw new UserError(
      `Cannot write a submission: ${name} has no test images in "${options.data}"; put one of these there: ` +
        "ILSVRC2012_img_test_v10102019.tar, ILSVRC2012_img_test.tar and test/*.JPEG of ilsvrc2012",
    );
  }
  const { fingerprint, unreadable } = test;
  if (unreadable > 0) {
    throw new UserError(
      `Cannot write a submission: ${
        count(unreadable, "test image")
      } cannot be read, and the server ` +
        "takes a line for each image, in order; get what is damaged again",
    );
  }
  // each under its own context: a row of a study may have fields of its own
  const runs = () =>
    withAllAncestors(
      members.map(({ run, context }) => plannedRun(onTest(run as EvalRun, fingerprint), context)),
    );
  const request = { command: ["submission"], options, study } as const;
  if (options.dryRun) return await printRuns(runs, request);
  const { ilsvrcIds } = await import("../datasets/ilsvrc2012/mod.ts");
  const ids = ilsvrcIds({ folder: options.data });
  await carryOut(runs, request);
  const written = writeSubmission(members, { store: study.store, ids, fingerprint });
  return print(members, written, options, [
    ...written.images === TEST_IMAGES ? [] : [
      `The server expects ${formatNumber(TEST_IMAGES)} lines, one for each test image.`,
    ],
    "Add the server's answer to the tables with:",
    `  ${scoreLine(words, options)}`,
  ]);
}

/** The named evaluations of validation images, under the seed of the options. */
async function membersNamed(
  words: readonly string[],
  { store, contexts }: Study,
  options: Options,
): Promise<PlannedRun[]> {
  const [context] = contexts as readonly [Context];
  if (!words.some(isPlace)) {
    const found = words.flatMap((word) =>
      membersOf(runNamed(word, { store, contexts }), store, options)
    );
    const odd = found.find(({ run, key }) => plannedRun(run, context).key !== key);
    if (odd === undefined) return found;
    throw new UserError(
      `Cannot submit ${
        displayName(odd.run)
      } (${odd.key}): it is of another seed, setup or data than the ` +
        "options say; name its own",
    );
  }
  const [word, more] = words;
  if (more !== undefined) {
    throw new UsageError("A submission is one row; to combine others, name keys");
  }
  const { table, row } = rowAt(word!, await tablesAround(words, options));
  const [runs = [], ...others] = runsOfRow(table.rows[row - 1]!, contexts);
  mustBeOneSeed(1 + others.length);
  if (runs.length > 0) return runs;
  throw new UserError(`Cannot submit "${word}": it is a result of others, without a net here`);
}

/** @throws {UsageError} There are several seeds, each with posteriors of its own. */
function mustBeOneSeed(seeds: number) {
  if (seeds <= 1) return;
  throw new UsageError(
    "A submission uses one seed; choose it with --seed N, without --seeds; of a study with several, " +
      "with --seeds 1, too",
  );
}

/** Prints the members of a submission, and facts about it. */
function print(
  members: readonly PlannedRun[],
  facts: Readonly<Record<string, string | number>>,
  { format, setup }: Options,
  notes: readonly string[] = [],
): number {
  console.log(listing({
    title: `Submission to the test server, setup "${setup.name}"`,
    records: members.map(({ run, key }) => ({ run: displayName(run), key, ...facts })),
    columns: [{ field: "run" }, { field: "key" }],
    notes: [...Object.entries(facts).map(([name, fact]) => `${name}: ${fact}`), ...notes],
  }, format));
  return 0;
}
