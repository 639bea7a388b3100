/** `doctor`: checks machine, backend, data and results; `doctor resume`: tests restarts. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { machine, machineInWords } from "../system/environment.ts";
import { UsageError, UserError } from "../errors.ts";
import { tooFewAddresses } from "../system/address_space.ts";
import { exists, writeAtomically } from "../system/files.ts";
import { cores } from "../system/machine.ts";
import {
  instructions,
  instructionsInWords,
  oneDnnDefault,
  slowness,
  usesOneDnn,
} from "../system/processor.ts";
import { auditResults, leftoversIn, leftoversInWords } from "../store/audit.ts";
import { plan } from "../plan.ts";
import { progressBar } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import {
  mustHaveSameBits,
  reasonOfDifference,
  settingInWords,
  testRestarts,
} from "../executors/local/restart_check.ts";
import { openStore } from "../store/mod.ts";
import { diskSpaceFor } from "../estimates/cost.ts";
import { type Options, ROOT } from "../command_line/options.ts";
import { describedStudy, known } from "../command_line/known_runs.ts";
import { gpu } from "./doctor_gpu.ts";
import { speed } from "./doctor_speed.ts";
import { PAPER_TABLES } from "../command_line/tables.ts";
import { taskWords } from "../command_line/task_words.ts";
import { formatNumber } from "../numbers.ts";

/** The result of one check. */
interface Finding {
  readonly part: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

/** Checks, tests restarts or measures. @returns the exit code: 0 if all checks pass */
export async function doctor(words: readonly string[], options: Options): Promise<number> {
  const [word] = words;
  if (word === "resume") return await resume(options);
  if (word === "speed") return await speed(options);
  if (word === "gpu") return await gpu(options);
  if (word !== undefined) {
    throw new UsageError(
      `There is no doctor "${word}": the commands are doctor, doctor resume, doctor speed and doctor gpu`,
    );
  }
  const findings = [
    machineHere(),
    processorHere(),
    denoHere(),
    await backend(),
    ...await dataAndDisk(options),
    ...results(options),
  ];
  console.log(listing({
    title: `Checks under the setup "${options.setup.name}"`,
    records: findings.map(({ part, ok, detail, remedy = "" }) => (
      { part, state: ok ? "ok" : "wrong", detail, remedy }
    )),
    columns: ["part", "state", "detail"].map((field) => ({ field })),
    notes: findings.flatMap(({ part, remedy }) => remedy === undefined ? [] : `${part}: ${remedy}`),
  }, options.format));
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function machineHere(): Finding {
  const part = "machine";
  const few = tooFewAddresses(cores());
  if (few !== undefined) return { part, ok: false, detail: few.why, remedy: few.remedy };
  return { part, ok: true, detail: machineInWords(machine()) };
}

/** The processor's instructions, and whether TensorFlow uses them. */
function processorHere(): Finding {
  const part = "processor";
  if (instructions()?.includes("AVX") === false && Deno.build.arch === "x86_64") {
    const remedy = "run this on a processor that has AVX";
    return { part, ok: false, detail: "lacks AVX, which TensorFlow needs", remedy };
  }
  // what is not set is set on when TensorFlow is loaded
  const on = usesOneDnn() ?? oneDnnDefault() !== undefined;
  const [remedy] = slowness("float32");
  return {
    ...{ part, ok: remedy === undefined },
    detail: `${instructionsInWords()}; oneDNN ${on ? "on" : "off"}`,
    ...remedy !== undefined && { remedy },
  };
}

/** The version that this is tested with; others may work. */
const DENO = [2, 9] as const;

function denoHere(): Finding {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const ok = major === DENO[0] && minor >= DENO[1];
  const remedy = `npm install --global deno@${DENO.join(".")}.6`;
  return { part: "Deno", ok, detail: Deno.version.deno, ...!ok && { remedy } };
}

/** Whether TensorFlow loads, tried in another process. */
async function backend(): Promise<Finding> {
  const { check, LOADS } = await import("../tensorflow/install/check.ts");
  const checks = await check();
  const { ok, detail, remedy } = checks.find(({ name }) => name === LOADS)!;
  const missing = checks.filter(({ ok }) => !ok).map(({ name }) => name).join(", ");
  return {
    ...{ part: "backend", ok, detail: ok ? detail : `${detail} (missing: ${missing})` },
    ...!ok && { remedy: `${remedy}; deno task install --check says more` },
  };
}

const GIB = 2 ** 30;

async function dataAndDisk(options: Options): Promise<Finding[]> {
  let study;
  try {
    study = await describedStudy(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [wrong("data", error.message)];
  }
  const { dataset: { name, classes, train, val, made, missing } } = study;
  const size = [classes, train, val].map(({ length }) => formatNumber(length));
  const what = `${name}: ${size[0]} classes, ${size[1]} + ${size[2]} images`;
  const data = missing === undefined
    ? { part: "data", ok: true, detail: `${what}${made ? "" : "; they are made when needed"}` }
    : wrong("data", missing);

  const runs = known(plan(PAPER_TABLES, study.contexts), study);
  const open = runs.filter(({ status }) => status.state !== "done");
  const { weights, posteriors, checkpoints } = diskSpaceFor(open, study.dataset);
  const needed = weights + posteriors + checkpoints;
  const place = nearestFolder(options.results);
  const { bavail, bsize } = statfsSync(place);
  const [free, wanted] = [bavail * bsize, needed].map((bytes) => (bytes / GIB).toFixed(1));
  const detail = `${free} GiB free; the ${open.length} runs of all tables that are not done ` +
    `take ${wanted} GiB`;
  const ok = bavail * bsize > needed;
  const remedy = `free some in ${place}, or name another folder with --results DIR`;
  return [data, { part: "disk", ok, detail, ...!ok && { remedy } }];
}

/** A path's nearest folder that exists. */
function nearestFolder(place: string): string {
  return exists(place, "isDirectory") ? place : nearestFolder(dirname(place));
}

function results({ results: folder }: Options): Finding[] {
  try {
    const store = openStore(folder);
    const bar = progressBar("read results", { unit: "files" });
    const { whole, damages, unreadable } = auditResults(
      store,
      (done, total) => bar.update(done, total),
    );
    bar.stop();
    const leftovers = leftoversInWords(leftoversIn(store));
    const ok = damages.length + unreadable.length === 0;
    const remedies = [
      ...damages.length > 0
        ? [`${damages.join(". ")}. The commands that need them do that themselves`]
        : [],
      ...unreadable,
    ];
    const detail = `${whole} intact, ${damages.length} damaged` +
      (unreadable.length > 0 ? `, ${unreadable.length} unreadable` : "");
    return [
      { part: "results", ok, detail, ...!ok && { remedy: remedies.join(". ") } },
      ...leftovers.length > 0
        ? [{ part: "left behind", ok: true, detail: leftovers.join(" ") }]
        : [],
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [wrong("results", error.message)];
  }
}

/** A failed check, from an error's "what: why; way out". */
function wrong(part: string, message: string): Finding {
  const [detail = "", ...remedy] = message.split("; ");
  return { part, ok: false, detail, ...remedy.length > 0 && { remedy: remedy.join("; ") } };
}

/** A net that trains for a few seconds, with a checkpoint every few hundred milliseconds. */
const TINY = [
  ...["scenes.classes=2", "scenes.train=64", "scenes.val=16", "validationImages=16"],
  ...["schedules.first.images=24000", "validations=100"],
].join(",");
const PIECES = 8;

async function resume(
  { results, workers, device, deterministic = true, given, format }: Options,
): Promise<number> {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-doctor-" });
  const count = String(workers ?? cores());
  const [, ...task] = taskWords("train");
  const command = (into: string) => [
    ...[Deno.execPath(), ...task.map((word) => word === "cli.ts" ? `${ROOT}/cli.ts` : word)],
    ...["--config", "A", "--S", "256"],
    ...["--setup", "smoke", "--set", TINY, "--workers", count],
    ...device ? ["--device", device] : [],
    ...typeof given.precision === "string" ? ["--precision", given.precision] : [],
    `--deterministic=${deterministic}`,
    ...["--data", `${folder}/data`, "--results", into],
  ];
  const bar = progressBar("train whole and in pieces", { unit: "kills" });
  try {
    const onProgress = (kills: number) => bar.update(kills, Math.max(kills, PIECES));
    const proof = await testRestarts({ command, folder, pieces: PIECES, onProgress });
    bar.stop();
    const file = `${results}/resume.json`;
    writeAtomically(file, `${JSON.stringify(proof, null, 2)}\n`);
    const equal = proof.whole === proof.pieces;
    const execution = proof.executions[0] ?? { device: "cpu", threads: 1, towers: 1 } as const;
    const mustBeEqual = mustHaveSameBits(execution);
    console.log(listing({
      title: "An interrupted training compared with an uninterrupted one",
      records: [{
        ...{ killed: proof.kills, "while training": proof.hits },
        on: settingInWords(execution),
        weights: equal ? "the same bits" : "different bits",
        "largest difference": proof.largest,
      }],
      columns: ["killed", "while training", "on", "weights", "largest difference"]
        .map((field) => ({ field })),
      notes: [
        `SHA-256 of the weights: ${proof.whole.slice(0, 16)}... uninterrupted, ` +
        `${proof.pieces.slice(0, 16)}... interrupted; the largest weight is ${proof.scale}.`,
        ...equal ? [] : [reasonOfDifference(execution)],
        `written: ${file}`,
      ],
    }, format));
    return equal || !mustBeEqual ? 0 : 1;
  } finally {
    bar.stop();
    Deno.removeSync(folder, { recursive: true });
  }
}
