/** Asks ONNX's checker and ONNX Runtime, where this machine's Python has them. */
import { fileURLToPath } from "node:url";
import { python } from "../../lib/system/subprocess.ts";
import { versionsOf } from "../support/python_packages.ts";

/** What `onnx.py` says of a file. */
export interface OnnxAnswer {
  readonly opset: readonly (readonly [domain: string, version: number])[];
  /** Types of its constants. */
  readonly types: readonly string[];
  readonly inputs: Readonly<Record<string, readonly (string | number)[]>>;
  readonly outputs: Readonly<Record<string, readonly (string | number)[]>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Outputs for each look. */
  readonly answers: readonly Readonly<Record<string, readonly number[]>>[];
}

/** What `onnx.py` is asked. */
export interface OnnxQuestion {
  readonly files: readonly string[];
  readonly looks: readonly (readonly [batch: number, height: number, width: number])[];
  readonly mean: readonly number[];
  readonly scale: number;
}

/** Version of ONNX Runtime, or undefined where it or `onnx` is missing. */
export async function onnxVersion(): Promise<string | undefined> {
  return (await versionsOf("onnxruntime", "onnx"))?.[0];
}

/** Runs `onnx.py`. @throws {Error} A model is not valid, or does not run. */
export async function askOnnx(question: OnnxQuestion): Promise<OnnxAnswer[]> {
  const [program = "", ...args] = python();
  const script = fileURLToPath(new URL("onnx.py", import.meta.url));
  const child = new Deno.Command(program, {
    args: [...args, script],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(question)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`onnx.py failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
