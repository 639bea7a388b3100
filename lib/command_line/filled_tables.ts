/** Replaces nets of tables by nets from files: `--weights D=FILE,E=FILE`. */
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
import { mustNeedInput, netNamed, type NetSearch } from "./find_net.ts";
import type { Options } from "./options.ts";
import { describedStudy } from "./known_runs.ts";
import { tablesNamed } from "./tables.ts";
import { oneOf, parts } from "./option_values.ts";

/** The tables called `words`, with the nets of `--weights` instead of their own. */
export async function tablesFilled(
  words: readonly string[],
  options: Options,
): Promise<readonly Table[]> {
  const tables = await tablesNamed(words, options);
  if (options.weights === undefined) return tables;
  const study = await describedStudy(options);
  const filled = await filledTables(tables, options.weights, { options, study });
  return filled.tables;
}

/** Tables with imported nets. */
export interface FilledTables {
  readonly tables: readonly Table[];
  /** Evaluations of those nets alone. */
  readonly runs: readonly EvalRun[];
  readonly imported: readonly ImportedNet[];
}

/**
 * Replaces the nets with S in [256; 512] by those of `--weights`. The paper's authors released D and E
 * with this S.
 *
 * @throws {UserError} No table uses a net, or a file or key belongs to another net.
 */
export async function filledTables(
  tables: readonly Table[],
  weights: string,
  search: NetSearch,
): Promise<FilledTables> {
  const study = tables.find(({ study }) => study !== undefined);
  if (study !== undefined) {
    throw new UsageError(
      `Cannot use weights of files in "${study.name}": it is a study, whose nets are trained here; name ` +
        "other tables, or leave --weights out",
    );
  }
  const nets = new Map<string, { readonly own: TrainRun; readonly given: TrainRun }>();
  const imported: ImportedNet[] = [];
  for (const [config, from] of pairsIn(weights)) {
    const own = net(config, JITTERED);
    if (!evaluationsOf(tables).some((run) => isSame(run.net, own))) {
      throw new UsageError(
        `Cannot use weights of ${displayName(own)}: no row here uses that net`,
      );
    }
    const options = { ...search.options, config };
    const meant = await netNamed(from, { option: "weights", S: JITTERED }, { ...search, options });
    const { run } = meant;
    const isMeant = run.config === config && formatS(run.S) === formatS(JITTERED);
    if (!isMeant || !isImported(run.init)) {
      throw new UsageError(
        `Cannot use "${from}" instead of ${displayName(own)}: it is ${displayName(run)}, ` +
          `${isImported(run.init) ? "imported" : "trained here"}; name weights of ` +
          `${displayName(own)} that were not trained here`,
      );
    }
    nets.set(config, { own, given: run });
    imported.push(...meant.imported);
  }
  mustNeedInput(search.options, imported);

  const filled = tables.map((table): Table => ({
    ...table,
    rows: table.rows.map((row) => {
      const evaluations = row.evaluations.map((run) => {
        const { own, given } = nets.get(run.net.config) ?? {};
        return own && given && isSame(run.net, own) ? { ...run, net: given } : run;
      });
      // an unchanged row stays the same object
      return evaluations.every((run, i) => run === row.evaluations[i]) ? row : {
        ...row,
        evaluations,
      };
    }),
  }));
  const given = [...nets.values()].map(({ given }) => given);
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
        `--weights of a table is a list of CONFIG=FILE, separated by commas, as in ` +
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
