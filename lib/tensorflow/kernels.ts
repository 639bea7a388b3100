/**
 * The kernels that a build of TensorFlow registers, those for GPUs included: its C library lists them
 * on any machine. Run as a program it prints those of operations, one JSON object:
 * `deno run -A lib/tensorflow/kernels.ts LIBRARY OPERATION...`. A program of its own, because two
 * builds of TensorFlow cannot share a process.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { reason, run } from "../system/subprocess.ts";
import { type ArgumentDef, type KernelDef, kernelsIn, type OpDef, opsIn } from "./messages.ts";
import { withoutStderr } from "./quiet.ts";

/** An argument: its name, and the attribute that says how many tensors it is, if it is a list. */
export interface Argument {
  readonly name: string;
  readonly count?: string;
}

/** The arguments of an operation, and the types of attributes that a node may leave out. */
export interface OpArguments {
  readonly op: string;
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  readonly defaults: Readonly<Record<string, number>>;
}

/** A kernel for processors, for GPUs, or for any device that has none of its own. */
export interface Kernel {
  readonly op: string;
  readonly device: "CPU" | "GPU" | "DEFAULT";
  /** The types, by TensorFlow's numbers, that it takes for attributes; any for others. */
  readonly types: Readonly<Record<string, readonly number[]>>;
  /** Arguments that it wants, or leaves, in the processor's memory. */
  readonly host: readonly string[];
  readonly priority: number;
}

/** Operations of a build, and its kernels for them. */
export interface KernelCatalogue {
  readonly ops: readonly OpArguments[];
  readonly kernels: readonly Kernel[];
}

/**
 * The kernels of a build, asked of it in another process.
 *
 * @param library path of `libtensorflow_cc.so.2`
 * @param ops names of operations
 * @throws {UserError} The library does not open.
 */
export async function kernelsOf(
  library: string,
  ops: readonly string[],
): Promise<KernelCatalogue> {
  const program = fileURLToPath(import.meta.url);
  const permissions = ["-R", "-E", "--allow-ffi"];
  const command = [Deno.execPath(), "run", "--no-prompt", ...permissions, program];
  const { ok, stdout, stderr } = await run([...command, library, ...ops]);
  if (ok) return JSON.parse(stdout);
  throw new UserError(
    `Cannot list the kernels of "${library}": ${reason(stderr)}; ` +
      "run `deno task install --gpu` again",
  );
}

/** Reads the list from a library, in this process. */
function readKernels(library: string, names: readonly string[]): KernelCatalogue {
  const { symbols } = withoutStderr(() =>
    Deno.dlopen(library, {
      TF_NewStatus: { parameters: [], result: "pointer" },
      TF_GetCode: { parameters: ["pointer"], result: "i32" },
      TF_GetAllOpList: { parameters: [], result: "pointer" },
      TF_GetRegisteredKernelsForOp: { parameters: ["buffer", "pointer"], result: "pointer" },
    })
  );
  const wanted = new Set(names);
  const status = symbols.TF_NewStatus();
  const defs = opsIn(bytesIn(symbols.TF_GetAllOpList())).filter(({ name }) => wanted.has(name));
  const kernels = defs.flatMap(({ name }) => {
    const word = new TextEncoder().encode(`${name}\0`);
    const list = symbols.TF_GetRegisteredKernelsForOp(word, status);
    return symbols.TF_GetCode(status) === 0 ? kernelsIn(bytesIn(list)) : [];
  });
  // the library's own order changes from call to call
  const sorted = <Each>(all: readonly Each[]) =>
    [...all].sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return { ops: sorted(defs.map(argumentsOf)), kernels: sorted(kernels.flatMap(kernelOf)) };
}

function argumentsOf({ name, input_arg = [], output_arg = [], attr = [] }: OpDef): OpArguments {
  const argument = ({ name, number_attr, type_list_attr }: ArgumentDef): Argument => {
    const count = number_attr || type_list_attr;
    return { name, ...count && { count } };
  };
  const defaults = attr.flatMap(({ name, default_value }) =>
    default_value !== undefined && "type" in default_value ? [[name, default_value.type]] : []
  );
  return {
    op: name,
    inputs: input_arg.map(argument),
    outputs: output_arg.map(argument),
    defaults: Object.fromEntries(defaults),
  };
}

/** A kernel of one of the three kinds that matter here, unless a node has to ask for it by a label. */
function kernelOf(
  { op, device_type, constraint = [], host_memory_arg = [], label = "", priority = 0 }: KernelDef,
): Kernel[] {
  if (label !== "") return [];
  if (device_type !== "CPU" && device_type !== "GPU" && device_type !== "DEFAULT") return [];
  const types = constraint.flatMap(({ name, allowed_values: { list: { type = [] } } }) => {
    // other attributes than types have their defaults here, which every kernel takes
    return type.length > 0 ? [[name, type] as const] : [];
  });
  return [{
    ...{ op, device: device_type, priority },
    types: Object.fromEntries(types),
    host: host_memory_arg,
  }];
}

/** The bytes of a `TF_Buffer`: an address and a length. */
function bytesIn(buffer: Deno.PointerValue): Uint8Array {
  if (buffer === null) return new Uint8Array();
  const view = new Deno.UnsafePointerView(buffer);
  const data = view.getPointer(0);
  const length = Number(view.getBigUint64(8));
  return data === null
    ? new Uint8Array()
    : new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data, length)).slice();
}

if (import.meta.main) {
  const [library = "", ...names] = Deno.args;
  console.log(JSON.stringify(readKernels(library, names)));
  // Otherwise Deno closes the library, whose end then crashes.
  Deno.exit(0);
}
