/** A stand-in for `nvidia-smi`: a shell script that answers as a machine with some GPUs does. */
import { withEnvironment } from "./variables.ts";

/** What the stand-in answers. */
export interface FakeDriver {
  /** To `-L`. */
  readonly listing?: string;
  /** To `--query-gpu=...`, a line for each GPU by its number or UUID, as `--id` names it. */
  readonly answers: Readonly<Record<string, string>>;
}

/**
 * Does `work` where `nvidia-smi` is the stand-in. As the real one it refuses an unknown `--id`, a MIG
 * part's and the beginning of a UUID among them.
 *
 * @param work is given what lists the arguments of each call so far
 */
export async function withNvidiaSmi(
  { listing = "", answers }: FakeDriver,
  work: (calls: () => string[]) => void | Promise<void>,
) {
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  try {
    Deno.mkdirSync(`${folder}/answers`);
    Deno.writeTextFileSync(`${folder}/listing`, listing);
    for (const [id, line] of Object.entries(answers)) {
      Deno.writeTextFileSync(`${folder}/answers/${id}`, `${line}\n`);
    }
    const script = `#!/bin/sh
echo "$@" >> ${folder}/calls
[ "$1" = -L ] && exec cat ${folder}/listing
cd ${folder}/answers
case "$1" in
  --id=*) ids=$(echo "$1" | sed 's/^--id=//; s/,/ /g') ;;
  *) ids=$(ls) ;;
esac
for id in $ids; do
  [ -f "$id" ] || { echo "No devices were found"; exit 6; }
done
exec cat $ids
`;
    Deno.writeTextFileSync(`${folder}/nvidia-smi`, script, { mode: 0o755 });
    await withEnvironment(
      { PATH: `${folder}:${Deno.env.get("PATH")}` },
      async () =>
        void await work(() => Deno.readTextFileSync(`${folder}/calls`).trim().split("\n")),
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
