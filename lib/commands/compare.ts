/** `compare`: bundles of several machines or seeds, side by side. */
import { basename } from "node:path";
import { quote, UsageError, UserError } from "../errors.ts";
import type { Problem } from "../bundle/problems.ts";
import type { Verification } from "../bundle/verify.ts";
import { contextsIn } from "../bundle/contents.ts";
import { setupOf } from "../bundle/log_line.ts";
import { count } from "../numbers.ts";
import { fold } from "../report/fold.ts";
import { report } from "../report/mod.ts";
import { sideSheets } from "../report/side_sheet.ts";
import { type Side, type SideBySide, sideBySide } from "../results/side_by_side.ts";
import type { Options } from "../command_line/options.ts";
import { inWords, verified, withoutOrders } from "./verify.ts";

/** Bundles that are compared at once, at most. */
const MOST = 20;

/** A verified bundle with the name that it has here. */
interface NamedBundle {
  /** As the user wrote it. */
  readonly word: string;
  readonly name: string;
  readonly found: Verification;
}

/**
 * Prints bundles side by side.
 *
 * @returns the exit code: 0 where all cells that either has were tested and none differs by more than chance, else 1
 * @throws {UserError} One is no bundle, does not agree with itself, or is another one again; or they
 * have no table in common.
 */
export async function compare(words: readonly string[], options: Options): Promise<number> {
  if (words.length < 2 || words.length > MOST) {
    throw new UsageError(
      `compare needs 2 to ${MOST} bundles, not ${words.length}: deno task compare A.zip B.zip`,
    );
  }
  const bundles: NamedBundle[] = [];
  const names = namesOf(words);
  for (const [i, word] of words.entries()) {
    const found = await verified(word, [], options);
    mustAgree(word, found.problems);
    mustBeNew(word, found, bundles);
    bundles.push({ word, name: names[i]!, found });
  }
  const compared = sideBySide(bundles.map(sideOf));
  const facts = bundles.map(({ found: { plan, origin, fingerprint } }) => ({
    ...{ setup: setupOf(plan), origin, fingerprint },
  }));
  const text = report(sideSheets(compared, facts), options.format);
  console.log(withoutOrders(text));
  if (options.format === "table" || options.format === "markdown") {
    const notes = bundles.flatMap(versionNotes);
    console.log(withoutOrders(["", ...notes, ...fold(conclusion(compared))].join("\n")));
  }
  return isInAgreement(compared) ? 0 : 1;
}

/** Names of files without their folders, where that tells them apart. */
function namesOf(words: readonly string[]): readonly string[] {
  const short = words.map((word) => basename(word));
  return new Set(short).size === words.length ? short : words;
}

/**
 * Refuses a bundle that contradicts itself. One whose setup or tables are not this version's of the same
 * name may be older: its plan says what it is, and plans are compared.
 */
function mustAgree(word: string, problems: readonly Problem[]) {
  const wrong = problems.filter(({ kind }) => kind !== "name");
  if (wrong[0] === undefined) return;
  throw new UserError(
    withoutOrders(
      `Cannot compare ${quote(word)}: it does not agree with itself (${
        count(wrong.length, "problem")
      }, first: ${
        inWords(wrong[0]).replaceAll("\n", " ")
      }); deno task verify lists them. Where an ` +
        "older version wrote it, bundle its results again",
    ),
  );
}

/** Refuses a bundle that was already given. */
function mustBeNew(word: string, { fingerprint }: Verification, others: readonly NamedBundle[]) {
  const same = others.find(({ found }) => found.fingerprint === fingerprint);
  if (same === undefined) return;
  throw new UserError(
    `Cannot compare ${quote(word)} with ${quote(same.word)}: they are the same bundle, of ` +
      `fingerprint ${fingerprint}; name the bundle of another machine or seed`,
  );
}

function sideOf({ name, found: { plan, results, labels } }: NamedBundle): Side {
  return {
    ...{ name, results, contexts: contextsIn(plan), dataset: plan.dataset },
    ...labels && { labels },
  };
}

/** What is not this version's in a bundle, in a line. */
function versionNotes({ name, found: { problems } }: NamedBundle): string[] {
  const other = problems.filter(({ kind }) => kind === "name");
  const [first] = other;
  if (first === undefined || !("reason" in first)) return [];
  const more = other.length === 1 ? "" : ` and ${count(other.length - 1, "more difference")}`;
  return fold(`note: ${name} is of another version of verydeep: ${first.reason}${more}`);
}

/** Every comparison of a cell. */
function comparisons({ rows }: SideBySide) {
  return rows.flatMap(({ cells }) => cells.flatMap(({ others }) => others));
}

/** Whether all that a side and the first have measured agrees; what neither has does not count. */
function isInAgreement({ rows }: SideBySide): boolean {
  const found = rows.flatMap(({ cells }) => cells).flatMap((
    { values: [first, ...values], others },
  ) => others.filter((_, i) => first !== undefined || values[i] !== undefined));
  return found.length > 0 &&
    found.every(({ verdict }) => verdict === "same" || verdict === "within chance");
}

/** `8 cells: 6 are the same, 2 differ within chance.` */
function conclusion(compared: SideBySide): string {
  const verdicts = Map.groupBy(comparisons(compared), ({ verdict }) => verdict);
  const parts = KINDS.flatMap(({ verdict, words }) => {
    const found = verdicts.get(verdict)?.length ?? 0;
    return found === 0 ? [] : [`${found} ${words}`];
  });
  const all = [...verdicts.values()].reduce((sum, { length }) => sum + length, 0);
  if (all === 0) return "No row is measured.";
  return `${count(all, "cell")}: ${parts.join(", ")}.`;
}

const KINDS = [
  { verdict: "same", words: "the same" },
  { verdict: "within chance", words: "within chance" },
  { verdict: "differs", words: "other numbers than chance allows" },
  { verdict: "other protocol", words: "of another protocol, not compared" },
  { verdict: "not measured", words: "not measured in both" },
] as const;
