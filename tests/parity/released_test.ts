/**
 * Weights in torchvision's and Keras's layouts, imported: the nets say of a crop, and of a whole image
 * with odd sides, what torchvision's and Keras's own classes said of it (`released.py`, torch 2.13,
 * torchvision 0.28, keras 3.12; `released.json` keeps it). Measured on a Zen 4: within 1.2e-6 of the
 * largest score. A mean that is off by one of 255 moves it by 0.003, colours in another order by 0.03.
 */
import assert from "node:assert/strict";
import { gap } from "../support/formula.ts";
import { tensorflow } from "../support/run_graph.ts";
import { pytorchVersion } from "./pytorch.ts";
import { python } from "../../lib/system/subprocess.ts";
import expected from "./released.json" with { type: "json" };
import {
  broughtIn,
  FULL,
  place,
  type Released,
  scoresOf,
  writeKerases,
  writeTorchvisions,
} from "./released.ts";

const NETS = ["A", "B", "D", "E"] as const;
const version = await pytorchVersion();
if (version === undefined) console.warn("Python has no torch: files of torch.save are left out");

Deno.test("imported nets score as torchvision's and Keras's do, to 1e-4", async (t) => {
  using here = place();
  const binding = await tensorflow();
  const compare = async (library: "torchvision" | "keras", config: Released, file: string) => {
    for (const look of ["crop", "whole"] as const) {
      const error = gap(
        await scoresOf(binding, file, look),
        expected[library][config][look],
      );
      assert.ok(error < 1e-4, `${library}'s ${config}, ${look}: off by ${error}`);
    }
  };
  for (const config of NETS) {
    await t.step(`torchvision's ${config}`, async () => {
      const file = `${here.folder}/${config}.safetensors`;
      writeTorchvisions(file, config);
      await compare("torchvision", config, file);
    });
    await t.step(`Keras's ${config}`, async () => {
      const file = `${here.folder}/${config}.h5`;
      await writeKerases(file, config, config === "D" ? "first" : "now");
      await compare("keras", config, file);
    });
  }
});

Deno.test({
  name: "files of torch.save, new and old, hold what safetensors do (where Python has torch)",
  ignore: version === undefined,
  async fn() {
    using here = place();
    const [program = "", ...args] = python();
    const script = new URL("released.py", import.meta.url).pathname;
    const { success, stderr } = await new Deno.Command(program, {
      args: [...args, script, "save", here.folder],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const file = `${here.folder}/d.safetensors`;
    writeTorchvisions(file, "D");
    const { tensors } = await broughtIn(file);
    for (const name of ["d.pth", "d-legacy.pth"]) {
      const saved = await broughtIn(`${here.folder}/${name}`);
      assert.equal(saved.run.config, "D");
      assert.deepEqual([...saved.tensors.keys()].sort(), [...tensors.keys()].sort());
      for (const [tensor, { values }] of tensors) {
        assert.ok(gap(saved.tensors.get(tensor)!.values, values) < 1e-7, `${name}: ${tensor}`);
      }
    }
  },
});

/** A folder that `released.py full` has filled. */
const folder = Deno.env.get("VERYDEEP_FULL_SIZE");

Deno.test({
  name:
    "net D at full size, in every form of file (where VERYDEEP_FULL_SIZE names a folder of them)",
  ignore: folder === undefined,
  async fn(t) {
    const binding = await tensorflow();
    const scores = JSON.parse(await Deno.readTextFile(`${folder}/scores.json`)) as Record<
      "keras" | "torchvision",
      (typeof expected)["keras"]["D"]
    >;
    for (const name of ["d.safetensors", "d.pth", "d-legacy.pth", "d.h5", "d.weights.h5"]) {
      await t.step(name, async () => {
        for (const look of ["crop", "whole"] as const) {
          const found = await scoresOf(binding, `${folder}/${name}`, look, FULL);
          const error = gap(found, scores[name.endsWith("h5") ? "keras" : "torchvision"][look]);
          assert.ok(error < 1e-4, `${look}: off by ${error}`);
        }
      });
    }
  },
});
