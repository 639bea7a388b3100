/** Nets from files in the place of a table's own: `--weights D=FILE,E=FILE`. */
import { JITTERED, net } from "../../experiments/protocol.ts";
import { UsageError } from "../errors.ts";
import {
  type ConfigName,
  displayName,
  type EvalRun,
  formatS,
  isImported,
  type Table,
  type TrainRun,
} from "../experiment.ts";
import type { ImportedNet } from "../store/import.ts";
import { evaluationsOf } from "../plan.ts";
import { ALL_NETS } from "../vgg/configs.ts";
import { netNamed, type NetSearch } from "./nets.ts";
import type { Options } from "./options.ts";
import { describedStudy } from "./runs.ts";
import { tablesNamed } from "./tables.ts";
import { oneOf, parts } from "./values.ts";

/** The tables called `words`, with the nets of `--weights` in place of their own. */
export async function tablesFilled(
  words: readonly string[],
  options: Options,
): Promise<readonly Table[]> {
  const tables = tablesNamed(words);
  if (options.weights === undefined) return tables;
  const study = await describedStudy(options);
  const filled = await filledTables(tables, options.weights, { options, study });
  return filled.tables;
}

/** Tables of which some nets were made elsewhere. */
export interface FilledTables {
  readonly tables: readonly Table[];
  /** Evaluations of those nets alone. */
  readonly runs: readonly EvalRun[];
  readonly imported: readonly ImportedNet[];
}

/**
 * Tables with the nets of a command line's `--weights` in the place of the paper's own of S in
 * [256; 512], as which the paper's authors released D and E.
 *
 * @throws {UserError} A net is none of the tables', or a file or a key is of another.
 */
export async function filledTables(
  tables: readonly Table[],
  weights: string,
  search: NetSearch,
): Promise<FilledTables> {
  const nets = new Map<ConfigName, TrainRun>();
  const imported: ImportedNet[] = [];
  for (const [config, from] of pairsIn(weights)) {
    const own = net(config, JITTERED);
    if (!evaluationsOf(tables).some((run) => isSame(run.net, own))) {
      throw new UsageError(
        `Cannot use weights of ${displayName(own)}: no row here rests on that net`,
      );
    }
    const options = { ...search.options, config };
    const meant = await netNamed(from, { option: "weights", S: JITTERED }, { ...search, options });
    const { run } = meant;
    const isMeant = run.config === config && formatS(run.S) === formatS(JITTERED);
    if (!isMeant || !isImported(run.init)) {
      throw new UsageError(
        `Cannot use "${from}" in the place of ${displayName(own)}: it is ${displayName(run)}, ` +
          `${isImported(run.init) ? "made elsewhere" : "trained here"}; name weights of ` +
          `${displayName(own)} that were made elsewhere`,
      );
    }
    nets.set(config, run);
    imported.push(...meant.imported);
  }

  const filled = tables.map((table): Table => ({
    ...table,
    rows: table.rows.map((row) => {
      const evaluations = row.evaluations.map((run) => {
        const given = nets.get(run.net.config);
        return given && isSame(run.net, net(run.net.config, JITTERED))
          ? { ...run, net: given }
          : run;
      });
      // a row that is as it was stays the very same
      return evaluations.every((run, i) => run === row.evaluations[i]) ? row : {
        ...row,
        evaluations,
      };
    }),
  }));
  const given = [...nets.values()];
  const runs = evaluationsOf(filled).filter(({ net }) => given.includes(net));
  return { tables: filled, runs, imported };
}

/** Configs with a file or a key each. */
function pairsIn(weights: string): Map<ConfigName, string> {
  const pairs = new Map<ConfigName, string>();
  for (const part of parts(weights)) {
    const [, name, from] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    if (name === undefined || from === undefined) {
      throw new UsageError(
        `--weights of a table is CONFIG=FILE, several with commas between, as in ` +
          `--weights D=vgg16.h5,E=vgg19.h5, not "${part}"`,
      );
    }
    const config = oneOf("weights", name, ALL_NETS);
    if (pairs.has(config)) throw new UsageError(`--weights names ${config} twice`);
    pairs.set(config, from);
  }
  return pairs;
}

/** Whether two nets are the same training. */
function isSame(one: TrainRun, other: TrainRun): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
