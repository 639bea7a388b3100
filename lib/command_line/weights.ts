/** Nets from files in the place of a table's own: `--weights D=FILE,E=FILE`. */
import { JITTERED, net } from "../../experiments/protocol.ts";
import { UsageError } from "../errors.ts";
import {
  type ConfigName,
  type EvalRun,
  formatS,
  isImported,
  type Table,
  title,
  type TrainRun,
} from "../experiment.ts";
import type { ImportedNet } from "../store/import.ts";
import { evaluationsOf } from "../plan.ts";
import { ALL_NETS } from "../vgg/configs.ts";
import type { Request } from "../reproduce.ts";
import { netNamed, type Place } from "./nets.ts";
import type { Options } from "./options.ts";
import { groundOf } from "./runs.ts";
import { requestFor } from "./tables.ts";
import { oneOf, parts } from "./values.ts";

/** What the options ask for of the tables called `words`, nets of `--weights` in their places. */
export async function requestWith(words: readonly string[], options: Options): Promise<Request> {
  const request = requestFor(words, options);
  if (options.weights === undefined) return request;
  const place = { options, ground: await groundOf(options) };
  const { tables } = await filledTables(request.tables, options.weights, place);
  return { ...request, tables };
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
  place: Place,
): Promise<FilledTables> {
  const nets = new Map<ConfigName, TrainRun>();
  const imported: ImportedNet[] = [];
  for (const [config, from] of pairsIn(weights)) {
    const own = net(config, JITTERED);
    if (!evaluationsOf(tables).some((run) => isSame(run.net, own))) {
      throw new UsageError(`Cannot use weights of ${title(own)}: no row here rests on that net`);
    }
    const options = { ...place.options, config };
    const meant = await netNamed(from, { option: "weights", S: JITTERED }, { ...place, options });
    const { run } = meant;
    const isMeant = run.config === config && formatS(run.S) === formatS(JITTERED);
    if (!isMeant || !isImported(run.init)) {
      throw new UsageError(
        `Cannot use "${from}" in the place of ${title(own)}: it is ${title(run)}, ` +
          `${isImported(run.init) ? "made elsewhere" : "trained here"}; name weights of ` +
          `${title(own)} that were made elsewhere`,
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
