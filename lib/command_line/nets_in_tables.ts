/** The nets of tables, for commands that print layers and carry nothing out. */
import { setups } from "../../experiments/mod.ts";
import { quote, UsageError, UserError } from "../errors.ts";
import { isDeepStrictEqual } from "node:util";
import { formatS, lineageOf, type NetLayers, type TrainRun } from "../experiment.ts";
import { layersFields } from "../vgg/configs.ts";
import { didYouMean } from "../did_you_mean.ts";
import type { Options } from "./options.ts";
import { fileIn, tablesNamed } from "./tables.ts";

/**
 * The nets that the tables called `words` test, and those of one's own that these start from; each once,
 * in the order of the rows. A file's nets are checked as the paper's setup makes them: 224 pixels, every
 * channel.
 *
 * @throws {UserError} There is no such table, or its rows test no net.
 */
export async function netsInTables(words: readonly string[]): Promise<readonly NetLayers[]> {
  const tables = await tablesNamed(words, { setup: setups.paper });
  const runs = tables.flatMap(({ rows }) => rows)
    .flatMap(({ evaluations }) => evaluations).flatMap(({ net }) => {
      const ancestors = lineageOf(net).slice(0, -1).reverse();
      return [net, ...ancestors.filter(({ blocks }) => blocks !== undefined)];
    });
  const nets = new Map(runs.map((run) => {
    const layers = layersFields(run);
    return [JSON.stringify(layers), layers];
  }));
  if (nets.size > 0) return [...nets.values()];
  throw new UserError(
    `Cannot list the nets of ${
      words.map(quote).join(", ")
    }: the rows test no net; name a file whose ` +
      "rows have evaluations",
  );
}

/**
 * The nets that a file's tables train under the name that ends a word, as in `./mine.ts/F`: each start and
 * scale once, those of `--S` alone if it is given.
 *
 * @throws {UserError} There is no such file, or it trains no net of that name.
 */
async function trainingsNamed(
  word: string,
  { setup }: Pick<Options, "setup">,
): Promise<TrainRun[]> {
  const { file, rest } = fileIn(word)!;
  const tables = await tablesNamed([file], { setup });
  const all = tables.flatMap(({ rows }) => rows)
    .flatMap(({ evaluations }) => evaluations.flatMap(({ net }) => lineageOf(net).reverse()));
  const found = all.filter(({ config }) => config === rest);
  if (found.length > 0) {
    return found.filter((run, i) =>
      found.findIndex((other) => isDeepStrictEqual(other, run)) === i
    );
  }
  const names = [...new Set(all.map(({ config }) => config))];
  const list = names.map((name) => `${file}/${name}`).join(", ");
  throw new UsageError(
    rest === ""
      ? `--config "${word}" names a file; its nets are ${list}`
      : `There is no net "${rest}" in "${file}": its nets are ${list}.${didYouMean(rest, names)}`,
  );
}

/**
 * The training that a word such as `./mine.ts/F` names, at `--S` if it is given.
 *
 * @throws {UserError} There is none, or there are several.
 */
export async function trainingInFile(
  word: string,
  options: Pick<Options, "setup" | "S">,
): Promise<TrainRun> {
  const { S } = options;
  const runs = await trainingsNamed(word, options);
  const [only, ...others] = runs.filter((run) => S === undefined || formatS(run.S) === formatS(S));
  if (only !== undefined && others.length === 0) return only;
  const scales = [...new Set(runs.map((run) => formatS(run.S)))].join(", ");
  throw new UsageError(
    only === undefined
      ? `"${word}" is not trained at S = ${
        formatS(S!)
      } in its file, but at ${scales}; name one of ` +
        "these, or another start with --init-from"
      : S === undefined && scales.includes(",")
      ? `"${word}" is trained at S = ${scales} in its file; add one of these as --S`
      : `"${word}" is trained from ${
        others.length + 1
      } starts in its file; add --init-from random or ` +
        "--init-from KEY",
  );
}

/** The layers of the net that a word such as `./mine.ts/F` names. @throws {UserError} There is none. */
export async function layersInFile(
  word: string,
  options: Pick<Options, "setup">,
): Promise<NetLayers> {
  const [run] = await trainingsNamed(word, options);
  return layersFields(run!);
}
