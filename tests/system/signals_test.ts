/** Signals, sent to processes under the permissions of tasks. */
import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { lines } from "../../lib/bench/contestant.ts";
import { asTask, spawn } from "../support/tasks.ts";
import { isIgnored, listensOn } from "../support/processes.ts";

const SIGNALS = new URL("../../lib/system/signals.ts", import.meta.url);

/** Answers each line of its input with the signals that stop it. */
const PROGRAM = `
  import { settleSignals, stopSignals } from "${SIGNALS}";
  settleSignals();
  console.log("ready");
  for await (const _ of Deno.stdin.readable) console.log(stopSignals().join(" "));
`;

/** A process of that program, started by a shell, once its signals are settled. */
async function withProcess(
  { task, before = "exec" }: { task: keyof typeof project.tasks; before?: string },
  work: (child: Deno.ChildProcess, ask: () => Promise<string | undefined>) => Promise<void>,
) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    const command = asTask(task, PROGRAM, folder);
    const child = spawn(["bash", "-c", `${before} "$@"`, "bash", ...command]);
    const said = lines(child.stdout)[Symbol.asyncIterator]();
    const next = async () => (await said.next()).value;
    assert.equal(await next(), "ready");
    const writer = child.stdin.getWriter();
    await work(child, async () => {
      await writer.write(new TextEncoder().encode("?\\n"));
      return await next();
    });
    await writer.close().catch(() => {});
    await child.status;
    while (await next() !== undefined);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "a port that a process listens on is found",
  ignore: !isLinux,
  fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = listener.addr.port.toString(16).toUpperCase().padStart(4, "0");
    assert.ok(listensOn(Deno.pid).includes(`0100007F:${port}`));
  },
});

Deno.test({
  name: "SIGUSR1 is ignored from the start, so that no port is ever open",
  ignore: !isLinux,
  fn: () =>
    withProcess({ task: "train" }, async (child, ask) => {
      for (let i = 0; i < 3; i++) {
        assert.ok(isIgnored(child.pid, "SIGUSR1"));
        child.kill("SIGUSR1");
        assert.equal(await ask(), "SIGHUP SIGINT SIGTERM SIGUSR2");
        assert.deepEqual(listensOn(child.pid), []);
      }
      child.kill("SIGTERM");
      assert.equal((await child.status).code, 143);
    }),
});

Deno.test({
  name: "a file beyond the user's limit is an error of writing, not the end of the program",
  ignore: !isLinux,
  fn: () =>
    withProcess({ task: "train" }, async (child, ask) => {
      assert.ok(isIgnored(child.pid, "SIGXFSZ"));
      child.kill("SIGXFSZ");
      assert.equal(await ask(), "SIGHUP SIGINT SIGTERM SIGUSR2");
    }),
});

Deno.test({
  name: "SIGUSR1 ends a program that may not ignore it",
  ignore: !isLinux,
  fn: () =>
    withProcess({ task: "report" }, async (child) => {
      child.kill("SIGUSR1");
      assert.equal((await child.status).code, 138);
    }),
});

Deno.test({
  name: "SIGHUP ends a program, unless it was ignored when the program started",
  ignore: !isLinux,
  async fn() {
    await withProcess({ task: "train" }, async (child) => {
      child.kill("SIGHUP");
      assert.equal((await child.status).signal, "SIGHUP");
    });
    // what nohup does, and what is left of it behind deno task: the variable of the shell
    for (const before of ["trap '' HUP; exec", "exec env _=/usr/bin/nohup"]) {
      await withProcess({ task: "train", before }, async (child, ask) => {
        assert.equal(await ask(), "SIGINT SIGTERM SIGUSR2");
        for (let i = 0; i < 3; i++) {
          assert.ok(isIgnored(child.pid, "SIGHUP"));
          child.kill("SIGHUP");
          assert.equal(await ask(), "SIGINT SIGTERM SIGUSR2");
        }
      });
    }
  },
});
