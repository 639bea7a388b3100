/** The first table of a fresh clone: its data is drawn while TensorFlow is installed. */
import assert from "node:assert/strict";
import { cpSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { printed } from "./support/processes.ts";
import { flagsOf } from "./support/tasks.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A clone without TensorFlow, with an empty cache, and a Python whose pip does what `download` says. */
class FreshClone implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  readonly cache = `${this.folder}/cache`;
  readonly data = `${this.folder}/data`;
  /** Where pip writes its process. */
  readonly pip = `${this.folder}/pip.pid`;

  constructor() {
    for (const name of ["cli.ts", "deno.json", "deno.lock", "lib", "experiments"]) {
      cpSync(`${ROOT}${name}`, `${this.folder}/${name}`, { recursive: true });
    }
  }

  table3(download: string, data = this.data) {
    const python = `${this.folder}/python`;
    const script = `#!/bin/sh
      [ "$3" = download ] || { echo pip 25.0; exit; }
      echo $$ > "${this.pip}"
      ${download}`;
    Deno.writeTextFileSync(python, script, { mode: 0o755 });
    return new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", ...flagsOf("table3"), "cli.ts", "table3", "--data", data],
        ...["--results", `${this.folder}/results`],
      ],
      cwd: this.folder,
      env: { VERYDEEP_CACHE: this.cache, PYTHON: python, NO_COLOR: "1" },
      ...{ stdin: "null", stdout: "null", stderr: "piped" },
    }).spawn();
  }

  /** What the cache and the data folder hold. */
  get left(): string[] {
    return [this.cache, this.data].flatMap((folder) => (
      [...Deno.readDirSync(folder)].map(({ name }) => name)
    ));
  }

  /** Whether pip runs, as Linux tells. */
  isPipAlive(): boolean {
    if (!isWritten(this.pip)) return false;
    const status = printed("cat", `/proc/${Deno.readTextFileSync(this.pip).trim()}/status`);
    return /^State:\s*[^Z\s]/m.test(status);
  }

  [Symbol.dispose]() {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The exit code of a program and the lines of its standard error that are not progress. */
async function ending(program: Deno.ChildProcess) {
  const { code, stderr } = await program.output();
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  return {
    code,
    lines: lines.filter((line) => !/^(Drawing scenes|install TensorFlow): /.test(line)),
  };
}

/** Whether a file exists and has content. */
const isWritten = (file: string) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;

Deno.test("data is drawn while TensorFlow is fetched, and stops when that fails", async () => {
  using clone = new FreshClone();
  const drawn = `"${clone.data}"/scenes-*.unfinished/*/*/*.jpg`;
  const finished = `"${clone.data}"/scenes-20x1000-10000-v1`;
  const fetching = `until ls ${drawn} ${finished} 2> /dev/null | grep -q .; do sleep 0.05; done`;
  const { code, lines } = await ending(
    clone.table3(`${fetching}; echo ERROR: no mirror >&2; exit 1`),
  );
  assert.deepEqual(lines, [
    "error: Cannot download tensorflow-cpu==2.21.0: no mirror; check the network, or pip's " +
    "settings for a mirror",
  ]);
  assert.equal(code, 1);
  assert.deepEqual(clone.left, ["lock", "scenes-20x1000-10000-v1.unfinished"]);
});

Deno.test("TensorFlow is no longer fetched when the data cannot be drawn", async () => {
  using clone = new FreshClone();
  const file = `${clone.folder}/file`;
  Deno.writeTextFileSync(file, "");
  const { code, lines } = await ending(clone.table3("exec sleep 1000", `${file}/data`));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^error: Cannot write ".*\/file\/data\/scenes-.*--data DIR$/);
  assert.equal(code, 1);
  assert.equal(clone.isPipAlive(), false);
  assert.deepEqual([...Deno.readDirSync(clone.cache)].map(({ name }) => name), ["lock"]);
});

Deno.test("a signal ends the installation and the drawing; both can be continued", async () => {
  using clone = new FreshClone();
  const program = clone.table3("exec sleep 1000");
  while (!isWritten(clone.pip)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(clone.isPipAlive(), true);
  program.kill("SIGTERM");
  assert.deepEqual(await ending(program), {
    code: 143,
    lines: ["Stopped. The same command continues from here."],
  });
  assert.equal(clone.isPipAlive(), false);
  assert.deepEqual(clone.left.filter((name) => /new$|v1$/.test(name)), []);
});
