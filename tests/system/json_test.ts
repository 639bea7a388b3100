import assert from "node:assert/strict";
import { parseJson } from "../../lib/system/json.ts";

Deno.test("JSON is read as JSON.parse reads it, behind a byte order mark, too", () => {
  const texts = [
    "[]",
    '"a:b"',
    '{"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}',
    '{"a\\"": "{", "a": "\\\\"}',
  ];
  for (const text of texts) {
    assert.deepEqual(parseJson(text), JSON.parse(text));
    assert.deepEqual(parseJson(`\ufeff${text}`), JSON.parse(text));
  }
  assert.throws(() => parseJson("{"), SyntaxError);
});

Deno.test("a field twice in an object is refused: JSON.parse would drop the first", () => {
  const texts = [
    '{"dropout": 0.5, "dropout": 0.1}',
    '{"a": {"b": {}, "dropout": [1], "dropout" : 2}}',
    '[{"dropout": "}", "drop\\u006fut": 2}]', // one name, written in two ways
  ];
  for (const text of texts) {
    assert.throws(() => parseJson(text), /it has the field "drop.*ut" twice in one object/);
  }
});

Deno.test("a text of millions of letters is searched without a deep stack", () => {
  const long = "x\\\\".repeat(1e6);
  assert.equal((parseJson(`{"a": "${long}"}`) as { a: string }).a.length, 2e6);
});
