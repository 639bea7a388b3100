import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { environment, executionInWords, revisionOf } from "../../lib/system/environment.ts";

function git(folder: string, ...args: string[]) {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
  const { success, stdout } = new Deno.Command("git", {
    args: ["-C", folder, ...identity, ...args],
    stderr: "null",
  }).outputSync();
  assert.ok(success, args.join(" "));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("versions and the machine are known without TensorFlow", () => {
  const { verydeep, deno, tfjsNode, tensorflow, machine } = environment();
  assert.equal(verydeep, project.version);
  assert.equal(deno, Deno.version.deno);
  assert.match(tfjsNode, /^\d+\.\d+\.\d+$/);
  assert.equal(tensorflow, undefined);
  assert.equal(environment("2.21.0").tensorflow, "2.21.0");
  assert.ok(machine.cores >= 1 && machine.memory > 0 && machine.os.includes(Deno.build.os));
  assert.notEqual(machine.cpu, "");
});

Deno.test("a commit is named, and whether files differ from it", () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    git(folder, "init", "--quiet");
    assert.equal(revisionOf(folder), undefined); // nothing is committed
    Deno.writeTextFileSync(`${folder}/.gitignore`, "ignored\n");
    git(folder, "add", ".");
    git(folder, "commit", "--quiet", "--message", "first");
    const commit = git(folder, "rev-parse", "HEAD");
    assert.match(commit, /^[0-9a-f]{40}$/);
    assert.deepEqual(revisionOf(folder), { commit, dirty: false });
    Deno.writeTextFileSync(`${folder}/ignored`, "");
    assert.deepEqual(revisionOf(folder), { commit, dirty: false });
    Deno.writeTextFileSync(`${folder}/new`, "");
    assert.deepEqual(revisionOf(folder), { commit, dirty: true });
    // A copy of the source inside another repository is not at that one's commit.
    Deno.mkdirSync(`${folder}/copy`);
    assert.equal(revisionOf(`${folder}/copy`), undefined);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a execution in words: when, how long, on what, with what", () => {
  const machine = { os: "Debian 13, linux 6.1, x86_64", cpu: "AMD EPYC", cores: 2, memory: 23.5 };
  const execution = {
    ...{ verydeep: "0.1.0", deno: "2.9.6", tensorflow: "2.21.0", tfjsNode: "4.22.0" },
    machine: { ...machine, gpus: [] },
    git: { commit: "0123456789abcdef0123456789abcdef01234567", dirty: true },
    ...{ device: "cpu", precision: "bfloat16", threads: 1, towers: 2 } as const,
    started: "2026-01-31T12:00:00.123Z",
  };
  const sentence = executionInWords({ ...execution, seconds: 61.2 });
  assert.equal(
    sentence,
    "carried out 2026-01-31 12:00:00 UTC, took 1:02; AMD EPYC, 2 cores, 24 GiB: CPU, bfloat16, " +
      "1 thread an operation, 2 towers; Debian 13, linux 6.1, x86_64; verydeep 0.1.0 (commit " +
      "0123456789ab, with changes), Deno 2.9.6, TensorFlow 2.21.0, tfjs-node 4.22.0",
  );
  assert.match(executionInWords(execution), /UTC, no end recorded;/);
  const gpu = { name: "NVIDIA A2", memory: 16 * 2 ** 30, capability: 8.6, driver: "550.54.15" };
  const onGpu = { ...execution, ...{ device: "gpu", gpu, towers: 1, microBatch: 32 } as const };
  assert.match(
    executionInWords(onGpu),
    /: NVIDIA A2, 16 GiB, driver 550\.54\.15, bfloat16, 1 thread an operation, 32 images at once;/,
  );
  const gpuUse = { utilisation: 92.6, memory: 40 * 2 ** 30, power: 400, energy: 0.2, samples: 9 };
  assert.match(
    executionInWords({ ...onGpu, gpuUse }),
    /, 32 images at once, 93 % busy, 40\.0 GiB in use, 0\.200 kWh;/,
  );
  assert.match(
    executionInWords({ ...onGpu, gpus: 4, towers: 4 }),
    /: 4 x NVIDIA A2, 16 GiB each, driver 550\.54\.15, bfloat16, .* 4 towers, 32 images at once;/,
  );
});
