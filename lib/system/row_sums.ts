/**
 * Adds rows of float32 to rows of float64, and ranks them, with vector instructions in WebAssembly:
 * several times as fast as the same loops in JavaScript. Columns are added independently, so each sum
 * equals that of a plain loop to the last bit.
 *
 * @module
 */

/** Sums of rows, and a buffer for the values to add next. */
export interface RowSums {
  /** `[rows, columns]`: the values that `add` and `put` take. */
  readonly values: Float32Array;
  /** `[rows]`: a column of each row, for `judge`. */
  readonly labels: Int32Array;
  /** `[rows]`: number of a row's other sums that are at least that of its label. */
  readonly ranks: Int32Array;
  /** `[rows]`: the column of a row's highest sum; the first one if several tie. */
  readonly highest: Int32Array;
  /** `[rows]`: that sum, divided by the number of rows that were added. */
  readonly means: Float32Array;
  /** The sums of a row, `[columns]`. */
  row(row: number): Float64Array;
  /**
   * Makes the first `rows` rows of `values` the sums.
   *
   * @returns the first row with a negative value or a total that is not 1 within `tolerance`, after
   * which no row is taken; `rows` if there is no such row
   */
  put(rows: number, tolerance: number): number;
  /** Adds the first `rows` rows of `values` to the sums; see `put`. */
  add(rows: number, tolerance: number): number;
  /** Computes `ranks`, `highest` and `means` of the first `rows` rows, which are sums of `count`. */
  judge(rows: number, count: number): void;
  /** Number of a row's sums that are at least `value`. */
  atLeast(row: number, value: number): number;
}

/** Bytes of a page of WebAssembly's memory, of a float32 and of a float64. */
const [PAGE, FLOAT, DOUBLE] = [2 ** 16, 4, 8];

let compiled: WebAssembly.Module | undefined;

/** Sums of `rows` rows, all 0. */
export function rowSums(rows: number, columns: number): RowSums {
  const size = rows * columns;
  const sumsAt = Math.ceil(size * FLOAT / DOUBLE) * DOUBLE;
  const [labelsAt, ranksAt, highestAt, meansAt, end] = [0, 1, 2, 3, 4].map((part) =>
    sumsAt + size * DOUBLE + part * rows * FLOAT
  ) as [number, number, number, number, number];
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
  compiled ??= new WebAssembly.Module(moduleOf(FUNCTIONS));
  const { exports } = new WebAssembly.Instance(compiled, { memory: { memory } });
  const { addRows, putRows, judge, atLeast } = exports as Record<
    string,
    (...given: number[]) => number
  >;
  const { buffer } = memory;
  const sums = new Float64Array(buffer, sumsAt, size);
  return {
    values: new Float32Array(buffer, 0, size),
    labels: new Int32Array(buffer, labelsAt, rows),
    ranks: new Int32Array(buffer, ranksAt, rows),
    highest: new Int32Array(buffer, highestAt, rows),
    means: new Float32Array(buffer, meansAt, rows),
    row: (row) => sums.subarray(row * columns, (row + 1) * columns),
    put: (rows, tolerance) => putRows!(0, sumsAt, rows, columns, tolerance),
    add: (rows, tolerance) => addRows!(0, sumsAt, rows, columns, tolerance),
    judge: (rows, count) =>
      void judge!(sumsAt, rows, columns, labelsAt, ranksAt, highestAt, meansAt, count),
    atLeast: (row, value) => atLeast!(sumsAt + row * columns * DOUBLE, columns, value),
  };
}

/** A function that returns an i32: its parameters and variables with their types, and its body. */
interface Function {
  readonly parameters: Readonly<Record<string, Type>>;
  readonly variables: Readonly<Record<string, Type>>;
  /** In WebAssembly's text format, without brackets; an offset is a number after the name. */
  readonly body: string;
}

