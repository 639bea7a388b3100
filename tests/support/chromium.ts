/** Drives Chromium without a window by its DevTools protocol, where it is installed. */
import { answer } from "../../lib/system/subprocess.ts";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

/** The program, or undefined where there is none. */
export const chromium = await (async () => {
  for (const program of PROGRAMS) {
    if (await answer([program, "--version"]) !== undefined) return program;
  }
  return undefined;
})();

/** A page that is open. */
export interface OpenPage extends AsyncDisposable {
  /** The value of an expression in the page; a promise is waited for. @throws {Error} It throws. */
  // deno-lint-ignore no-explicit-any
  value(expression: string): Promise<any>;
  /** What the page reported as errors so far, the browser's own messages included. */
  readonly errors: readonly string[];
  /** A picture of it as a PNG. */
  screenshot(): Promise<Uint8Array>;
}

/** Opens an address in a browser of its own. */
export async function openPage(
  url: string,
  { width = 1400, height = 900 } = {},
): Promise<OpenPage> {
  const profile = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  const browser = new Deno.Command(chromium!, {
    args: [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
      ...["--no-first-run", "--disable-background-networking", "--hide-scrollbars"],
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`],
      ...[`--window-size=${width},${height}`, "about:blank"],
    ],
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  const { address, rest } = await addressIn(browser.stderr);
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  // deno-lint-ignore no-explicit-any
  const waiting = new Map<number, (answer: any) => void>();
  const errors: string[] = [];
  socket.onmessage = ({ data }) => {
    const { id, method, params, ...answer } = JSON.parse(data);
    waiting.get(id)?.(answer);
    waiting.delete(id);
    if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params.exceptionDetails;
      errors.push(`${text} ${exception?.description ?? ""}`);
    }
    if (method === "Log.entryAdded" && params.entry.level === "error") {
      errors.push(params.entry.text);
    }
  };
  let last = 0;
  // deno-lint-ignore no-explicit-any
  async function send(method: string, params: object, sessionId?: string): Promise<any> {
    const id = ++last;
    const { error, result } = await new Promise<{ error?: { message: string }; result?: unknown }>(
      (resolve) => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method, params, ...sessionId && { sessionId } }));
      },
    );
    if (error) throw new Error(`Cannot ${method}: ${error.message}`);
    return result;
  }
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const ask = (method: string, params: object = {}) => send(method, params, sessionId);
  await ask("Runtime.enable");
  await ask("Log.enable");
  await ask("Page.enable");
  await ask("Page.navigate", { url });
  async function value(expression: string) {
    const { result, exceptionDetails } = await ask("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }
  await value(`new Promise((resolve) =>
    document.readyState === "complete" ? resolve() : addEventListener("load", resolve))`);

  return {
    errors,
    value,
    async screenshot() {
      const { data } = await ask("Page.captureScreenshot", { format: "png" });
      return Uint8Array.fromBase64(data);
    },
    async [Symbol.asyncDispose]() {
      await send("Browser.close", {});
      const closed = new Promise((resolve) => socket.onclose = resolve);
      await browser.status;
      await rest;
      await closed;
      await Deno.remove(profile, { recursive: true });
    },
  };
}

/** The address that a browser prints, and the promise of the end of what it prints. */
async function addressIn(stream: ReadableStream<Uint8Array>) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium ended: ${text}`);
    text += value;
    const [, address] = /DevTools listening on (\S+)/.exec(text) ?? [];
    if (address === undefined) continue;
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    return { address, rest };
  }
}
