/**
 * A contestant that builds anything but a case called "impossible", takes no time, and counts its
 * steps: the third step breaks.
 */
import { answerRequests } from "../../lib/bench/contestant.ts";

if (Deno.args.includes("ends")) {
  console.error("no room\nno luck");
  Deno.exit(1);
}

await answerRequests("1.2", ({ name }) => {
  if (name === "impossible") throw new Error("it cannot be done");
  let count = 0;
  return {
    step() {
      if (++count === 3) throw new Error("step 3 broke");
    },
    close() {},
  };
});
