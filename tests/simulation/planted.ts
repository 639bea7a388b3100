/** Defects that are planted to show that the simulation finds them. */

/** A piece of the program, and what becomes of it. */
interface Defect {
  readonly file: string;
  readonly line: string;
  readonly becomes: string;
}

/** Defects by name. */
export const PLANTED: Readonly<Record<string, Defect>> = {
  "a queue forgets runs that other processes leave": {
    file: "lib/executors/local/run_queue.ts",
    line: "    this.#waiting.add(run);\n    this.#leave(run);",
    becomes: "    this.finish(run);",
  },
  "a lease is not touched": {
    file: "lib/store/leases.ts",
    line: "this.#timer ??= setInterval(() => this.touchAll(), TOUCH_INTERVAL);",
    becomes: "",
  },
  "a lease is always free": {
    file: "lib/store/leases.ts",
    line: "if (this.#isAlive(old)) return undefined;",
    becomes: "",
  },
  "a lease ignores when its process started": {
    file: "lib/system/processes.ts",
    line: "return since === undefined ? undefined : start === since;",
    becomes: "return true;",
  },
  "a damaged result is believed": {
    file: "lib/store/results.ts",
    line: "      this.files.mustBeWhole(file);\n      if (isEvaluation",
    becomes: "      if (isEvaluation",
  },
  "a job of Slurm's does not wait for the runs that it starts from": {
    file: "lib/executors/slurm/submitter.ts",
    line: "const jobs = found.length > 0 ? found : this.#prepared;",
    becomes: "const jobs = this.#prepared;",
  },
  "a damaged result is not submitted to Slurm again": {
    file: "lib/executors/slurm/mod.ts",
    line: "const done = doneOf(others, { store, bars: options.bars });",
    becomes: 'const done = others.filter((run) => store.status(run).state === "done");',
  },
};
