/** The sweep finds what it is for: programs with a defect each. `deno task faults` sweeps the project. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inFolder } from "../support/in_store.ts";
import { TEST_FLAGS } from "../support/tasks.ts";
import { callsIn } from "./calls.ts";
import {
  type Case,
  caseInWords,
  caseOf,
  casesOf,
  type FaultName,
  FAULTS,
  sampled,
  sampledPhases,
} from "./cases.ts";
import { type CallName, variablesOf } from "./library.ts";
import { type Phase, PHASES } from "./phases.ts";
import { Laboratory, tryAll } from "./sweep.ts";

const PROGRAM = fileURLToPath(new URL("planted.ts", import.meta.url));

/** The program with a defect as a phase. */
function planted(defect: string): Phase {
  return {
    name: "planted",
    start: {
      name: "source",
      change: (folder) => Deno.writeTextFileSync(`${folder}/source.txt`, "0.125\n"),
    },
    command: (
      folder,
    ) => [Deno.execPath(), "run", ...TEST_FLAGS, "--no-check", PROGRAM, folder, defect],
  };
}

/** What is wrong with some cases of the program. */
async function wrongWith(defect: string, isTried: (one: Case) => boolean, patience?: number) {
  if (await variablesOf({}) === undefined) return undefined; // no compiler, which was told
  const wrong: string[] = [];
  await inFolder(async (folder) => {
    const laboratory = new Laboratory(folder, patience);
    const rehearsed = await laboratory.rehearse(planted(defect));
    const cases = casesOf("planted", rehearsed.calls).filter(isTried);
    assert.notEqual(cases.length, 0);
    const how = { laboratory, rehearsed: new Map([["planted", rehearsed]]), atOnce: 2 };
    for await (const verdict of tryAll(cases, how)) {
      assert.ok(verdict.isHit, caseInWords(verdict.one));
      if (verdict.wrong !== undefined) wrong.push(verdict.wrong);
    }
  });
  return wrong;
}

/** Defects, a case that each fails, and what is found then. */
const DEFECTS: readonly {
  readonly defect: string;
  readonly at: readonly [FaultName, CallName];
  readonly found: RegExp;
  readonly patience?: number;
}[] = [
  {
    defect: "writes without a rename",
    at: ["kill-after", "write"],
    found: /^run again, out\/result\.csv is another$/,
  },
  {
    defect: "ignores a failed flush",
    at: ["EIO", "fsync"],
    found: /^does not say that out\/result\.csv\.UUID\.part could not be flushed$/,
  },
  {
    defect: "waits for ever for a folder",
    at: ["ENOSPC", "mkdir"],
    found: /^does not end within \d+ s$/,
    patience: 3,
  },
  {
    defect: "leaves a draft",
    at: ["EDQUOT", "fsync"],
    found: /^run again, out\/result\.csv\.UUID\.part is left$/,
  },
  {
    defect: "believes that what it cannot read is empty",
    at: ["EIO", "read"],
    found: /^ends with 0 and does not name source\.txt, although out\/result\.csv is another$/,
  },
  {
    defect: "prints its stack",
    at: ["EROFS", "rename"],
    found: /^crashes: .*UserError/,
  },
  {
    defect: "names no file",
    at: ["EIO", "create"],
    found: /^does not name out\/result\.csv.*: error: it did not work/,
  },
  {
    defect: "has an exit code of its own",
    at: ["ENOSPC", "write"],
    found: /^ends with 3: error: /,
  },
];

for (const { defect, at: [fault, call], found, patience } of DEFECTS) {
  Deno.test(`a program that ${defect} is found`, async () => {
    const wrong = await wrongWith(
      defect,
      (one) => one.fault === fault && one.call.name === call,
      patience,
    );
    if (wrong) assert.ok(wrong.some((what) => found.test(what)), wrong.join("\n"));
  });
}

Deno.test("nothing is found in a sound program", async () => {
  const wrong = await wrongWith("none", ({ fault, call }) => {
    return DEFECTS.some(({ at }) => at[0] === fault && at[1] === call.name);
  });
  if (wrong) assert.deepEqual(wrong, []);
});

Deno.test("calls have the same names in every run, and cases can be read again", () => {
  const trace = (id: string) =>
    [
      "create\t/folder/results/smoke-batch=2/train/A-256-0123456789ab/log.jsonl",
      `write\t/folder/results/smoke-batch=2/all.csv.${id}.part`,
      `write\t/folder/results/smoke-batch=2/all.csv.${id}.part`,
      "list\t/folder",
      "",
    ].join("\n");
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const calls = callsIn(trace(one), "/folder");
  assert.deepEqual(calls, callsIn(trace(other), "/folder"));
  assert.deepEqual(calls.map(({ place, number }) => [place, number]), [
    ["results/*/train/A-256-0123456789ab/log.jsonl", 1],
    ["results/*/all.csv.UUID.part", 1],
    ["results/*/all.csv.UUID.part", 2],
    [".", 1],
  ]);
  for (const one of casesOf("plan", calls)) {
    assert.deepEqual(caseOf(caseInWords(one).replaceAll("'", "").split(" ")), one);
  }
});

Deno.test("each case is in one sample, and samples are about as large as asked", () => {
  const calls = Array.from({ length: 60 }, (_, i) => {
    return { name: "write", place: "all.csv", number: i + 1 } as const;
  });
  const cases = casesOf("plan", calls);
  assert.equal(
    cases.length,
    60 * Object.values(FAULTS).filter(({ at }) => {
      return (at as readonly CallName[]).includes("write");
    }).length,
  );
  const samples = Map.groupBy(
    Array.from({ length: 100 }, (_, i) => sampled(cases, 48, `commit ${i}`)),
    (sample) => caseInWords(sample[0]!),
  );
  assert.equal(samples.size, 10);
  const sizes = [...samples.values()].map(([sample]) => sample!.length);
  assert.equal(sizes.reduce((sum, size) => sum + size), cases.length);
  assert.ok(sizes.every((size) => size > 20 && size < 65), sizes.join());
});

Deno.test("samples come to every phase, a few at a time", () => {
  const names = PHASES.map(({ name }) => name);
  const samples = Array.from({ length: 100 }, (_, i) => sampledPhases(names, `commit ${i}`));
  assert.deepEqual(new Set(samples.flat()), new Set(names));
  assert.ok(samples.every(({ length }) => length > 0 && length <= 3));
});
