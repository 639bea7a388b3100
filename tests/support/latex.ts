/** Compiles LaTeX where it is installed. */
import assert from "node:assert/strict";
import { answer } from "../../lib/system/subprocess.ts";

/** Whether pdfLaTeX is installed. */
export const pdflatex = await answer(["pdflatex", "--version"]) !== undefined;
if (!pdflatex) console.warn("pdflatex is not installed: compiling LaTeX is left out");

/** Compiles a document; nothing may be too wide, and no letter missing. */
export async function compiled(folder: string, name: string) {
  const { success, stdout } = await new Deno.Command("pdflatex", {
    args: ["-interaction=nonstopmode", "-halt-on-error", name],
    cwd: folder,
  }).output();
  const log = new TextDecoder().decode(stdout);
  assert.ok(success, log);
  assert.deepEqual(log.match(/^(Overfull|Missing|! ).*$/gm), null, log);
}
