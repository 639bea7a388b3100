/** `fuse`: averages any stored posteriors. */
import { UsageError, UserError } from "../errors.ts";
import { displayName, isEvaluation } from "../experiment.ts";
import { ensembleOf } from "../results/ensemble.ts";
import type { PlannedRun } from "../plan.ts";
import { ensembleListing } from "../report/ensemble_listing.ts";
import { listing } from "../report/listing.ts";
import { warn } from "../report/warn.ts";
import { openStore, type Store } from "../store/mod.ts";
import { middleOf } from "../vgg/images.ts";
import { evaluateLine } from "../command_line/suggested_commands.ts";
import type { Options } from "../command_line/options.ts";
import { describedStudy, runNamed } from "../command_line/known_runs.ts";
import { count } from "../numbers.ts";

/** Prints the errors of the runs whose keys are `words`, and of their mean. */
export async function fuse(words: readonly string[], options: Options): Promise<number> {
  if (words.length === 0) throw new UsageError("fuse needs keys; deno task status lists them");
  const store = openStore(options.results);
  const begun = store.runs();
  const isBegun = (digits: string) => begun.some(({ key }) => key.startsWith(digits));
  // The data need not be there if every key belongs to a run that was begun.
  const { contexts, dataset } = await describedStudy(options).catch((error) => {
    if (error instanceof UserError && words.every(isBegun)) {
      return { contexts: [], dataset: undefined };
    }
    throw error;
  });
  const members = words.flatMap((word) =>
    membersOf(runNamed(word, { store, contexts }), store, options)
  );
  mustBeSeveral(members);
  const fusion = ensembleOf(members, store);
  fusion.doubts.forEach(warn);
  const title = `Mean of ${members.length} evaluations on ${options.setup.dataset}, ` +
    `${count(fusion.classes, "class", "classes")}, ${count(fusion.images, "validation image")}`;
  const isOfData = members.every(({ context }) => context.data === dataset?.fingerprint);
  const doubts = isOfData ? dataset?.doubts : undefined;
  const { setup, format } = options;
  console.log(listing(ensembleListing([fusion], { title, setup, doubts }), format));
  return 0;
}

/** The evaluations of validation images that a run stands for; all must be done. */
export function membersOf(planned: PlannedRun, store: Store, options: Options): PlannedRun[] {
  const isDone = (run: PlannedRun) => store.isDone(run);
  const { run } = planned;
  if (isEvaluation(run)) {
    if (run.test !== undefined) {
      throw new UserError(
        `Cannot take ${
          displayName(run)
        } (${planned.key}): only a test server knows the classes of its ` +
          "images; name an evaluation of validation images",
      );
    }
    if (isDone(planned)) return [planned];
    throw new UserError(
      `Cannot fuse ${displayName(run)} (${planned.key}): it is not done; make it with: ` +
        evaluateLine(planned.ancestor!, { ...run, options }),
    );
  }
  const { methods = ["dense"] } = options;
  return methods.flatMap((method) => {
    const found = store.allRuns().filter((each) =>
      isEvaluation(each.run) && each.run.test === undefined && each.run.method === method &&
      each.ancestor?.key === planned.key && isDone(each)
    );
    if (found.length > 0) return found;
    throw new UserError(
      `Cannot fuse ${
        displayName(run)
      } (${planned.key}): it has no ${method} evaluation here; make one ` +
        `with: ${evaluateLine(planned, { Q: middleOf(run.S), method, options })}`,
    );
  });
}

/** Refuses a single member, and one that is named twice. */
function mustBeSeveral(members: readonly PlannedRun[]) {
  const keys = members.map(({ key }) => key);
  const twice = members.find(({ key }, i) => keys.indexOf(key) < i);
  if (twice !== undefined) {
    throw new UsageError(
      `Cannot fuse ${displayName(twice.run)} (${twice.key}) with itself; name it once`,
    );
  }
  if (members.length > 1) return;
  throw new UsageError(
    `Cannot fuse ${
      displayName(members[0]!.run)
    } alone; name another key, or evaluate its net at more Q`,
  );
}
