import assert from "node:assert/strict";
import { cacheFolder } from "../../lib/system/cache_folder.ts";
import { withEnvironment } from "../support/variables.ts";

Deno.test("the cache is where the user says, else where the system keeps caches", async () => {
  const mac = Deno.build.os === "darwin";
  const folder = (variables: Record<string, string>) =>
    withEnvironment(
      { HOME: "/home/ada", XDG_CACHE_HOME: "", VERYDEEP_CACHE: "", ...variables },
      async () => await cacheFolder(),
    );
  assert.equal(await folder({}), `/home/ada/${mac ? "Library/Caches" : ".cache"}/verydeep`);
  const XDG_CACHE_HOME = "/var/cache/ada";
  assert.equal(await folder({ XDG_CACHE_HOME }), "/var/cache/ada/verydeep");
  assert.equal(await folder({ XDG_CACHE_HOME, VERYDEEP_CACHE: "/big/disk" }), "/big/disk");
  await assert.rejects(folder({ HOME: "" }), { name: "UserError", message: /VERYDEEP_CACHE/ });
});
