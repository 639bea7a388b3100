/** The command line: arguments in, tables out. */
import { explainStandardOutput, outliveStandardError } from "./lib/system/standard_streams.ts";
import { settleSignals } from "./lib/system/signals.ts";

if (import.meta.main) {
  // before the rest is loaded: half a second after its start Deno puts handlers of its own in place
  settleSignals();
  outliveStandardError();
  explainStandardOutput();
  const { main } = await import("./lib/commands/main.ts");
  Deno.exit(await main(Deno.args));
}