const FUNCTIONS: Readonly<Record<string, Function>> = {
  addRows: rowsFunction({ adds: true }),
  putRows: rowsFunction({ adds: false }),
  judge: {
    parameters: {
      ...{ sums: "i32", rows: "i32", columns: "i32", labels: "i32" },
      ...{ ranks: "i32", highest: "i32", means: "i32", count: "f64" },
    },
    variables: {
      ...{ row: "i32", at: "i32", left: "i32", above: "i32", value: "f64" },
      ...{ own: "v128", two: "v128", high: "v128", counts: "v128" },
    },
    body: `
    loop                                                      ;; over rows
      local.get row  local.get rows  i32.ge_u  if  local.get row  return  end
      local.get sums  local.get labels  i32.load 0  i32.const 3  i32.shl  i32.add  f64.load 0
      f64x2.splat  local.set own                              ;; that of the label
      f64.const 0  f64x2.splat  local.set counts
      local.get sums  f64.load 0  f64x2.splat  local.set high
      local.get sums  local.set at  local.get columns  local.set left
      block  loop                                             ;; over two columns at a time
        local.get left  i32.const 2  i32.lt_u  br_if 1
        local.get high  local.get at  v128.load 0  local.tee two  f64x2.pmax  local.set high
        local.get counts  local.get two  local.get own  f64x2.ge  i64x2.sub  local.set counts
        local.get at  i32.const 16  i32.add  local.set at
        local.get left  i32.const 2  i32.sub  local.set left
        br 0
      end  end
      local.get counts  i32x4.extract_lane 0  local.get counts  i32x4.extract_lane 2  i32.add
      local.set above
      local.get high  f64x2.extract_lane 0  local.get high  f64x2.extract_lane 1  f64.max
      local.set value
      local.get left  if                                      ;; the last one of an odd number
        local.get value  local.get at  f64.load 0  f64.max  local.set value
        local.get at  f64.load 0  local.get own  f64x2.extract_lane 0  f64.ge
        local.get above  i32.add  local.set above
      end
      local.get ranks  local.get above  i32.const 1  i32.sub  i32.store 0
      local.get sums  local.set at
      block  loop                                             ;; to the first highest one
        local.get at  f64.load 0  local.get value  f64.eq  br_if 1
        local.get at  i32.const 8  i32.add  local.set at
        br 0
      end  end
      local.get highest  local.get at  local.get sums  i32.sub  i32.const 3  i32.shr_u  i32.store 0
      local.get means  local.get value  local.get count  f64.div  f32.demote_f64  f32.store 0
      local.get sums  local.get columns  i32.const 3  i32.shl  i32.add  local.set sums
      local.get labels  i32.const 4  i32.add  local.set labels
      local.get ranks  i32.const 4  i32.add  local.set ranks
      local.get highest  i32.const 4  i32.add  local.set highest
      local.get means  i32.const 4  i32.add  local.set means
      local.get row  i32.const 1  i32.add  local.set row
      br 0
    end
    unreachable`,
  },
  atLeast: {
    parameters: { sums: "i32", columns: "i32", value: "f64" },
    variables: { count: "i32", two: "v128", counts: "v128" },
    body: `
    local.get value  f64x2.splat  local.set two
    block  loop                                               ;; over two columns at a time
      local.get columns  i32.const 2  i32.lt_u  br_if 1
      local.get counts
      local.get sums  v128.load 0  local.get two  f64x2.ge    ;; -1 if true, else 0     
      i64x2.sub  local.set counts
      local.get sums  i32.const 16  i32.add  local.set sums
      local.get columns  i32.const 2  i32.sub  local.set columns
      br 0
    end  end
    local.get counts  i32x4.extract_lane 0  local.get counts  i32x4.extract_lane 2  i32.add
    local.set count
    local.get columns  if                                     ;; the last one of an odd number
      local.get sums  f64.load 0  local.get value  f64.ge  local.get count  i32.add  local.set count
    end
    local.get count`,
  },
};

