import assert from "node:assert/strict";
import { PickleError, unpickle } from "../../lib/weights/pickle.ts";

/** Texts are their bytes, numbers one byte each. */
function bytesOf(...parts: readonly (string | number)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]
    ),
  );
}

const PROTO = [0x80, 2] as const;
const known = {
  globals: new Map([
    ["collections.OrderedDict", { name: "collections.OrderedDict", call: () => new Map() }],
    ["torch.FloatStorage", { name: "torch.FloatStorage" }],
  ]),
  persistent: (id: unknown) => id,
};
const read = (...parts: readonly (string | number)[]) => unpickle(bytesOf(...parts), known);

Deno.test("data is what Python's pickle.dumps(value, 2) wrote", () => {
  // {"a": (1, -2, 300), "b": [True, None, 1.5, 2**40]}
  const text = "80027d71002858010000006171014b014afeffffff4d2c01877102580100000062" +
    "71035d710428884e473ff80000000000008a0600000000000165752e";
  const bytes = Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));
  const { value, end } = unpickle(bytes, known);
  assert.deepEqual(
    value,
    new Map<string, unknown>([["a", [1, -2, 300]], ["b", [true, undefined, 1.5, 2 ** 40]]]),
  );
  assert.equal(end, bytes.length);
});

Deno.test("a function that is not known is refused by its name, and nothing is called", () => {
  // what runs a command where Python reads it
  for (const [module, name] of [["os", "system"], ["builtins", "eval"], ["posix", "system"]]) {
    assert.throws(
      () => read(...PROTO, `c${module}\n${name}\n`, "(X", 7, 0, 0, 0, "echo hi", "tR."),
      new PickleError(`it names "${module}.${name}", which is not part of a state_dict`),
    );
  }
  // nor is one found by a name that every object has
  assert.throws(() => read("cconstructor\nconstructor\n."), /not part of a state_dict/);
  assert.throws(() => read("c__proto__\ntoString\n."), /not part of a state_dict/);
});

Deno.test("a class that is known only to be passed on is not called", () => {
  assert.throws(
    () => read("ctorch\nFloatStorage\n", ")R."),
    /^Error: it calls "torch.FloatStorage"/,
  );
  assert.throws(() => read("K", 1, ")R."), /is malformed/);
});

Deno.test("instructions that no data needs are refused: instances, extensions", () => {
  const refusals = [["i", 0x69], ["o", 0x6f], [0x81, 0x81], [0x82, 0x82], ["P", 0x50]];
  for (const [code, number] of refusals as [string | number, number][]) {
    const message = new RegExp(`instruction 0x${number.toString(16)}, which no data needs`);
    assert.throws(() => read(...PROTO, code, "os\nsystem\n"), message);
  }
});

Deno.test("protocol 4 is read: frames, long texts, and names from the stack", () => {
  // pickle.dumps({"a": (1, -2, 300), "b": [True, None, 1.5, 2**40]}, 4)
  const text = "80049530000000000000007d94288c0161944b014afeffffff4d2c0187948c01" +
    "62945d9428884e473ff80000000000008a0600000000000165752e";
  const bytes = Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));
  assert.deepEqual(
    unpickle(bytes, known).value,
    new Map<string, unknown>([["a", [1, -2, 300]], ["b", [true, undefined, 1.5, 2 ** 40]]]),
  );
  const named = (module: string, name: string) =>
    read(0x80, 4, 0x8c, module.length, module, 0x8c, name.length, name, 0x93, ")R.");
  assert.deepEqual(named("collections", "OrderedDict").value, new Map());
  assert.throws(() => named("os", "system"), /it names "os\.system", which is not part/);
});

Deno.test("damage of any kind is a PickleError: cuts, marks that are missing, memory that is empty", () => {
  const good = bytesOf(...PROTO, "ccollections\nOrderedDict\n", ")R(X", 1, 0, 0, 0, "aK", 1, "u.");
  assert.deepEqual(unpickle(good, known).value, new Map([["a", 1]]));
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => unpickle(good.subarray(0, length), known), PickleError, `${length} bytes`);
  }
  for (
    const odd of ["t.", "h\x05.", ".", "(.", "K\x01a.", "}K\x01s.", "]K\x01b.", "}(K\x01u.", "R."]
  ) {
    assert.throws(() => read(odd), PickleError, odd);
  }
  // a text of four gigabytes
  assert.throws(() => read("X", 0xff, 0xff, 0xff, 0xff, "a."), /it is cut off/);
});
