/** Files that cannot be read, for whole commands: one line that names the file, and no work lost. */
import assert from "node:assert/strict";
import { DATA, outcome, start, storeIn } from "../support/commands.ts";
import type { Fault } from "../support/faults.ts";
import { withFault } from "../support/faults.ts";
import { inFolder } from "../support/in_store.ts";
import { tinyFolder } from "../support/command_sandbox.ts";
import { commandLine } from "../support/tasks.ts";

const SHORT = `${DATA},schedules.first.images=320,validations=2`;
const NET = ["--config", "A", "--S", "256", "--set", SHORT];
const BUNDLE = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
const TEST = ["evaluate", ...NET, "--Q", "256"];

/** Commands on a store that is whole but for a fault; what they say, and their exit code. */
const CASES: readonly {
  readonly fault: Fault;
  readonly command: readonly string[];
  readonly code: number;
  readonly says: RegExp;
}[] = [
  {
    fault: { call: "open", path: "posteriors.safetensors", error: "ESTALE" },
    command: TEST,
    code: 1,
    says:
      /^error: Cannot read ".*posteriors\.safetensors": Stale file handle; check its permissions/m,
  },
  {
    fault: { call: "read", path: "weights.safetensors", error: "EIO" },
    command: ["evaluate", ...NET, "--Q", "224"],
    code: 1,
    says:
      /^error: Cannot read ".*weights\.safetensors": Input\/output error; check its permissions/m,
  },
  {
    fault: { call: "open", path: "posteriors.safetensors", error: "EACCES" },
    command: ["status", "--set", SHORT],
    code: 0,
    says: /^test A 256 at Q = 256, dense: Cannot read ".*": Permission denied; check its/m,
  },
  {
    fault: { call: "read", path: "log.jsonl", error: "EIO" },
    command: ["report", "table3", "--set", SHORT],
    code: 0,
    says: /^Row 1 left out: Cannot read "train\/A-256-\S+log\.jsonl"/m,
  },
  {
    fault: { call: "read", path: ".jpg", error: "EIO" },
    command: ["evaluate", ...NET, "--Q", "288"],
    code: 1,
    says:
      /^error: Cannot read ".*\.jpg": Input\/output error; check its permissions and its disk$/m,
  },
  {
    fault: { call: "create", path: "verydeep-graph", error: "ENOSPC" },
    command: ["evaluate", ...NET, "--Q", "320"],
    code: 1,
    says: /^error: Cannot write a temporary file: No space left on device; .* TMPDIR$/m,
  },
  {
    fault: { call: "stat", path: "libtensorflow_cc.so", error: "EACCES" },
    command: ["evaluate", ...NET, "--Q", "320"],
    code: 1,
    says:
      /^error: Cannot use ".*libtensorflow_cc.*": it is a link .* VERYDEEP_CACHE=DIR deno task/m,
  },
  {
    // what is done needs no TensorFlow
    fault: { call: "stat", path: "libtensorflow_cc.so", error: "EACCES" },
    ...{ command: TEST, code: 0, says: /top-1/m },
  },
  {
    fault: { call: "stat", path: "libtensorflow_cc.so", error: "EACCES" },
    command: ["bundle", `${BUNDLE}/made.zip`, "table3", "--set", SHORT],
    code: 0,
    says: /^written: .*made\.zip$/m,
  },
  {
    // another user's folder of results, which may only be read
    fault: { call: "create", path: "table3.csv", error: "EACCES" },
    command: ["report", "table3", "--set", SHORT],
    code: 0,
    says: /^warning: Cannot write\s"[^"]*table3\.csv":\sPermission denied: this file and/m,
  },
  {
    fault: { call: "create", path: "table3.csv", error: "ENOSPC" },
    command: ["report", "table3", "--set", SHORT],
    code: 1,
    says: /^error: Cannot write ".*table3\.csv": No space left on device; free some space/m,
  },
];

Deno.test("a contact sheet that cannot be written is reported, and the data set is still listed", () =>
  inFolder((folder) =>
    withFault({ call: "create", path: ".png", error: "EDQUOT" }, async (env) => {
      const pictures = tinyFolder(`${folder}/pictures`);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...commandLine("data", "folder"),
          ...["--setup", "smoke", "--data", pictures],
        ],
        env,
        cwd: new URL("../../", import.meta.url),
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, err!);
      assert.match(
        err!,
        /^warning: no contact sheet: Cannot write ".*\.png": Disk quota exceeded; /,
      );
      assert.match(out!, /^folder: 2 classes, 12 training and 6 validation images$/m);
      assert.match(out!, /^contact sheet +not written$/m);
    })
  ));

Deno.test("commands name an unreadable file, and rename nothing to *.damaged", () =>
  inFolder(async (folder) => {
    const made = await outcome(start(folder, TEST, { stdout: "piped" }));
    assert.equal(made.code, 0, made.err);
    for (const { fault, command, code, says } of CASES) {
      await withFault(fault, async (env) => {
        const found = await outcome(start(folder, command, { stdout: "piped", env }));
        const text = found.out + found.err;
        assert.equal(found.code, code, text);
        assert.match(text, says);
        assert.doesNotMatch(text, /defect|^ +at /m);
      });
    }
    const store = await storeIn(folder, () => true);
    const states = store.runs().filter(({ run }) => "method" in run === false || run.Q === 256)
      .map((run) => [store.status(run).state, store.damage(run)]);
    assert.deepEqual(states, [["done", undefined], ["done", undefined]]);
    Deno.removeSync(BUNDLE, { recursive: true });
  }));