/** The function that adds rows to sums, or puts them in their place; each total is checked. */
function rowsFunction({ adds }: { readonly adds: boolean }): Function {
  return {
    parameters: { values: "i32", sums: "i32", rows: "i32", columns: "i32", tolerance: "f64" },
    variables: {
      ...{ row: "i32", column: "i32", value: "f32", total: "f64" },
      ...{ two: "v128", lower: "v128", upper: "v128", lowest: "v128" },
    },
    body: `
    loop                                                      ;; over rows
      local.get row  local.get rows  i32.ge_u  if  local.get row  return  end
      f64.const 0  f64x2.splat  local.tee lower  local.tee upper  local.set lowest
      local.get columns  local.set column
      block  loop                                             ;; over four columns at a time
        local.get column  i32.const 4  i32.lt_u  br_if 1
        local.get lowest  local.get values  v128.load 0  f32x4.pmin  local.set lowest
        local.get sums  ${adds ? "local.get sums  v128.load 0" : ""}
        local.get values  v128.load64_zero 0  f64x2.promote_low_f32x4  local.tee two
        ${adds ? "f64x2.add" : ""}  v128.store 0              ;; sums[0..1] += values[0..1]
        local.get lower  local.get two  f64x2.add  local.set lower
        local.get sums  ${adds ? "local.get sums  v128.load 16" : ""}
        local.get values  v128.load64_zero 8  f64x2.promote_low_f32x4  local.tee two
        ${adds ? "f64x2.add" : ""}  v128.store 16             ;; sums[2..3] += values[2..3]
        local.get upper  local.get two  f64x2.add  local.set upper
        local.get values  i32.const 16  i32.add  local.set values
        local.get sums  i32.const 32  i32.add  local.set sums
        local.get column  i32.const 4  i32.sub  local.set column
        br 0
      end  end
      local.get lower  local.get upper  f64x2.add  local.tee two  f64x2.extract_lane 0
      local.get two  f64x2.extract_lane 1  f64.add  local.set total
      block  loop                                             ;; over the columns that are left
        local.get column  i32.eqz  br_if 1
        local.get values  f32.load 0
        local.set value  local.get lowest  local.get value  f32x4.splat  f32x4.pmin  local.set lowest
        local.get sums  ${adds ? "local.get sums  f64.load 0" : ""}
        local.get value  f64.promote_f32  ${adds ? "f64.add" : ""}  f64.store 0
        local.get total  local.get value  f64.promote_f32  f64.add  local.set total
        local.get values  i32.const 4  i32.add  local.set values
        local.get sums  i32.const 8  i32.add  local.set sums
        local.get column  i32.const 1  i32.sub  local.set column
        br 0
      end  end
      local.get total  f64.const 1  f64.sub  f64.abs  local.get tolerance  f64.le
      local.get lowest  f64.const 0  f64x2.splat  f32x4.ge  i32x4.all_true
      i32.and  i32.eqz  if  local.get row  return  end
      local.get row  i32.const 1  i32.add  local.set row
      br 0
    end
    unreachable`,
  };
}

/** Types of parameters and variables, by their codes. */
const TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
type Type = keyof typeof TYPES;

/** What may follow the name of an instruction: a variable, a number, an address's offset. */
type Operand = "none" | "block" | "local" | "byte" | "i32" | "f64" | "offset";

/** The first byte of vector instructions. */
const VECTOR = 0xfd;

