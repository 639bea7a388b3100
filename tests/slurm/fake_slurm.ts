/** Slurm's programs by stand-ins, so that a test says what a site answers. */
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./fake_slurm.sh", import.meta.url));
const NAMES = ["sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo"];

/** What the programs answer from; see `fake_slurm.sh`. */
type Knowledge = "rules" | "jobs" | "account" | "controller" | "config";

/** Slurm's programs in this process's PATH, until it is disposed of. */
export class FakeSlurm implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "verydeep-fake-slurm-" });
  readonly #path = Deno.env.get("PATH")!;

  constructor() {
    for (const name of NAMES) Deno.symlinkSync(PROGRAM, `${this.#folder}/${name}`);
    this.knows("config", ["MaxArraySize            = 1001", "MaxJobCount             = 10000"]);
    this.knows("jobs", []);
    Deno.env.set("FAKE_SLURM", this.#folder);
    Deno.env.set("PATH", `${this.#folder}:${this.#path}`);
  }

  /** Has the programs answer from these lines. */
  knows(what: Knowledge, lines: readonly string[]) {
    Deno.writeTextFileSync(`${this.#folder}/${what}`, lines.map((line) => `${line}\n`).join(""));
  }

  /** Lines of a file that the programs answer from. */
  lines(what: Knowledge): string[] {
    return this.#lines(what);
  }

  /** Command lines of a program so far. */
  calls(program: string): string[] {
    return this.#lines("calls").filter((line) => line.startsWith(`${program} `));
  }

  /** Scripts that sbatch took, in their order. */
  scripts(): string[] {
    const last = Number(this.#lines("number")[0] ?? 100);
    return Array.from(
      { length: last - 100 },
      (_, i) => Deno.readTextFileSync(`${this.#folder}/${101 + i}.sh`),
    );
  }

  #lines(name: string): string[] {
    try {
      return Deno.readTextFileSync(`${this.#folder}/${name}`).split("\n").slice(0, -1);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  [Symbol.dispose]() {
    Deno.env.set("PATH", this.#path);
    Deno.env.delete("FAKE_SLURM");
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
