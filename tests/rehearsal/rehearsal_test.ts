import { rehearse } from "./rehearse.ts";

/** Narrow nets that learn something; each is trained on 16 crops of 224 pixels. */
const SET = [
  ...["width=0.03125", "fc=16", "kernels=he", "inputScale=0.015625"],
  ...["batch=4", "validations=2"],
  ...["first", "finer", "jittered"].map((name) => `schedules.${name}.images=16`),
].join(",");

Deno.test("ImageNet's archives, a net that was killed and resumed, its errors, and a test submission", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  const scale = { each: 1, val: 12, test: 6, scenes: 2, side: 80, set: SET, killed: 0 };
  try {
    await rehearse({ scale, folder, say: () => {} });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
