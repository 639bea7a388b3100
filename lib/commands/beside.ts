/** `report --beside`: the tables of two folders of results side by side. */
import { basename, join } from "node:path";
import { quote, UserError } from "../errors.ts";
import { isEvaluation, type Table } from "../experiment.ts";
import { plan } from "../plan.ts";
import { report, writeReports } from "../report/mod.ts";
import { type SideFacts, sideSheets } from "../report/side_sheet.ts";
import { resultsOf } from "../results/mod.ts";
import { originOfRuns } from "../results/origin.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { type Side, sideBySide } from "../results/side_by_side.ts";
import type { Study } from "../results/study.ts";
import { exists } from "../system/files.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { writeBeside } from "../command_line/tables.ts";

/**
 * Prints tables from the store beside those from another folder of results, which is only read, and writes
 * them and a page beside the results.
 *
 * @throws {UserError} The other folder has no results of these tables, or is the same folder.
 */
export async function reportBeside(
  tables: readonly Table[],
  beside: string,
  options: Options,
): Promise<number> {
  const folder = otherFolder(beside, options);
  const { findStudy } = await import("../reproduce.ts");
  const [study, other] = [
    await findStudy(options),
    await findStudy({ ...options, results: folder }),
  ];
  mustHaveResults(tables, other);
  const names = [String(options.given.results ?? "results"), beside];
  const sides = [study, other].map((each, i) => sideOf(names[i]!, tables, each, options));
  const facts = [study, other].map((each) => factsOf(tables, each));
  const found = sideBySide(sides);
  const sheets = sideSheets(found, facts);
  console.log(report(sheets, options.format));
  const { writeBesidePage } = await import("../report/html/beside_page.ts");
  const { figuresBeside } = await import("../report/plots/mod.ts");
  await writeBeside(() => [
    ...writeReports(sheets, options.results),
    writeBesidePage(sheets, figuresBeside(found), options.results),
  ]);
  return 0;
}

/** The other folder of this setup's results: a folder like that of `--results`, or one in it. */
function otherFolder(word: string, { results }: Options): string {
  const given = pathFrom(word);
  const inside = join(given, basename(results));
  const found = [inside, given].find((folder) => exists(`${folder}/store.json`));
  if (found === undefined) {
    throw new UserError(
      `Cannot read results beside these from ${quote(word)}: neither it nor ${
        quote(inside)
      } has a ` +
        "store.json; name a folder of results, as for --results",
    );
  }
  if (isSame(found, results)) {
    throw new UserError(
      `Cannot set ${
        quote(word)
      } beside itself: it is the folder of these results; name another one`,
    );
  }
  return found;
}

function isSame(one: string, other: string): boolean {
  return exists(other, "isDirectory") && Deno.realPathSync(one) === Deno.realPathSync(other);
}

/** @throws {UserError} No evaluation of the tables is done. */
function mustHaveResults(tables: readonly Table[], { store, contexts }: Study) {
  const evaluations = plan(tables, contexts).filter(({ run }) => isEvaluation(run));
  if (evaluations.some((run) => store.status(run).state === "done")) return;
  throw new UserError(
    `Cannot set "${store.folder}" beside these results: none of ${evaluations.length} evaluations is ` +
      "done there for this setup, these seeds and this data; choose others with --setup, --seed and " +
      "--set, or compare bundles: deno task compare A.zip B.zip",
  );
}

function sideOf(name: string, tables: readonly Table[], study: Study, options: Options): Side {
  const { contexts, dataset: { name: dataset, classes, train, val, fingerprint } } = study;
  return {
    ...{ name, contexts, results: resultsOf(tables, study, options) },
    dataset: { name: dataset, classes, train: train.length, val: val.length, fingerprint },
  };
}

function factsOf(tables: readonly Table[], { setup, store, contexts }: Study): SideFacts {
  const executions = plan(tables, contexts).flatMap((run) => store.readExecutions(run));
  return { setup: nameWithChanges(setup), origin: originOfRuns(executions) };
}
