/** TensorBoard's event files, written by TensorFlow itself. */
import { UserError } from "../errors.ts";
import { systemReason } from "../system/file_errors.ts";
import type { Binding } from "./addon.ts";
import { attr, constant, Graph, type Node, placeholder, type Spec, type Tensor } from "./graph.ts";
import { cast } from "./operations.ts";
import { type FeedValue, float32, int32, Session } from "./session.ts";
import { identityAfter } from "./variables.ts";

/** An event file that is open. */
export interface Summaries {
  /** Adds numbers by tag; they are in the file afterwards. */
  write(step: number, scalars: Readonly<Record<string, number>>): void;
  close(): void;
}

/** How TensorFlow's names of event files begin; time, machine and process follow. */
const PREFIX = "events.out.tfevents.";

/**
 * Opens a new event file in a folder and removes earlier ones.
 *
 * @throws {UserError} The file cannot be written, now or later.
 */
export function openSummaries(binding: Binding, folder: string): Summaries {
  function cannotWrite(reason: string, cause: unknown): UserError {
    return new UserError(
      `Cannot write TensorBoard's event file in "${folder}": ${reason}; free some space, or ` +
        "name a folder that can be written with --results DIR",
      { cause },
    );
  }
  try {
    for (const { name } of [...Deno.readDirSync(folder)]) {
      if (name.startsWith(PREFIX)) Deno.removeSync(`${folder}/${name}`);
    }
  } catch (error) {
    throw cannotWrite(systemReason(error), error);
  }
  const session = new Session(binding, summariesGraph());
  function run(effect: string, feeds: Record<string, FeedValue> = {}) {
    try {
      session.run(feeds, [`${effect}:0`]);
    } catch (error) {
      // "Session fail to run with error: /folder/file; No space left on device"
      const [reason] = (error as Error).message.split("\n");
      throw cannotWrite(reason!.replace(/^.*; /, ""), error);
    }
  }
  try {
    run("open", { folder: text(folder) });
  } catch (error) {
    session.close();
    throw error;
  }
  return {
    write(step, scalars) {
      for (const [tag, value] of Object.entries(scalars)) {
        run("write", { step: int32([step], []), tag: text(tag), value: float32([value], []) });
      }
      run("flush");
    },
    close() {
      try {
        run("close");
      } finally {
        session.close();
      }
    },
  };
}

/**
 * - `open`: makes an event file in `folder` (string).
 * - `write`: adds an event, of `step` (int32), `tag` (string) and `value` (float32); all scalars.
 * - `flush`: writes pending events to the disk, as `close` does.
 */
function summariesGraph(): Graph {
  // the processor, even if there is a GPU
  const graph = new Graph({ device: "/device:CPU:0" });
  const scalar = (dtype: Spec["dtype"]): Spec => ({ dtype, shape: [] });
  const fed = (name: string, dtype: Spec["dtype"]) => placeholder(graph, name, scalar(dtype));
  const writer = graph.op("SummaryWriter", [], { writer: scalar("resource") }, {
    attrs: { shared_name: attr.text("events"), container: attr.text("") },
  });
  const add = (name: string, kind: string, inputs: Tensor[], attrs = {}) => {
    const effect: Node = graph.node(kind, [writer, ...inputs], {}, { attrs }).node;
    identityAfter(name, constant(graph, 0), [effect]);
  };
  // the largest number of waiting events and ms; flushes come earlier
  const [waiting, pause] = [constant(graph, 10), constant(graph, 120_000)];
  const suffix = constant(graph, ["v2"], { dtype: "string", shape: [] });
  add("open", "CreateSummaryFileWriter", [fed("folder", "string"), waiting, pause, suffix]);
  const step = cast(fed("step", "int32"), "int64");
  add("write", "WriteScalarSummary", [step, fed("tag", "string"), fed("value", "float32")], {
    T: attr.type("float32"),
  });
  add("flush", "FlushSummaryWriter", []);
  add("close", "CloseSummaryWriter", []);
  return graph;
}

const text = (value: string): FeedValue => ({ dtype: "string", shape: [], values: [value] });
