import assert from "node:assert/strict";
import { examine } from "../../lib/commands/claims.ts";
import { readCommandLine, resolveOptions } from "../../lib/command_line/options.ts";
import { UsageError } from "../../lib/errors.ts";

const ROW = /^claim,section,claim_status,/;

/** Runs `claims` on an empty store of the smoke setup. */
async function claims(...words: string[]) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const { log, error } = console;
  let out = "";
  try {
    const args = ["--setup", "smoke", "--format", "csv", "--data", folder, "--results", folder];
    const takes = ["setup", "format", "data", "results"] as const;
    const options = resolveOptions(readCommandLine(args), { command: "claims", takes });
    console.log = (text: string) => out += `${text}\n`;
    console.error = () => {};
    const code = await examine(words, options);
    const files = [...Deno.readDirSync(folder)].flatMap(({ name }) =>
      [...Deno.readDirSync(`${folder}/${name}`)].map((file) => `${name}/${file.name}`)
    );
    return { code, lines: out.trimEnd().split("\n"), files: files.sort() };
  } finally {
    Object.assign(console, { log, error });
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("all claims: nothing is measured, nothing decided, and files say so", async () => {
  const { code, lines: [header, ...lines], files } = await claims();
  assert.equal(code, 0);
  assert.match(header!, ROW);
  assert.equal(lines.length, 48); // pairs of rows
  for (const line of lines) {
    assert.match(line, /,undecided,.*needs deno task (table[3-6]|filter-size|initialisation)/);
  }
  assert.deepEqual(files, ["smoke/claims.csv", "smoke/claims.md", "smoke/claims.tex"]);
});

Deno.test("some claims are printed alone, and files of all are left as they are", async () => {
  const { lines, files } = await claims("fusion", "lrn");
  assert.deepEqual(lines.map((line) => line.split(",")[0]), [
    ...["claim", "fusion", "fusion", "fusion", "fusion", "fusion", "fusion", "lrn"],
  ]);
  assert.deepEqual(files, []);
});

Deno.test("a claim that the paper does not make is refused", async () => {
  await assert.rejects(claims("lnr"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^There is no claim "lnr": the claims are lrn, .*mean "lrn"\?$/);
    return true;
  });
});
