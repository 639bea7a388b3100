import assert from "node:assert/strict";
import { CATALOGUE } from "../lib/command_line/catalogue.ts";
import { refusalIn } from "../lib/commands/main.ts";
import project from "../deno.json" with { type: "json" };
import { commandLine, flagsOf } from "./support/tasks.ts";

const ROOT = new URL("../", import.meta.url);

/** Runs the command line as a user does, from the project's folder and as its task. */
async function cli(...args: string[]) {
  const { code, stdout, stderr } = await deno(...commandLine(...args));
  // Deno itself speaks where two of its processes start at once.
  const own = stderr.replace(/^Blocking waiting for file lock on .*\n/gm, "");
  return { code, out: stdout, err: own.trimEnd() };
}

async function deno(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", INIT_CWD: "" },
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("table1 prints the paper's Table 1", async () => {
  const { code, out } = await cli("table1");
  assert.equal(code, 0);
  const lines = out.split("\n");
  const row = (line: string) => line.split("│").slice(1, -1).map((cell) => cell.trim());
  assert.deepEqual(row(lines[2]!), ["A", "A-LRN", "B", "C", "D", "E"]);
  assert.equal(lines.filter((line) => line.includes("maxpool")).length, 5);
  const bodies = lines.map(row).filter((cells) => cells.length === 6);
  const layers = (column: number) =>
    bodies.slice(3).map((cells) => cells[column]).filter((cell) => cell !== "");
  assert.deepEqual(layers(1).slice(0, 2), ["conv3-64", "LRN"]);
  // C: 13 convs, the last of the last three blocks of size 1.
  assert.deepEqual(
    layers(3).join(" "),
    "conv3-64 conv3-64 conv3-128 conv3-128 conv3-256 conv3-256 conv1-256 " +
      "conv3-512 conv3-512 conv1-512 conv3-512 conv3-512 conv1-512",
  );
  assert.equal(layers(5).length, 16);
  const across = lines.map(row).filter((cells) => cells.length === 1).flat();
  assert.deepEqual(across, [
    "input (224 × 224 RGB image)",
    ...Array(5).fill("maxpool"),
    "FC-4096",
    "FC-4096",
    "FC-1000",
    "soft-max",
  ]);
});

Deno.test("table1 --format csv has every layer with weights, and their sum is Table 2", async () => {
  const { out } = await cli("table1", "--format", "csv");
  const [header, ...lines] = out.trimEnd().split("\n");
  assert.equal(header, "table,config,layer,name,kernel,inputs,outputs,parameters");
  assert.equal(lines.length, 11 + 11 + 13 + 16 + 16 + 19);
  assert.ok(lines.includes("table1,C,conv3_3,conv1-256,1,256,256,65792")); // 256 * 256 + 256
  const sum = lines.filter((line) => line.startsWith("table1,E,"))
    .reduce((total, line) => total + Number(line.split(",").at(-1)), 0);
  assert.equal(sum, 143_667_240);
});

Deno.test("table2 prints counted beside published numbers in every format", async () => {
  const [table, markdown, json] = await Promise.all([
    cli("table2"),
    cli("table2", "--format", "markdown"),
    cli("table2", "--format", "json"),
  ]);
  assert.match(table.out, /│ D +│ 138,357,544 │ +138 │ +138 │/);
  assert.match(markdown.out, /\| E +\| 143,667,240 \| +144 \| +144 \|/);
  assert.deepEqual(JSON.parse(json.out)[3], {
    table: "table2",
    config: "C",
    parameters: 133_638_952,
    millions: 134,
    paper_millions: 134,
  });
});

Deno.test("no command gives an overview and says by its code that something is missing", async () => {
  const [bare, asked] = await Promise.all([cli(), cli("--help")]);
  assert.equal(bare.code, 2);
  assert.equal(asked.code, 0);
  assert.equal(bare.out, asked.out);
  for (const [name, { summary }] of Object.entries(CATALOGUE)) {
    const listed = bare.out.includes(`${name} `) && bare.out.includes(summary);
    assert.ok(listed, name);
  }
});

Deno.test("--version names the version", async () => {
  const { out } = await cli("--version");
  assert.equal(out, `verydeep ${project.version}\n`);
  assert.match(out, /^verydeep \d+\.\d+\.\d+$/m);
});

Deno.test("help names usage, options and examples", async () => {
  for (
    const name of [
      "table1",
      "table2",
      "table3",
      "table6",
      "filter-size",
      "reproduce-all",
      "report",
      "train",
      "evaluate",
      "fuse",
      "why",
      "diff",
      "bundle",
      "verify",
    ] as const
  ) {
    const { code, out } = await cli(name, "--help");
    assert.equal(code, 0);
    assert.match(out, new RegExp(`Usage: deno task ${name}`));
    for (const option of CATALOGUE[name]!.takes) assert.ok(out.includes(`--${option} `), option);
    assert.match(out, /Examples:\n {2}deno task/);
    assert.deepEqual(out.split("\n").filter((line) => line.length > 80), []);
  }
});

Deno.test("misuse is answered in a sentence, with code 2 and nothing on standard output", async () => {
  const cases: [string[], string][] = [
    [["tabel3"], 'There is no command "tabel3": the commands are table1, '],
    [["table3", "--seds", "3"], 'There is no option --seds. Did you mean "--seeds"?'],
    [["table3", "--seeds", "0"], '--seeds is a whole number from 1 to 10000, not "0"'],
    [["table1", "--setup", "small"], "table1 takes no --setup; table1 --help says what it takes"],
    [["table3", "small"], 'table3 takes no argument "small"; table3 --help says what it takes'],
    [["plan", "table1"], "table1 needs no runs; print it with: deno task table1"],
    [
      ["report", "tabel3"],
      'There is no table "tabel3": the tables that need runs are table3, table4,',
    ],
    [["train", "--config", "F"], '--config is one of A, A-LRN, B, C, D, E, B-5x5, not "F".'],
    [
      ["evaluate", "--Q", "200"],
      '--Q is a whole number, 224 or more, not "200": the smallest side',
    ],
    [["fuse", "--S", "256"], "fuse takes no --S; fuse --help says what it takes"],
    [["toString"], 'There is no command "toString"'],
  ];
  await Promise.all(cases.map(async ([args, message]) => {
    const { code, out, err } = await cli(...args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(out, "");
    assert.ok(err.startsWith(`error: ${message}`), err);
    assert.ok(!err.includes("    at "), err);
  }));
});

/** TensorFlow, images and plots, and what needs them. */
const HEAVY = /tensorflow|sharp|lib\/datasets|linkedom|@observablehq|lib\/report\/(plots|html)/;

Deno.test("what starts up is light: neither TensorFlow nor images nor plots, nor what needs them", async () => {
  interface Module {
    readonly specifier: string;
    readonly dependencies?: readonly { isDynamic?: boolean; code?: { specifier?: string } }[];
  }
  const tables = [
    ...["table1", "table2", "table", "report"].map((name) => `commands/${name}`),
    "command_line/tables",
  ];
  for (const file of ["cli.ts", ...tables.map((name) => `lib/${name}.ts`)]) {
    const { stdout } = await deno("info", "--json", file);
    const { roots, modules }: { roots: string[]; modules: Module[] } = JSON.parse(stdout);
    const found = new Set(roots);
    for (const specifier of found) {
      const module = modules.find((module) => module.specifier === specifier);
      for (const { isDynamic, code } of module?.dependencies ?? []) {
        if (!isDynamic && code?.specifier) found.add(code.specifier);
      }
    }
    assert.ok(found.has(new URL(file, ROOT).href));
    const heavy = [...found].filter((name) => HEAVY.test(name));
    assert.deepEqual(heavy, [], file);
  }
});

Deno.test("plan and status name every run once, ancestors first", async () => {
  const folder = await Deno.makeTempDir();
  const where = ["--setup", "smoke", "--results", folder, "--format", "csv"];
  const [plan, status] = await Promise.all([cli("plan", ...where), cli("status", ...where)]);
  assert.equal(plan.code, 0, plan.err);
  const [header, ...lines] = plan.out.trimEnd().split("\n");
  assert.equal(header, "run,key,seed,state,multiply_adds,seconds,after");
  assert.equal(lines.length, 13 + 41); // Tables 3 to 7
  const keys = lines.map((line) => line.match(/[0-9a-f]{12}/)![0]);
  assert.equal(new Set(keys).size, 54);
  for (const [index, line] of lines.entries()) {
    const after = line.split(",").at(-1)!;
    if (after !== "") assert.ok(keys.indexOf(after) < index, line);
  }
  // The names of runs and nothing else decides; both commands agree on them.
  assert.deepEqual(
    status.out.trimEnd().split("\n").slice(1).map((line) => line.match(/[0-9a-f]{12}/)![0]),
    keys,
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "the system's own files, which Deno keeps programs from, are no place for results",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const place of ["/dev/null", "/proc/1"]) {
      const args = ["status", "--setup", "smoke", "--results", place];
      const { code, stderr: err } = await deno("run", ...flagsOf("status"), "cli.ts", ...args);
      assert.equal(code, 1);
      assert.match(
        err,
        /error: Cannot use "\/(dev\/null|proc\/1)\/smoke\/store\.json": Deno keeps/,
      );
    }
  },
});

Deno.test({
  name: "output that cannot be written is an error of its place, and a reader that leaves is none",
  ignore: Deno.build.os !== "linux",
  async fn() {
    /** Runs table1 in a shell, with its output at some place. */
    async function into(place: string) {
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", `"$0" "$@" ${place}`, Deno.execPath(), ...commandLine("table1")],
        cwd: ROOT,
        env: { NO_COLOR: "1", INIT_CWD: "" },
      }).output();
      return { code, err: new TextDecoder().decode(stderr).trimEnd() };
    }
    assert.deepEqual(await into("> /dev/full"), {
      code: 1,
      err: "error: Cannot write to standard output: No space left on device; " +
        "send it to another place",
    });
    assert.deepEqual(await into("| true"), { code: 0, err: "" });
    assert.equal((await into("> /dev/full 2> /dev/full")).code, 1);
  },
});

Deno.test("too many open files are a limit of the session, and no defect", () => {
  assert.match(
    refusalIn("Too many open files (os error 24): open '/data/1.jpg'")!,
    /^Too many open files .*; raise the limit of this session, as in ulimit -n 1024$/,
  );
  assert.equal(refusalIn("No such file or directory (os error 2)"), undefined);
});

Deno.test("what a disk refuses is no defect, wherever it was asked for", () => {
  assert.equal(
    refusalIn("Input/output error (os error 5): rename '/data/a' -> '/data/b'"),
    'Cannot rename "/data/a": Input/output error; check its disk, its free space and its permissions',
  );
  assert.match(
    refusalIn("Disk quota exceeded (os error 122): writefile '/data/a b'")!,
    /^Cannot write "\/data\/a b": Disk quota exceeded; /,
  );
  assert.match(
    refusalIn("Read-only file system (os error 30): utime '/data/a'")!,
    /^Cannot use "\/data\/a": Read-only file system; /,
  );
  assert.equal(refusalIn("No such file or directory (os error 2): open '/data/a'"), undefined);
});
