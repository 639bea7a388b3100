/** oneDNN's kernels run where they should: a training step, by oneDNN's own record of it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { training } from "../../lib/bench/cases.ts";
import { ONEDNN_SWITCH } from "../../lib/system/processor.ts";
import { ensureInstalled } from "../../lib/tensorflow/install/mod.ts";
import { flagsOf } from "../support/tasks.ts";

const PEER = fileURLToPath(new URL("../../lib/bench/peers/verydeep.ts", import.meta.url));
const ADDON = new URL("../../lib/tensorflow/addon.ts", import.meta.url).href;
const STEP = training({ config: "A", divisor: 8, crop: 28, batch: 4, precision: "float32" });

/** What a program prints that is started without the switch, or with one of these variables. */
async function print(
  args: readonly string[],
  { env = {}, input = "" }: { env?: Record<string, string>; input?: string } = {},
): Promise<string> {
  const { [ONEDNN_SWITCH]: _switch, ...others } = Deno.env.toObject();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flagsOf("bench"), "--no-check", ...args],
    ...{ clearEnv: true, env: { ...others, ...env } },
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  return await new Response(child.stdout).text();
}

/** oneDNN's convolutions in a training step of net A, by direction: the names of their kernels. */
async function convolutions(env: Record<string, string> = {}) {
  await ensureInstalled();
  const input = [{ case: STEP }, { steps: 1 }].map((line) => `${JSON.stringify(line)}\n`).join("");
  const said = await print([PEER], { env: { ONEDNN_VERBOSE: "1", ...env }, input });
  assert.match(said, /"seconds"/);
  const calls = said.matchAll(/,exec,cpu,convolution,([^,]+),([^,]+),/g);
  return Map.groupBy([...calls].map(([, kernel, direction]) => ({ kernel, direction })), (call) => {
    return call.direction;
  });
}

const isX86 = Deno.build.arch === "x86_64" && Deno.build.os === "linux";

Deno.test({
  name: "a training step's convolutions are oneDNN's, forward and backward",
  ignore: !isX86,
  async fn() {
    const found = await convolutions();
    // A has 8 convolutions with a 3x3 kernel; the first one's input has no gradient
    const count = (direction: string) => (found.get(direction)?.length ?? 0) / STEP.towers;
    assert.deepEqual(
      ["forward_training", "backward_weights", "backward_data"].map(count),
      [8, 8, 7],
    );
  },
});

Deno.test({
  name: "float32 is computed in float32, whatever variables of oneDNN's and TensorFlow's say",
  ignore: !isX86,
  async fn() {
    const kernels = async (env: Record<string, string>) =>
      [...(await convolutions(env)).values()].flat().map(({ kernel }) => kernel).sort();
    const usual = await kernels({});
    for (
      const name of [
        ...["ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE", "TF_SET_ONEDNN_FPMATH_MODE"],
      ]
    ) assert.deepEqual(await kernels({ [name]: "BF16" }), usual, name);
  },
});

Deno.test({
  name: "limited to AVX2 they are still oneDNN's; the environment can turn them off",
  ignore: !isX86,
  async fn() {
    const kernels = [...(await convolutions({ ONEDNN_MAX_CPU_ISA: "AVX2" })).values()].flat();
    assert.ok(kernels.length > 0);
    assert.deepEqual(kernels.filter(({ kernel }) => kernel?.includes("avx512")), []);
    assert.equal((await convolutions({ [ONEDNN_SWITCH]: "0" })).size, 0);
  },
});

Deno.test({
  name: "loading TensorFlow turns oneDNN on, unless the user or the caller decides",
  ignore: !isX86,
  async fn() {
    await ensureInstalled();
    const after = async (options: string, env: Record<string, string> = {}) => {
      const program = `import { loadAddon } from "${ADDON}"; await loadAddon(${options});` +
        `console.log(Deno.env.get("${ONEDNN_SWITCH}") ?? "unset")`;
      const file = Deno.makeTempFileSync({ prefix: "verydeep-test-", suffix: ".ts" });
      Deno.writeTextFileSync(file, program);
      try {
        return (await print([file], { env })).trim();
      } finally {
        Deno.removeSync(file);
      }
    };
    assert.equal(await after("{}"), "1");
    assert.equal(await after("{}", { [ONEDNN_SWITCH]: "0" }), "0");
    assert.equal(await after("{ leavesOneDnn: true }"), "unset");
  },
});
