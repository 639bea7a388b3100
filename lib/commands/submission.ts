/** `submission`: what the test server of ILSVRC-2012 is sent, and what it said. */
import { UsageError, UserError } from "../errors.ts";
import { type EvalRun, title } from "../experiment.ts";
import { type PlannedRun, plannedRun } from "../plan.ts";
import { listing } from "../report/listing.ts";
import { keepScore, onTest, writeSubmission } from "../results/submission.ts";
import { carryOut, showPlan } from "../command_line/adhoc.ts";
import { membersOf } from "./fuse.ts";
import { scoreLine } from "../command_line/lines.ts";
import type { Options } from "../command_line/options.ts";
import { isPlace, rowAt } from "../command_line/places.ts";
import { type Ground, groundOf, runNamed } from "../command_line/runs.ts";

/** Writes a submission, or keeps the score of one. @returns the exit code */
export async function submission(words: readonly string[], options: Options): Promise<number> {
  if (words.length === 0) {
    throw new UsageError(
      "submission needs a row, as in table6/4, or keys; deno task status lists them",
    );
  }
  if (options.seeds.length > 1) {
    throw new UsageError("A submission is of one seed; choose it with --seed N, without --seeds");
  }
  const ground = await groundOf(options);
  const { missing, test, name } = ground.dataset;
  if (missing !== undefined) throw new UserError(missing);
  const members = membersNamed(words, ground, options);
  if (options.score !== undefined) {
    keepScore(members, options.score, ground.store);
    return print(members, { score: options.score }, options);
  }
  if (test === undefined) {
    throw new UserError(
      `Cannot write a submission: ${name} has no test images in "${options.data}"; looked for are ` +
        "ILSVRC2012_img_test_v10102019.tar, ILSVRC2012_img_test.tar and test/*.JPEG of ilsvrc2012",
    );
  }
  const { fingerprint } = test;
  const runs = members.map(({ run }) => onTest(run as EvalRun, fingerprint));
  const order = { command: ["submission"], options, ground } as const;
  if (options.dryRun) return await showPlan(runs, order);
  const { ilsvrcIds } = await import("../datasets/ilsvrc2012/mod.ts");
  const ids = ilsvrcIds({ folder: options.data });
  await carryOut(runs, order);
  const written = writeSubmission(members, { store: ground.store, ids, fingerprint });
  return print(members, written, options, [
    "The server's answer goes into the tables with:",
    `  ${scoreLine(words, options)}`,
  ]);
}

/** The evaluations of validation images that are meant, under the one seed of the options. */
function membersNamed(
  words: readonly string[],
  { store, contexts }: Ground,
  options: Options,
): PlannedRun[] {
  const [context] = contexts as [Ground["contexts"][number]];
  if (!words.some(isPlace)) {
    const found = words.flatMap((word) =>
      membersOf(runNamed(word, { store, contexts }), store, options)
    );
    const odd = found.find(({ run, key }) => plannedRun(run, context).key !== key);
    if (odd === undefined) return found;
    throw new UserError(
      `Cannot submit ${
        title(odd.run)
      } (${odd.key}): it is of another seed, setup or data than the ` +
        "options say; name its own",
    );
  }
  const [word, more] = words;
  if (more !== undefined) throw new UsageError("A submission is of one row; fuse keys for others");
  const { table, row } = rowAt(word!);
  const { evaluations } = table.rows[row - 1]!;
  if (evaluations.length > 0) return evaluations.map((run) => plannedRun(run, context));
  throw new UserError(`Cannot submit "${word}": it is a result of others, behind which no net is`);
}

/** Prints what a submission is of, and what came of it. */
function print(
  members: readonly PlannedRun[],
  facts: Readonly<Record<string, string | number>>,
  { format, setup }: Options,
  notes: readonly string[] = [],
): number {
  console.log(listing({
    title: `Submission to the test server, setup "${setup.name}"`,
    records: members.map(({ run, key }) => ({ run: title(run), key, ...facts })),
    columns: [{ field: "run" }, { field: "key" }],
    notes: [...Object.entries(facts).map(([name, fact]) => `${name}: ${fact}`), ...notes],
  }, format));
  return 0;
}
