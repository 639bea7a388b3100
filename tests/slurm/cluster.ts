/** A cluster for tests: Slurm's own daemons, all of them on this machine, on ports of their own. */
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** Daemons of Slurm, and munge, which vouches for who asks. */
const DAEMONS = ["munged", "slurmctld", "slurmd"] as const;

/** Whether this machine has Slurm. */
export const hasSlurm = DAEMONS.every((name) => {
  try {
    return new Deno.Command("which", { args: [name] }).outputSync().success;
  } catch {
    return false;
  }
});

/** What a program printed. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Several nodes of one processor each: so many jobs run at a time. */
export class TestCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #daemons = new Map<string, Deno.ChildProcess>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a cluster and waits until its nodes are idle. */
  static async start({ nodes = 2 } = {}): Promise<TestCluster> {
    const cluster = new TestCluster(Deno.makeTempDirSync({ prefix: "verydeep-slurm-" }));
    try {
      await cluster.#start(Array.from({ length: nodes }, (_, i) => `n${i + 1}`));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Folders that go away with the cluster. */
  folder(name: string): string {
    const folder = `${this.#folder}/${name}`;
    Deno.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Runs a program that finds this cluster. */
  async run(program: string, ...args: string[]): Promise<Printed> {
    return await printed(this.spawn(program, args));
  }

  /** Runs the command line of verydeep. */
  async verydeep(...args: string[]): Promise<Printed> {
    return await printed(this.begin(...args));
  }

  /** The same, without waiting for its end. */
  begin(...args: string[]): Deno.ChildProcess {
    return this.spawn(Deno.execPath(), ["run", "-A", "cli.ts", ...args]);
  }

  /** Starts a program that finds this cluster. */
  spawn(program: string, args: string[]): Deno.ChildProcess {
    const command = new Deno.Command(program, {
      args,
      cwd: ROOT,
      env: { SLURM_CONF: this.#conf, INIT_CWD: this.folder("user"), NO_COLOR: "1" },
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    });
    return command.spawn();
  }

  /** Ends the controller and starts it again, as an update does. */
  async restartController() {
    await this.#end("slurmctld");
    this.#daemon("slurmctld", "slurmctld", "-D", "-f", this.#conf);
  }

  async [Symbol.asyncDispose]() {
    // nodes first: they end their jobs
    if (this.#daemons.has("slurmctld")) await this.run("scancel", `--user=${userInfo().username}`);
    for (const name of [...this.#daemons.keys()].reverse()) await this.#end(name);
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  get #conf(): string {
    return `${this.#folder}/slurm.conf`;
  }

  async #start(nodes: readonly string[]) {
    const munge = this.folder("munge");
    Deno.chmodSync(munge, 0o700);
    const key = `${munge}/key`;
    Deno.writeFileSync(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
    const files = ["socket", "log-file", "pid-file", "seed-file"]
      .map((name) => `--${name}=${munge}/${name.split("-")[0]}`);
    this.#daemon("munged", "munged", "--foreground", "--force", `--key-file=${key}`, ...files);
    await until(() => isThere(`${munge}/socket`), "munged");
    Deno.writeTextFileSync(this.#conf, this.#config(nodes));
    this.#daemon("slurmctld", "slurmctld", "-D", "-f", this.#conf);
    for (const node of nodes) this.#daemon(node, "slurmd", "-D", "-N", node, "-f", this.#conf);
    await until(async () => {
      const { out } = await this.run("sinfo", "--noheader", "--Node", "--format=%T");
      return out.split("\n").filter((state) => state === "idle").length === nodes.length;
    }, "the nodes");
  }

  #config(nodes: readonly string[]): string {
    const [controller, ...ports] = freePorts(1 + nodes.length);
    const host = Deno.hostname();
    return [
      "ClusterName=verydeep",
      `SlurmctldHost=${host}(127.0.0.1)`,
      ...[`SlurmUser=${userInfo().username}`, `SlurmdUser=${userInfo().username}`],
      `SlurmctldPort=${controller}`,
      "AuthType=auth/munge",
      // a job that was requeued begins when its old credential is over: 120 s, if nothing is said
      `AuthInfo=socket=${this.folder("munge")}/socket,cred_expire=5`,
      `StateSaveLocation=${this.folder("state")}`,
      `SlurmdSpoolDir=${this.folder("spool")}/%n`,
      `SlurmctldPidFile=${this.#folder}/controller.pid`,
      `SlurmdPidFile=${this.#folder}/%n.pid`,
      ...["ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "MpiDefault=none"],
      ...["SelectType=select/cons_tres", "SelectTypeParameters=CR_Core"],
      ...["ReturnToService=2", "KillWait=30", "MinJobAge=3600"],
      "SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0",
      ...nodes.map((name, i) =>
        `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${
          ports[i]
        } CPUs=1 RealMemory=4000`
      ),
      `PartitionName=main Nodes=${nodes.join(",")} Default=YES State=UP`,
      "",
    ].join("\n");
  }

  #daemon(name: string, program: string, ...args: string[]) {
    const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#daemons.set(name, new Deno.Command(program, { args, ...output }).spawn());
  }

  async #end(name: string) {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) return;
    this.#daemons.delete(name);
    try {
      daemon.kill("SIGTERM");
    } catch {
      // it has ended by itself
    }
    await daemon.status;
  }
}

/** Waits until something is so, for a minute. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string) {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited in vain for ${what}`);
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

/** Ports that nobody listens on. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}
