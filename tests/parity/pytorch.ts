/** Asks PyTorch, where this machine's Python has it. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { python } from "../../lib/system/subprocess.ts";
import { readSafetensors, type Safetensors } from "../../lib/weights/safetensors.ts";
import { versionsOf } from "../support/python_packages.ts";

/** Numbers that PyTorch found, by name. */
export type Answers = Safetensors["tensors"];

/** Version of PyTorch, or undefined where there is none. */
export async function pytorchVersion(): Promise<string | undefined> {
  return (await versionsOf("torch"))?.[0];
}

/** Runs `pytorch.py` with a request and reads its answers. */
export async function askPytorch(request: Readonly<Record<string, unknown>>): Promise<Answers> {
  const folder = await Deno.makeTempDir({ prefix: "verydeep-test-" });
  try {
    const out = join(folder, "answers.safetensors");
    const script = join(dirname(fileURLToPath(import.meta.url)), "pytorch.py");
    const [program = "", ...args] = python();
    const child = new Deno.Command(program, {
      args: [...args, script],
      stdin: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify({ ...request, out })));
    await writer.close();
    const { success, stderr } = await child.output();
    if (!success) throw new Error(`pytorch.py failed: ${new TextDecoder().decode(stderr)}`);
    return readSafetensors(out).tensors;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
