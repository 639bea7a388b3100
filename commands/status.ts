/** `status`: what is done, running and failed. */
import { leftoversIn, leftoversInWords } from "../lib/findings.ts";
import { listing } from "../lib/report/listing.ts";
import { helpOf } from "./help.ts";
import type { Options } from "./options.ts";
import { inStore, knownRuns } from "./runs.ts";

export const help = helpOf("status", {
  about:
    "Says of every run behind tables whether it is done, running, failed, partial (stopped on " +
    "the way; it goes on from there), damaged (it is done again) or still to do, and what crashes " +
    "left behind; doctor also compares every result with its checksum. Where no table is named, of those of all " +
    "tables and of every other run that was begun.",
  examples: {
    "status": "every run under the small setup",
    "status table3 --setup smoke": "the runs of the smoke test",
    "status --format json": "for a program",
  },
});

/** Prints the state of the runs behind the tables called `words`. */
export async function status(words: readonly string[], options: Options): Promise<number> {
  const { runs: ofTables, ground: { store } } = await knownRuns(words, options);
  const keys = new Set(ofTables.map(({ key }) => key));
  const others = words.length > 0 ? [] : store.runs().filter(({ key }) => !keys.has(key));
  const runs = [...ofTables, ...inStore(others, store)];
  const records = runs.map(({ name, key, context, status: { state, detail } }) => (
    { run: name, key, seed: context.seed, state, detail }
  ));
  const states = [...new Set(records.map(({ state }) => state))];
  const counts = states.map((state) => {
    return `${records.filter((record) => record.state === state).length} ${state}`;
  });
  const failures = records.filter(({ state }) => state === "failed");
  const damaged = records.filter(({ state }) => state === "damaged");
  console.log(listing({
    title: `Runs in ${options.results}`,
    records,
    columns: [
      ...["run", "seed", "key", "state"].map((field) => ({ field })),
      { field: "detail", show: (detail) => shortened(String(detail)) },
    ],
    notes: [
      `${runs.length} runs: ${counts.join(", ")}.`,
      ...damaged.map(({ run, detail }) => `${run}: ${detail}`),
      ...leftoversInWords(leftoversIn(store)),
      ...failures.map(({ run, detail }) => `${run} failed: ${detail}`),
    ],
  }, options.format));
  return 0;
}

/** The beginning of a text, so that a row fits on a line. */
function shortened(text: string, length = 24): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
