/** Stand-ins for Slurm's programs, whose answers a test defines. */
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./fake_slurm.sh", import.meta.url));
const NAMES = ["sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo"];

/** Files that the programs read; see `fake_slurm.sh`. */
type FakeSlurmFile = "rules" | "jobs" | "account" | "controller" | "config" | "handed-on";

/** Puts stand-ins for Slurm's programs into this process's PATH, until it is disposed of. */
export class FakeSlurm implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "verydeep-fake-slurm-" });
  readonly #path = Deno.env.get("PATH")!;

  constructor() {
    for (const name of NAMES) Deno.symlinkSync(PROGRAM, `${this.#folder}/${name}`);
    this.set("config", ["MaxArraySize            = 1001", "MaxJobCount             = 10000"]);
    this.set("jobs", []);
    Deno.env.set("FAKE_SLURM", this.#folder);
    Deno.env.set("PATH", `${this.#folder}:${this.#path}`);
  }

  /** Writes a file that the programs read. */
  set(file: FakeSlurmFile, lines: readonly string[]) {
    Deno.writeTextFileSync(`${this.#folder}/${file}`, lines.map((line) => `${line}\n`).join(""));
  }

  /** Lines of a file that the programs read or change. */
  lines(file: FakeSlurmFile): string[] {
    return this.#lines(file);
  }

  /** Command lines of a program, oldest first. */
  calls(program: string): string[] {
    return this.#lines("calls").filter((line) => line.startsWith(`${program} `));
  }

  /** Submitted scripts, oldest first. */
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
