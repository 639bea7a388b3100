/** Runs small graphs for tests, each operation on one thread. */
import { type Binding, loadAddon } from "../../lib/tensorflow/addon.ts";
import { Graph, type Tensor } from "../../lib/tensorflow/graph.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { type FeedValue, type Fetched, Session } from "../../lib/tensorflow/session.ts";

/** TensorFlow, installed first where it is not. */
export async function tensorflow(): Promise<Binding> {
  await ensureInstalled();
  return await loadAddon({ intraOpThreads: 1 });
}

/** A session of what `build` puts into a graph, and what `build` gives back. */
export async function sessionOf<Result>(
  build: (graph: Graph) => Result,
): Promise<{ session: Session; built: Result } & Disposable> {
  const graph = new Graph();
  const built = build(graph);
  const session = new Session(await tensorflow(), graph);
  return { session, built, [Symbol.dispose]: () => session.close() };
}

/** The values of the tensors that `build` makes. */
export async function evaluate(
  build: (graph: Graph) => readonly Tensor[],
  feeds: Readonly<Record<string, FeedValue>> = {},
): Promise<Fetched[]> {
  using run = await sessionOf(build);
  return run.session.run(feeds, run.built);
}

/** Numbers of a fetched tensor. */
export const numbers = (fetched: Fetched | undefined): number[] => Array.from(fetched!.values);
