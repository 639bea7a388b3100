/** A cluster for tests: Slurm's own daemons on this machine, on free ports. */
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { commandLine } from "../support/tasks.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const USER = userInfo().username;

/** Whether this machine has Slurm, and munge for its authentication. */
export const hasSlurm = has("munged", "slurmctld", "slurmd");

/** Whether this machine also has Slurm's accounting and the database that it needs. */
export const hasAccounting = hasSlurm && has("slurmdbd", "mariadbd", "my_print_defaults");

function has(...programs: string[]): boolean {
  return programs.every((name) => {
    try {
      return new Deno.Command("which", { args: [name] }).outputSync().success;
    } catch {
      return false;
    }
  });
}

/** Options of a test cluster. */
export interface TestClusterOptions {
  readonly nodes?: number;
  /** The user's MaxSubmitJobs; without it, the cluster has no accounting. */
  readonly maxSubmitJobs?: number;
  /** More lines of slurm.conf. */
  readonly lines?: readonly string[];
}

/** Exit code and output of a program. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * A cluster whose nodes have one processor each, so that each runs one job at a time. Jobs of the
 * partition "urgent" preempt those of the default partition "main" by requeueing them.
 */
export class TestCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #daemons = new Map<string, Deno.ChildProcess>();
  /** Lines of slurm.conf about accounting and ended jobs. */
  #accounting = ["MinJobAge=3600"];

  readonly #lines: readonly string[];

  private constructor(folder: string, lines: readonly string[]) {
    this.#folder = folder;
    this.#lines = lines;
  }

  /** Starts a cluster and waits until its nodes are idle. */
  static async start(
    { nodes = 2, maxSubmitJobs, lines = [] }: TestClusterOptions = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster(Deno.makeTempDirSync({ prefix: "verydeep-slurm-" }), lines);
    try {
      await cluster.#startMunge();
      if (maxSubmitJobs !== undefined) await cluster.#startAccounting(maxSubmitJobs);
      await cluster.#start(Array.from({ length: nodes }, (_, i) => `n${i + 1}`));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Makes a folder that is removed with the cluster. */
  folder(name: string): string {
    const folder = `${this.#folder}/${name}`;
    Deno.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Runs a program with this cluster's configuration. */
  async run(program: string, ...args: string[]): Promise<Printed> {
    return await printed(this.spawn(program, args));
  }

  /** Runs the command line of verydeep. */
  async verydeep(...args: string[]): Promise<Printed> {
    return await printed(this.begin(...args));
  }

  /** Starts the command line of verydeep as its task, without waiting for its end. */
  begin(...args: string[]): Deno.ChildProcess {
    return this.spawn(Deno.execPath(), commandLine(...args));
  }

  /** Starts a program with this cluster's configuration. */
  spawn(program: string, args: string[]): Deno.ChildProcess {
    const command = new Deno.Command(program, {
      args,
      cwd: ROOT,
      env: { SLURM_CONF: this.#conf, INIT_CWD: this.folder("user"), NO_COLOR: "1" },
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    });
    return command.spawn();
  }

  /** Ends the controller and starts it again. */
  async restartController() {
    await this.#end("slurmctld");
    this.#daemon("slurmctld", "slurmctld", "-D", "-f", this.#conf);
  }

  async [Symbol.asyncDispose]() {
    // nodes end first, because they end their jobs
    if (this.#daemons.has("slurmctld")) await this.run("scancel", `--user=${USER}`);
    for (const name of [...this.#daemons.keys()].reverse()) await this.#end(name);
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  get #conf(): string {
    return `${this.#folder}/slurm.conf`;
  }

  get #munge(): string {
    return `${this.#folder}/munge/socket`;
  }

  async #startMunge() {
    const munge = this.folder("munge");
    Deno.chmodSync(munge, 0o700);
    const key = `${munge}/key`;
    Deno.writeFileSync(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
    const files = ["socket", "log-file", "pid-file", "seed-file"]
      .map((name) => `--${name}=${munge}/${name.split("-")[0]}`);
    this.#daemon("munged", "munged", "--foreground", "--force", `--key-file=${key}`, ...files);
    await until(() => isThere(this.#munge), "munged");
  }

  /** Starts a database and Slurm's accounting daemon. */
  async #startAccounting(maxSubmitJobs: number) {
    const [database, account] = freePorts(2);
    const data = [`--datadir=${this.folder("database")}`, `--user=${USER}`];
    const files = `${this.folder("database")}/database`;
    await this.run("mariadb-install-db", "--no-defaults", ...data);
    this.#daemon(
      ...["mariadbd", "mariadbd", "--no-defaults", "--skip-grant-tables"] as const,
      ...data,
      ...["--bind-address=127.0.0.1", `--port=${database}`],
      ...[`--socket=${files}.sock`, `--pid-file=${files}.pid`],
    );
    await until(() => isThere(`${files}.sock`), "mariadbd");
    const config = [
      ...["DbdHost=localhost", `DbdPort=${account}`, `SlurmUser=${USER}`],
      ...["AuthType=auth/munge", `AuthInfo=socket=${this.#munge}`],
      ...["StorageType=accounting_storage/mysql", "StorageHost=127.0.0.1"],
      ...[`StoragePort=${database}`, `StorageUser=${USER}`, "StorageLoc=account"],
      `PidFile=${this.#folder}/account.pid`,
    ];
    // slurmdbd reads it beside slurm.conf and requires that others cannot read it
    Deno.writeTextFileSync(`${this.#folder}/slurmdbd.conf`, `${config.join("\n")}\n`, {
      mode: 0o600,
    });
    this.#accounting = [
      ...["AccountingStorageType=accounting_storage/slurmdbd", "AccountingStorageHost=localhost"],
      ...[`AccountingStoragePort=${account}`, `AccountingStoragePass=${this.#munge}`],
      "AccountingStorageEnforce=limits",
      // the controller forgets ended jobs at once, so that only the accounting knows them
      "MinJobAge=2",
    ];
    this.#writeConfig([]);
    this.#daemon("slurmdbd", "slurmdbd", "-D");
    const add = async (...what: string[]) =>
      await this.run("sacctmgr", "--immediate", "add", ...what);
    await until(async () => (await add("cluster", "verydeep")).code === 0, "slurmdbd");
    await add("account", "lab");
    await add("user", USER, "account=lab", `MaxSubmitJobs=${maxSubmitJobs}`);
  }

  async #start(nodes: readonly string[]) {
    this.#writeConfig(nodes);
    this.#daemon("slurmctld", "slurmctld", "-D", "-f", this.#conf);
    for (const node of nodes) this.#daemon(node, "slurmd", "-D", "-N", node, "-f", this.#conf);
    await until(async () => {
      const { out } = await this.run("sinfo", "--noheader", "--Node", "--format=%P %T");
      return out.split("\n").filter((line) => line === "main* idle").length === nodes.length;
    }, "the nodes");
  }

  #writeConfig(nodes: readonly string[]) {
    const [controller, ...ports] = freePorts(1 + nodes.length);
    const host = Deno.hostname();
    const lines = [
      "ClusterName=verydeep",
      `SlurmctldHost=${host}(127.0.0.1)`,
      ...[`SlurmUser=${USER}`, `SlurmdUser=${USER}`],
      `SlurmctldPort=${controller}`,
      "AuthType=auth/munge",
      // a requeued job starts when its old credential has expired, by default after 120 s
      `AuthInfo=socket=${this.#munge},cred_expire=5`,
      `StateSaveLocation=${this.folder("state")}`,
      `SlurmdSpoolDir=${this.folder("spool")}/%n`,
      `SlurmctldPidFile=${this.#folder}/controller.pid`,
      `SlurmdPidFile=${this.#folder}/%n.pid`,
      ...["ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "MpiDefault=none"],
      ...["SelectType=select/cons_tres", "SelectTypeParameters=CR_Core"],
      ...["ReturnToService=2", "KillWait=30"],
      ...["PreemptType=preempt/partition_prio", "PreemptMode=REQUEUE"],
      "SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0",
      ...this.#accounting,
      ...this.#lines,
      ...nodes.map((name, i) =>
        `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${
          ports[i]
        } CPUs=1 RealMemory=4000`
      ),
      "PartitionName=main Nodes=ALL Default=YES PriorityTier=1",
      "PartitionName=urgent Nodes=ALL PriorityTier=2",
      "",
    ];
    Deno.writeTextFileSync(this.#conf, lines.join("\n"));
  }

  #daemon(name: string, program: string, ...args: string[]) {
    const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const env = { SLURM_CONF: this.#conf };
    this.#daemons.set(name, new Deno.Command(program, { args, env, ...output }).spawn());
  }

  async #end(name: string) {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) return;
    this.#daemons.delete(name);
    try {
      daemon.kill("SIGTERM");
    } catch {
      // it has already ended
    }
    await daemon.status;
  }
}

/** Longest wait, ms: much longer than a busy machine needs, so that exceeding it is a failure. */
const PATIENCE = 10 * 60_000;

/** Waits until a condition holds. @throws {Error} It does not hold for `PATIENCE`. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string) {
  for (const end = performance.now() + PATIENCE; performance.now() < end;) {
    if (await isSo()) return;
    await pause(100);
  }
  throw new Error(`Timed out waiting for ${what}`);
}

/** Waits a number of milliseconds. */
export function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}

async function printed(process: Deno.ChildProcess): Promise<Printed> {
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Range of ports, below Linux's ephemeral ports, which start at 32768. */
const PORTS = { from: 10_000, to: 32_000 };

/** Distinct free ports, drawn at random because other test clusters may start at the same time. */
function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    try {
      Deno.listen({ port }).close();
      ports.add(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return [...ports];
}
