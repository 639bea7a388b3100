/** Types of stored numbers, by their names in safetensors, and their conversion to float32. */

/** Bytes of a number. */
export const WIDTHS = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1 };

/** Type of stored numbers. */
export type NumberType = keyof typeof WIDTHS;

/** Whether numbers of a type may be weights. */
export function isFloat(type: NumberType): boolean {
  return type.includes("F");
}

/** Little-endian numbers as float32; those of the type float32 are not copied. */
export function floatsOf(bytes: Uint8Array<ArrayBuffer>, type: NumberType): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / WIDTHS[type];
  switch (type) {
    case "F32":
      return new Float32Array(buffer, byteOffset, count);
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "F16":
      return Float32Array.from(new Float16Array(buffer, byteOffset, count));
    case "BF16": {
      // the upper half of a float32
      const halves = new Uint16Array(buffer, byteOffset, count);
      return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
    }
    default:
      throw new TypeError(`Cannot take ${type} for float32`);
  }
}

/** The number of elements of a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
