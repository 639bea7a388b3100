import assert from "node:assert/strict";
import { inFolder } from "../support/in_store.ts";
import { asTask } from "../support/tasks.ts";

const MODULE = new URL("../../lib/system/standard_streams.ts", import.meta.url);

Deno.test({
  name: "messages that cannot be written end no program, whoever writes them",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      const program = `
        import process from "node:process";
        import { outliveStandardError } from "${MODULE}";
        outliveStandardError();
        for (let i = 0; i < 2; i++) {
          process.stderr.write("a bar\\n");
          console.error("a message");
        }
        console.log("done");
      `;
      const [deno, ...args] = asTask("train", program, folder);
      for (const place of ["/dev/full", "/dev/null", "&-"]) {
        const { code, stdout } = await new Deno.Command("sh", {
          args: ["-c", `"$0" "$@" 2>${place}`, deno!, ...args],
        }).output();
        assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, "done\n"], place);
      }
    }),
});
