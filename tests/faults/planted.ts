/**
 * A program with a defect: copies a number from one file to another, and prints it. Its arguments are a
 * folder and the name of the defect; `none` is sound.
 *
 * @module
 */
import { UserError } from "../../lib/errors.ts";
import { systemReason } from "../../lib/system/file_errors.ts";
import { readIfThere, writeAtomically } from "../../lib/system/files.ts";

const [folder = "", defect = "none"] = Deno.args;
const [source, result] = [`${folder}/source.txt`, `${folder}/out/result.csv`];

/** What `source` says. */
function read(): string {
  if (defect !== "believes that what it cannot read is empty") return readIfThere(source) ?? "";
  try {
    return readIfThere(source) ?? "";
  } catch {
    return "";
  }
}

/** Writes a file as the project does, but for the defect. */
async function write(text: string) {
  if (defect === "waits for ever for a folder") await folderThatMustBe();
  Deno.mkdirSync(`${folder}/out`, { recursive: true });
  if (defect === "writes without a rename") {
    using file = Deno.openSync(result, { write: true, create: true });
    for (const half of [text.slice(0, 2), text.slice(2)]) {
      file.writeSync(new TextEncoder().encode(half));
    }
    file.syncSync();
  } else if (defect === "ignores a failed flush" || defect === "leaves a draft") {
    const draft = `${result}.${crypto.randomUUID()}.part`;
    {
      using file = Deno.openSync(draft, { write: true, create: true });
      file.writeSync(new TextEncoder().encode(text));
      try {
        file.syncSync();
      } catch (error) {
        if (defect === "leaves a draft") throw error;
      }
    }
    Deno.renameSync(draft, result);
  } else writeAtomically(result, text);
}

async function folderThatMustBe() {
  for (;;) {
    try {
      return Deno.mkdirSync(`${folder}/out`, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

try {
  if (readIfThere(result) === undefined) await write(read());
  console.log(readIfThere(result));
} catch (error) {
  if (defect === "prints its stack") throw error;
  const said = error instanceof UserError
    ? error.message
    : `Cannot write "${result}": ${systemReason(error)}; free some space`;
  console.error(`error: ${defect === "names no file" ? "it did not work; try again" : said}`);
  Deno.exit(defect === "has an exit code of its own" ? 3 : 1);
}
