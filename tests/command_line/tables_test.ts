/** Tables in files of the user's own, by every command that takes the name of a table. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { flagsOf } from "../support/tasks.ts";
import { TINY, tinyFolder } from "../support/command_sandbox.ts";

type Task = Parameters<typeof flagsOf>[0];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const MINE = `import { evaluations, net, table3, type Table } from "verydeep";

const A = net("A", 256);
const mine: Table = {
  name: "mine",
  caption: "Net A at other scales",
  headings: ["config", "Q"],
  rows: [
    { evaluations: evaluations(A, [256], "dense") },
    { evaluations: evaluations(A, [256, 288], "dense") },
  ],
  columns: ["top1", "difference", "p"],
  baseline: 1,
};
export default mine;
export const claims = [{
  name: "scales-help",
  section: "mine",
  sentence: "two scales are better than one",
  relation: "lower",
  pairs: [{ first: mine.rows[1], second: table3.rows[0] }],
  varies: ["Q"],
}];
`;

/** A folder outside the project, in which a user stands and has a table. */
class Desk implements Disposable {
  readonly folder = tinyFolder();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(`${this.folder}/tables`, { recursive: true });
      Deno.writeTextFileSync(`${this.folder}/${name}`, text);
    }
  }

  /** Runs a task with its own permissions. */
  async run(task: Task, ...words: string[]) {
    const store = task === "verify"
      ? []
      : ["--setup", "smoke", "--dataset", "folder", "--set", TINY, "--data", this.folder];
    const results = task === "verify" ? [] : ["--results", `${this.folder}/results`];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flagsOf(task), "cli.ts", task, ...words, ...store, ...results],
      ...{ cwd: ROOT, env: { INIT_CWD: this.folder, NO_COLOR: "1" } },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  }

  /** What a task prints; it must succeed. */
  async printed(task: Task, ...words: string[]): Promise<string> {
    const { code, out, err } = await this.run(task, ...words);
    assert.equal(code, 0, `${task} ${words.join(" ")}: ${err}`);
    return out;
  }

  [Symbol.dispose]() {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("a table in a file outside the project is carried out, and every command takes it", async () => {
  using desk = new Desk({ "mine.ts": MINE });
  const table = await desk.printed("table", "./mine.ts", "--include-at-chance");
  assert.match(table, /^Net A at other scales\n/);
  assert.match(table, /│ +measured, % +│ +against row 1 +│/);
  // the first row is the baseline, the second has a difference
  assert.match(table, /│ A +│ +256 │ +\d+\.\d │ +– │ +– │/);
  assert.match(table, /│ +256 288 │ +\d+\.\d │ [+-]?\d+\.\d \[/);

  const states = JSON.parse(await desk.printed("status", "mine.ts", "--format", "json"));
  assert.deepEqual(states.map(({ run, state }: Record<string, string>) => `${run}: ${state}`), [
    ...["train A 256: done", "test A 256 at Q = 256, dense: done"],
    "test A 256 at Q = 288, dense: done",
  ]);
  // the paper's tables use the same runs
  const shared = JSON.parse(await desk.printed("plan", "table3", "--format", "json"));
  const done = shared.filter(({ state }: { state: string }) => state === "done");
  assert.deepEqual(done.map(({ run }: { run: string }) => run), [
    ...["train A 256", "test A 256 at Q = 256, dense"],
  ]);

  const records = JSON.parse(
    await desk.printed("report", "./mine.ts", "--include-at-chance", "--format", "json"),
  );
  assert.deepEqual([records[1].table, records[1].baseline], ["mine", 1]);
  assert.equal(typeof records[1].difference, "number");
  assert.match(await desk.printed("why", "./mine.ts/2"), /made by deno task table \.\/mine\.ts /);
  assert.match(await desk.printed("why", "mine.ts/mine/A/256"), /^mine, row 1: A, 256$/m);
  const claims = await desk.printed("claims", "./mine.ts", "--include-at-chance");
  assert.match(claims, /scales-help \(mine\)/);
  assert.doesNotMatch(claims, /needs/);

  await desk.printed("bundle", "mine.zip", "./mine.ts");
  const alone = await desk.printed("verify", `${desk.folder}/mine.zip`);
  assert.match(alone, /table "mine" is not one of this version's/);
  const beside = await desk.printed("verify", `${desk.folder}/mine.zip`, "./mine.ts");
  assert.doesNotMatch(beside, /table "mine" is not one/);
  assert.match(beside, /\d+ cells of 1 table agree/);
  Deno.writeTextFileSync(`${desk.folder}/mine.ts`, MINE.replace("[256, 288]", "[256, 320]"));
  const changed = await desk.run("verify", `${desk.folder}/mine.zip`, "./mine.ts");
  assert.equal(changed.code, 1);
  assert.match(changed.out, /mine row 2 has other evaluations/);
});

Deno.test("jobs of a cluster name a file by its whole path; its runs are found by their keys", async () => {
  using desk = new Desk({ "my tables.ts": MINE });
  const jobs = JSON.parse(
    await desk.printed(
      ...["table", "./my tables.ts", "--executor", "slurm"] as const,
      ...["--dry-run", "--format", "json"],
    ),
  );
  const { script } = jobs.at(-1);
  assert.ok(script.includes(` report '${desk.folder}/my tables.ts' --setup`), script);
});

Deno.test("several files and folders are one plan; what is no table is said", async () => {
  const other = MINE.replaceAll('"mine"', '"other"').replace("[256, 288]", "[256, 320]");
  using desk = new Desk({
    "mine.ts": MINE,
    "tables/other.ts": other,
    "tables/settings.json": '{"a": 1}',
  });
  const { out, err } = await desk.run("plan", "mine.ts", "tables", "table3", "--format", "json");
  const runs = JSON.parse(out).map(({ run }: { run: string }) => run);
  assert.ok(runs.includes("test A 256 at Q = 288, dense"));
  assert.ok(runs.includes("test A 256 at Q = 320, dense"));
  assert.ok(runs.includes("test E [256;512] at Q = 384, dense"));
  assert.match(err, /note: no table in "settings\.json"/);
});

/** Words that name no tables, and what is said of them. */
const REFUSED: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [["tabel3"], /^error: There is no table "tabel3".*Did you mean "table3"\?$/m],
  [
    ["mine"],
    /^error: There is no table "mine".*A table of your own is a file, as in \.\/mine\.ts/m,
  ],
  [["./nowhere.ts"], /^error: Cannot read tables from "\.\/nowhere\.ts": there is no such file$/m],
  [["./nowhere/at/all"], /"\.\/nowhere\/at\/all": there is no such file or folder$/m],
  [["tables"], /"tables": no \.ts, \.js or \.json file in it has a table$/m],
  [["table1"], /table1 needs no runs/],
  [["nothing.ts"], /"nothing\.ts": it exports no table; end it with: export default/],
  [["mine.ts", "copy.ts"], /Two tables are called "mine", in "mine\.ts" and "copy\.ts"/],
];

Deno.test("words that name no tables are refused before any work", async () => {
  using desk = new Desk({ "mine.ts": MINE, "copy.ts": MINE, "nothing.ts": "export const x = 1;" });
  for (const [words, message] of REFUSED) {
    const { code, out, err } = await desk.run("table", ...words);
    assert.ok(code === 1 || code === 2, `${words}: ${code}`);
    assert.equal(out, "");
    assert.match(err, message);
    assert.doesNotMatch(err, /\n +at /);
  }
});
