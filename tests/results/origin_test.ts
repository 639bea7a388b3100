import assert from "node:assert/strict";
import { originOfRuns } from "../../lib/results/origin.ts";

const MACHINE = { cpu: "AMD EPYC 9R14", cores: 2, memory: 23.6, gpus: [], os: "Debian" };
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

Deno.test("machines and commits each once, in the order of the executions", () => {
  const git = { commit: COMMIT, dirty: false };
  assert.deepEqual(
    originOfRuns([
      { machine: MACHINE, git },
      { machine: MACHINE, git: { ...git, dirty: true } },
      { machine: { ...MACHINE, gpus: ["NVIDIA H200"] } },
      { machine: MACHINE, git },
    ]),
    {
      machines: ["AMD EPYC 9R14, 2 cores, 24 GiB", "AMD EPYC 9R14, 2 cores, 24 GiB, NVIDIA H200"],
      commits: ["0123456789ab", "0123456789ab+"],
    },
  );
});

Deno.test("a stranger's records are no records, or names of one line and 100 letters at most", () => {
  const strange: unknown[] = [
    ...[null, "text", [], {}, { machine: null }, { machine: { ...MACHINE, cpu: 7 } }],
    ...[{ machine: { ...MACHINE, cores: Infinity } }, { machine: { ...MACHINE, cores: 1e400 } }],
    { machine: { ...MACHINE, gpus: Array(2000).fill("GPU") } },
    { machine: MACHINE, git: { commit: "\x1b[2J", dirty: false } },
    { machine: MACHINE, git: "main" },
  ];
  assert.deepEqual(originOfRuns(strange), { machines: [], commits: [] });
  const cpu = `\x1b[31m\u202eCPU\n\u2028${"x".repeat(1e6)}`;
  const { machines: [machine] } = originOfRuns([{ machine: { ...MACHINE, cpu } }]);
  assert.match(machine!, /^\ufffd\[31m\ufffdCPU\ufffd\ufffdx+, 2 cores, 24 GiB$/);
  assert.ok(machine!.length < 130);
});
