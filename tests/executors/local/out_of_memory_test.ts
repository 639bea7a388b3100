import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../lib/errors.ts";
import { fewerImages } from "../../../lib/executors/local/out_of_memory.ts";
import { flagsOf } from "../../support/tasks.ts";

// TensorFlow's own words, as tfjs-node passes them on.
const OOM =
  "Session fail to run with error: OOM when allocating tensor with shape[64,56,56,4] and " +
  "type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc";

/** Does work that has room for `room` images at once, with fewer after each failure. */
function attempt(room: number, message = OOM) {
  const [tried, told] = [[] as number[], [] as string[]];
  const onNotice = (message: string) => told.push(message);
  const run = () => {
    for (let size = 32;;) {
      tried.push(size);
      if (size <= room) return `${size} at once`;
      const smaller = Math.floor(size / 2);
      const error = new Error(message);
      size = fewerImages(error, { action: "train D 256", size, smaller, onNotice });
    }
  };
  return { run, tried, told };
}

Deno.test("work that does not fit continues with half as many images, and reports it", () => {
  const { run, tried, told } = attempt(8);
  assert.equal(run(), "8 at once");
  assert.deepEqual(tried, [32, 16, 8]);
  assert.equal(told.length, 2);
  assert.match(
    told[0]!,
    /^train D 256: not enough memory for 32 images at once; .* with 16;/,
  );
});

Deno.test("nothing is reported if memory suffices; other errors are rethrown", () => {
  const enough = attempt(32);
  assert.equal(enough.run(), "32 at once");
  assert.deepEqual(enough.told, []);
  const broken = attempt(8, "Invalid JPEG data");
  assert.throws(broken.run, /^Error: Invalid JPEG data$/);
  assert.deepEqual(broken.tried, [32]);
});

Deno.test("a single image that does not fit is an error with a way out", () => {
  const { run, tried } = attempt(0);
  assert.throws(run, (error) => {
    assert.ok(error instanceof UserError);
    return /^Cannot train D 256: not enough memory for a single image; .*--device cpu/.test(
      error.message,
    );
  });
  assert.deepEqual(tried, [32, 16, 8, 4, 2, 1]);
});

/** What `short_of_memory.ts` prints. */
interface Outcome {
  readonly notices: readonly string[];
  readonly microBatch: number;
  readonly losses: readonly number[];
}

Deno.test("under a memory limit a training continues in smaller parts with the same result", async () => {
  const program = fileURLToPath(new URL("../../support/short_of_memory.ts", import.meta.url));
  const train = async (megabytes: number) => {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flagsOf("train"), "--no-check", program],
      env: {
        // oneDNN's kernels end the process where memory does not suffice; others report it
        ...{ TF_ENABLE_ONEDNN_OPTS: "0", TF_CPU_ALLOCATOR_USE_BFC: "true" },
        ...{ TF_CPU_BFC_MEM_LIMIT_IN_MB: String(megabytes), CUDA_VISIBLE_DEVICES: "-1" },
      },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)) as Outcome;
  };
  // A step that fails for want of memory waits twice for 10 s before it does. 256 images need more
  // than 1,000 MB. What a step needs however few they are, as much as a processor's last cache, may
  // be some 100 MB.
  const [short, ample] = await Promise.all([train(400), train(4000)]);
  assert.deepEqual(ample.notices, []);
  assert.equal(ample.microBatch, 256);
  assert.ok(short.microBatch < 256 && short.microBatch >= 1, `${short.microBatch}`);
  assert.equal(short.notices.length, Math.log2(256 / short.microBatch));
  assert.equal(short.losses.length, ample.losses.length);
  for (const [i, loss] of short.losses.entries()) {
    assert.ok(Math.abs(loss / ample.losses[i]! - 1) < 1e-4, `${loss}, not ${ample.losses[i]}`);
  }
});
