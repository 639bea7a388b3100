/** This machine, while one waits. */
import type { Crew } from "./scheduler.ts";
import type { Executor } from "../executor.ts";

/** Carries plans out in this process; see `carryOutPlan`. */
export function local(crew: Omit<Crew, "store">): Executor {
  return async (runs, store) => {
    // Loaded here: whoever only collects needs neither threads nor an installer.
    const { carryOutPlan } = await import("./scheduler.ts");
    await carryOutPlan(runs, { ...crew, store });
  };
}
