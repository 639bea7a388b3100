/** The nets of tables, for commands that print layers and carry nothing out. */
import { setups } from "../../experiments/mod.ts";
import { quote, UserError } from "../errors.ts";
import { hasAncestor, type NetLayers, type TrainRun } from "../experiment.ts";
import { layersFields } from "../vgg/configs.ts";
import { tablesNamed } from "./tables.ts";

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
    .flatMap(({ evaluations }) => evaluations.flatMap(({ net }) => [net, ...ownAncestorsOf(net)]));
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

/** The nets with blocks among those that a net starts from. */
function ownAncestorsOf({ init }: TrainRun): TrainRun[] {
  if (!hasAncestor(init)) return [];
  const { from } = init;
  return [...from.blocks === undefined ? [] : [from], ...ownAncestorsOf(from)];
}
