/** Runs a graph: feeds values, fetches results, keeps variables between runs. */
import { UnreadableError, UserError } from "../errors.ts";
import { systemReason } from "../system/file_errors.ts";
import { removeIfPossible } from "../system/files.ts";
import type { Binding } from "./addon.ts";
import { type DType, DTYPES, type Graph, type Shape, type Tensor } from "./graph.ts";

/** A value to feed: numbers of a type, or strings. */
export interface FeedValue {
  readonly dtype: "float32" | "int32" | "uint8" | "string";
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array | readonly string[];
}

/** The value of one fetched tensor. */
export interface Fetched {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** A value that TensorFlow keeps in memory for several runs. */
export interface HeldTensor {
  readonly held: number;
}

/** A graph with its variables, ready to run. */
export class Session {
  readonly #binding: Binding;
  readonly #model: number;

  /**
   * Loads `graph` into TensorFlow. A run blocks the thread that calls it.
   *
   * @throws {UserError} The graph names a device that TensorFlow does not find, or its temporary file
   * cannot be written or read.
   */
  constructor(binding: Binding, graph: Graph) {
    this.#binding = binding;
    const bytes = graph.serialise();
    const folder = writingTemporary(() => Deno.makeTempDirSync({ prefix: "verydeep-graph-" }));
    try {
      writingTemporary(() => Deno.writeFileSync(`${folder}/saved_model.pb`, bytes));
      this.#model = binding.loadSavedModel(folder, "serve");
    } catch (error) {
      throw withoutDevice(error as Error) ?? withheld(error as Error, folder) ?? error;
    } finally {
      removeIfPossible(folder);
    }
  }

  /**
   * Feeds placeholders by name and fetches tensors by name. A side effect happens only if a fetched
   * tensor depends on it.
   *
   * @throws {UnreadableError} An image file cannot be read.
   * @throws {Error} TensorFlow's own message, with the name of the node that failed.
   */
  run(
    feeds: Readonly<Record<string, FeedValue | HeldTensor>>,
    fetches: readonly (string | Tensor)[],
  ): Fetched[] {
    const own: number[] = [];
    const ids = Object.values(feeds).map((value) => {
      if ("held" in value) return value.held;
      const id = this.#create(value);
      own.push(id);
      return id;
    });
    try {
      const names = fetches.map((fetch) => typeof fetch === "string" ? fetch : fetch.name);
      return this.#binding
        .runSavedModel(this.#model, ids, Object.keys(feeds).join(), names.join())
        .map(({ id, shape, dtype }) => {
          try {
            return { shape, values: this.#numbers(id, dtype) };
          } finally {
            this.#binding.deleteTensor(id);
          }
        });
    } catch (error) {
      throw unreadableIn(error as Error) ?? error;
    } finally {
      for (const id of own) this.#binding.deleteTensor(id);
    }
  }

  /** Keeps a value in TensorFlow's memory until `release()`. */
  hold(value: FeedValue): HeldTensor {
    return { held: this.#create(value) };
  }

  /** Frees a held value. */
  release({ held }: HeldTensor) {
    this.#binding.deleteTensor(held);
  }

  /** Frees the graph and its variables. */
  close() {
    this.#binding.deleteSavedModel(this.#model);
  }

  #create({ dtype, shape, values }: FeedValue): number {
    const data = ArrayBuffer.isView(values)
      ? values
      : values.map((text) => new TextEncoder().encode(text));
    return this.#binding.createTensor([...shape], DTYPES[dtype], data);
  }

  #numbers(id: number, dtype: number): Float32Array | Int32Array {
    const values = this.#binding.tensorDataSync(id);
    if (values instanceof Float32Array || values instanceof Int32Array) return values;
    const name = Object.entries(DTYPES).find(([, number]) => number === dtype)?.[0] as DType;
    throw new TypeError(`Cannot fetch a tensor of type ${name}: cast it to float32 or int32`);
  }
}

/** The way out where temporary files fail. */
const ELSEWHERE = "name another folder for temporary files in the variable TMPDIR";

/** Writes a temporary file or folder. @throws {UserError} The system refuses. */
function writingTemporary<Result>(write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw new UserError(
      `Cannot write a temporary file: ${systemReason(error)}; free some space, or ${ELSEWHERE}`,
      { cause: error },
    );
  }
}

/** The error of a graph whose file a disk withholds from TensorFlow; undefined for other errors. */
function withheld(error: Error, folder: string): UnreadableError | undefined {
  // "Failed to load SavedModel: FOLDER/saved_model.pb; Input/output error", or "... Could not find
  // SavedModel .pb or .pbtxt at supplied export directory path: FOLDER"
  const { message } = error;
  if (!message.includes(folder)) return undefined;
  const [, said] = /\.pb; ([^;\n]+)/.exec(message) ?? [];
  const reason = said ?? (message.includes("Could not find") ? "it is not found" : undefined);
  if (reason === undefined) return undefined;
  return new UnreadableError(
    `Cannot read the temporary file "${folder}/saved_model.pb": ${reason}; check its disk, or ` +
      ELSEWHERE,
    { cause: error },
  );
}

/** A float32 value to feed. */
export function float32(values: Float32Array | readonly number[], shape?: readonly number[]) {
  const array = values instanceof Float32Array ? values : Float32Array.from(values);
  return { dtype: "float32", shape: shape ?? [array.length], values: array } as const;
}

/** An int32 value to feed. */
export function int32(values: Int32Array | readonly number[], shape?: readonly number[]) {
  const array = values instanceof Int32Array ? values : Int32Array.from(values);
  return { dtype: "int32", shape: shape ?? [array.length], values: array } as const;
}

/** Number of elements of a shape without unknown sides. */
export function elements(shape: Shape): number {
  return shape.reduce<number>((product, side) => product * (side ?? NaN), 1);
}

/** The error of a file that an operation of a graph cannot read or map; undefined if that is not the reason. */
function unreadableIn(error: Error): UnreadableError | undefined {
  // "...: /folder/file.jpg; Input/output error\n\t [[{{node ReadFile}}]]"
  const [, file, reason] =
    /: (\/[^\n]*); ([^;\n]+)\n\s*\[\[\{\{node (?:ReadFile|ImmutableConst)/.exec(error.message) ??
      [];
  if (file === undefined) return undefined;
  const message = `Cannot read "${file}": ${reason}; check its permissions and its disk`;
  return new UnreadableError(message, { cause: error });
}

/** The error of a graph that names a device which is not there; undefined if that is not the reason. */
function withoutDevice(error: Error): UserError | undefined {
  // "Cannot assign a device for operation X: ... assigned to /device:GPU:3 but available devices are
  // [ /job:localhost/replica:0/task:0/device:CPU:0, ... ]"
  const [, wanted, list = ""] =
    /assigned to (\S+) but available devices are \[([^\]]*)\]/.exec(error.message) ?? [];
  if (wanted === undefined) return undefined;
  const found = list.split(",").map((name) => name.replace(/.*device:/, "").trim())
    .filter((name) => name !== "");
  return new UserError(
    `Cannot compute on ${wanted.replace(/.*device:/, "")}: TensorFlow finds ${
      new Intl.ListFormat("en").format(found)
    } alone; choose fewer devices with --device`,
    { cause: error },
  );
}

/** How TensorFlow and NVIDIA's libraries report that memory is too small. */
const OUT_OF_MEMORY =
  /OOM when allocating|ran out of memory|out of memory|RESOURCE_EXHAUSTED|_ALLOC_FAILED|failed to allocate memory/i;

/** Whether a run failed because memory is too small. The variables are then undefined. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && OUT_OF_MEMORY.test(error.message);
}
