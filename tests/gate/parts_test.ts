import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { filesBelow } from "../support/files.ts";
import { countsIn, partsOf, total } from "./parts.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders of packages and results. */
const LEFT = [".git", "node_modules", "results", "data", "coverage"];

const isOf = (path: string, place: string) => path === place || path.startsWith(`${place}/`);

Deno.test("every file of tests is in one part", () => {
  const tests = filesBelow(`${ROOT}tests`).map((path) => `tests/${path}`)
    .filter((path) => path.endsWith("_test.ts"));
  const parts = partsOf(ROOT).filter(({ args }) => !args.includes("--doc"));
  assert.ok(tests.length > 200);
  for (const path of tests) {
    const having = parts.filter(({ args }) => args.some((place) => isOf(path, place)));
    assert.equal(having.length, 1, path);
  }
});

Deno.test("every example of a page or a doc comment is in the part of the examples", () => {
  const [{ args } = { args: [] }] = partsOf(ROOT).filter(({ args }) => args.includes("--doc"));
  const isDocumentation = /\.md$|^(lib|experiments)\/.*\.ts$|^(mod|cli)\.ts$/;
  const written = filesBelow(ROOT, (name) => LEFT.includes(name))
    .filter((path) => isDocumentation.test(path))
    .filter((path) => /^(\/\/|[ *])*```(ts|typescript)$/m.test(Deno.readTextFileSync(ROOT + path)));
  assert.ok(written.length > 20);
  for (const path of written) assert.ok(args.some((place) => isOf(path, place)), path);
});

Deno.test("the counts are those of Deno's last line, steps included", () => {
  const counted = countsIn(
    "ok | 1 passed | 9 failed\n\n\x1b[31mFAILED\x1b[0m | 1732 passed (106 steps) | 4 failed (1 step) | 6 ignored \x1b[38;5;245m(15m9s)\x1b[0m\n\nerror: Test failed\n",
  );
  assert.deepEqual(counted, { passed: 1732, steps: 107, failures: 4, ignored: 6 });
  const whole = countsIn("running 2 tests\nok | 2 passed | 0 failed (3ms)\n");
  assert.deepEqual(whole, { passed: 2, steps: 0, failures: 0, ignored: 0 });
  const both = { passed: 1734, steps: 107, failures: 4, ignored: 6 };
  assert.deepEqual(total([counted, whole]), both);
  assert.deepEqual(countsIn("error: Module not found"), {
    ...{ passed: 0, steps: 0, failures: 0, ignored: 0 },
  });
});
