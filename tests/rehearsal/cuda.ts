/**
 * The rehearsal of the GPU's path without a GPU: TensorFlow's CUDA build, with NVIDIA's libraries, is
 * installed in a copy of the project and carries out all tables on the processor, beside the CPU build
 * in another copy. Their files are compared byte by byte.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Variant } from "../../lib/tensorflow/install/wheel.ts";
import { count } from "../../lib/numbers.ts";
import { entriesIn } from "../../lib/system/files.ts";
import { TEST_FLAGS } from "../support/tasks.ts";
import { carryOut, command, effortInWords, type TaskName } from "./command.ts";
import type { RehearsalOptions } from "./rehearse.ts";
import { comparison, FILE_KINDS, type FileKind } from "./same_files.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a copy of the project does without: results, data and packages of its own. */
const LEFT_OUT = [".git", "coverage", "data", "fuzz-findings", "node_modules", "results"];

/** Tests that the CUDA build has to pass: running out of memory, and several devices. */
const TESTS = [
  "tests/executors/local/out_of_memory_test.ts",
  "tests/vgg/devices_test.ts",
  "tests/vgg/gpu_placement_test.ts",
];

/** Everything computes on the processor, in the precision of its results, whatever GPUs there are. */
const ON_PROCESSOR = {
  env: { CUDA_VISIBLE_DEVICES: "" },
  options: ["--precision", "float32"],
};

/**
 * Carries the rehearsal out.
 *
 * @throws Something fails, or the builds' files differ.
 */
export async function rehearseCuda(
  { folder, options = [], say, onProgress = () => {} }: Omit<RehearsalOptions, "scale">,
) {
  const { env } = ON_PROCESSOR;
  const chosen = ["--setup", "smoke", ...ON_PROCESSOR.options, ...options];
  const stores = new Map<Variant, string>();
  for (const variant of ["cpu", "gpu"] as const) {
    const root = join(folder, variant);
    const results = join(folder, `results-${variant}`);
    await copyProject(root);
    const outside = { root, env, onProgress };
    const step = async (task: TaskName, ...words: string[]) => {
      say(["deno task", task, ...words].join(" "));
      const outcome = await carryOut(task, words, outside);
      say(`  ${effortInWords(outcome)}`);
      return outcome.printed;
    };
    const installed = await step("install", `--gpu=${variant === "gpu"}`);
    say(`  ${installed.trim().split("\n")[0]}`);
    const places = ["--data", join(folder, "data"), "--results", results];
    await step("reproduce-all", ...chosen, ...places);
    const [setup] = entriesIn(results);
    stores.set(variant, join(results, setup!.name));
    if (variant === "cpu") continue;

    say(["deno task doctor gpu", ...chosen].join(" "));
    const { records, ...effort } = await command("doctor", ["gpu", ...chosen], outside);
    say(
      `  ${effortInWords(effort)}; ${count(records.length, "operation")}, no arithmetic left out`,
    );
    say(["deno test", ...TESTS].join(" "));
    say(`  ${await passed(TESTS, root)}`);
  }
  const found = comparison(stores.get("cpu")!, stores.get("gpu")!);
  for (const kind of Object.keys(FILE_KINDS) as FileKind[]) {
    const { same, different } = found[kind];
    say(
      `${FILE_KINDS[kind].words}: ${same.length} with the same bytes, ${different.length} others`,
    );
    for (const { file, detail } of different) say(`  ${file}: ${detail}`);
  }
  if (found.tables.same.length === 0) throw new Error("The builds have written no table");
  const others = Object.values(found).flatMap(({ different }) => different);
  if (others.length > 0) throw new Error(`${count(others.length, "file")} of the builds differ`);
}

/** Copies the project's source into a new folder. */
async function copyProject(folder: string) {
  await Deno.mkdir(folder, { recursive: true });
  for (const { name } of entriesIn(ROOT)) {
    if (!LEFT_OUT.includes(name)) await copy(join(ROOT, name), join(folder, name));
  }
}

async function copy(from: string, to: string) {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for (const { name } of entriesIn(from)) await copy(join(from, name), join(to, name));
}

/** Runs tests with the gate's flags. @returns the line that says how many passed */
async function passed(files: readonly string[], root: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", ...TEST_FLAGS, ...files],
    ...{ cwd: root, env: { ...ON_PROCESSOR.env, NO_COLOR: "1" }, stdin: "null" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`Tests fail:\n${text}${new TextDecoder().decode(stderr)}`);
  return /\d+ passed.*\d+ failed/.exec(text)?.[0] ?? text.trim().split("\n").at(-1)!;
}