/** Codes of instructions (webassembly.github.io/spec/core, "Index of Instructions"). */
const INSTRUCTIONS: Readonly<Record<string, readonly [Operand, ...number[]]>> = {
  "unreachable": ["none", 0x00],
  "block": ["block", 0x02],
  "loop": ["block", 0x03],
  "if": ["block", 0x04],
  "end": ["none", 0x0b],
  "br": ["byte", 0x0c],
  "br_if": ["byte", 0x0d],
  "return": ["none", 0x0f],
  "local.get": ["local", 0x20],
  "local.set": ["local", 0x21],
  "local.tee": ["local", 0x22],
  "i32.load": ["offset", 0x28],
  "f32.load": ["offset", 0x2a],
  "f64.load": ["offset", 0x2b],
  "i32.store": ["offset", 0x36],
  "f32.store": ["offset", 0x38],
  "f64.store": ["offset", 0x39],
  "i32.const": ["i32", 0x41],
  "f64.const": ["f64", 0x44],
  "i32.eqz": ["none", 0x45],
  "i32.lt_u": ["none", 0x49],
  "i32.ge_u": ["none", 0x4f],
  "f64.eq": ["none", 0x61],
  "f64.le": ["none", 0x65],
  "f64.ge": ["none", 0x66],
  "i32.add": ["none", 0x6a],
  "i32.sub": ["none", 0x6b],
  "i32.and": ["none", 0x71],
  "i32.shl": ["none", 0x74],
  "i32.shr_u": ["none", 0x76],
  "f64.abs": ["none", 0x99],
  "f64.add": ["none", 0xa0],
  "f64.sub": ["none", 0xa1],
  "f64.div": ["none", 0xa3],
  "f64.max": ["none", 0xa5],
  "f32.demote_f64": ["none", 0xb6],
  "f64.promote_f32": ["none", 0xbb],
  "v128.load": ["offset", VECTOR, 0x00],
  "v128.store": ["offset", VECTOR, 0x0b],
  "f32x4.splat": ["none", VECTOR, 0x13],
  "f64x2.splat": ["none", VECTOR, 0x14],
  "i32x4.extract_lane": ["byte", VECTOR, 0x1b],
  "f64x2.extract_lane": ["byte", VECTOR, 0x21],
  "f32x4.ge": ["none", VECTOR, 0x46],
  "f64x2.ge": ["none", VECTOR, 0x4c],
  "v128.load64_zero": ["offset", VECTOR, 0x5d],
  "f64x2.promote_low_f32x4": ["none", VECTOR, 0x5f],
  "i32x4.all_true": ["none", VECTOR, 0xa3, 0x01],
  "f32x4.pmin": ["none", VECTOR, 0xea, 0x01],
  "i64x2.sub": ["none", VECTOR, 0xd1, 0x01],
  "f64x2.add": ["none", VECTOR, 0xf0, 0x01],
  "f64x2.pmax": ["none", VECTOR, 0xf7, 0x01],
};

/** A module that imports a memory of at least one page, and exports functions under their names. */
function moduleOf(functions: Readonly<Record<string, Function>>): Uint8Array<ArrayBuffer> {
  const section = (id: number, parts: readonly (readonly number[])[]) => {
    const content = [parts.length, ...parts.flat()];
    return [id, ...size(content.length), ...content];
  };
  const all = Object.entries(functions);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, all.map(([, { parameters }]) => typeOf(parameters))),
    ...section(2, [[...text("memory"), ...text("memory"), 0x02, 0x00, 1]]),
    ...section(3, all.map((_, index) => [index])),
    ...section(7, all.map(([name], index) => [...text(name), 0x00, index])),
    ...section(10, all.map(([, one]) => codeOf(one))),
  ]);
}

/** The type of a function that returns an i32. */
function typeOf(parameters: Function["parameters"]): number[] {
  const types = Object.values(parameters).map((type) => TYPES[type]);
  return [0x60, types.length, ...types, 1, TYPES.i32];
}

function codeOf({ parameters, variables, body }: Function): number[] {
  const types = Object.values(variables).flatMap((type) => [1, TYPES[type]]);
  const names = [...Object.keys(parameters), ...Object.keys(variables)];
  const code = [
    types.length / 2,
    ...types,
    ...instructionsOf(body, names),
    ...instructionsOf("end"),
  ];
  return [...size(code.length), ...code];
}

/** The bytes of instructions in WebAssembly's text format. */
function instructionsOf(body: string, locals: readonly string[] = []): number[] {
  const words = body.replace(/;;.*$/gm, "").trim().split(/\s+/);
  const code: number[] = [];
  let at = 0;
  const next = () => words[at++]!;
  while (at < words.length) {
    const [operand, ...bytes] = INSTRUCTIONS[next()]!;
    code.push(...bytes, ...operandOf(operand, next, locals));
  }
  return code;
}

function operandOf(operand: Operand, next: () => string, locals: readonly string[]): number[] {
  switch (operand) {
    case "none":
      return [];
    case "block":
      return [0x40];
    case "local":
      return [locals.indexOf(next())];
    case "byte":
      return [Number(next())];
    case "i32":
      return size(Number(next()));
    case "offset":
      return [0, ...size(Number(next()))];
    case "f64":
      return [...new Uint8Array(Float64Array.of(Number(next())).buffer)];
  }
}

/** A number in LEB128; signed and unsigned are the same below 64. */
function size(value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...size(value >>> 7)];
}

function text(value: string): number[] {
  return [value.length, ...new TextEncoder().encode(value)];
}
