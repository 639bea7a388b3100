/** `bundle`: everything behind tables, in one file. */
import { UsageError } from "../errors.ts";
import { actionLabel } from "../experiment.ts";
import { fold } from "../report/fold.ts";
import { listing } from "../report/listing.ts";
import { type Options, pathFrom } from "../command_line/options.ts";
import { tablesFilled } from "../command_line/filled_tables.ts";

/**
 * Writes a bundle. The first word names the file, the others the tables.
 *
 * @throws {UserError} Nothing is done yet, or the file cannot be written.
 */
export async function bundle(words: readonly string[], options: Options): Promise<number> {
  const [word, ...names] = words;
  if (word === undefined || !word.endsWith(".zip")) {
    throw new UsageError(
      `bundle needs the name of a file to write first, ending in .zip${
        word === undefined ? "" : `, not "${word}"`
      }: deno task bundle FILE.zip [TABLE...]`,
    );
  }
  const tables = await tablesFilled(names, options);
  const [{ findStudy }, { writeBundle }, { isAtHand, VERSION }] = await Promise.all([
    import("../reproduce.ts"),
    import("../bundle/write.ts"),
    import("../tensorflow/install/mod.ts"),
  ]);
  const study = await findStudy(options);
  const file = pathFrom(word);
  const { runs, missing, files, bytes, fingerprint } = await writeBundle(file, {
    ...study,
    tables,
    small: options.small,
    ...await isAtHand() && { tensorflow: VERSION },
  });
  const titles = tables.map(({ name }) => name).join(" ");
  const record = { file, tables: titles, runs, missing: missing.length, files, bytes, fingerprint };
  console.log(
    options.format === "csv" || options.format === "json"
      ? listing({ title: "", records: [record], columns: [] }, options.format)
      : [
        `Bundle of ${titles}: ${runs} runs, ${files} files, ${(bytes / 1e6).toFixed(1)} MB`,
        `fingerprint ${fingerprint}`,
        ...missing.length === 0 ? [] : fold(
          `${missing.length} evaluations are not done yet, for example ${
            actionLabel(missing[0]!.run)
          }; the ` +
            "rows that need them have no numbers. deno task status lists them.",
        ),
        `check it anywhere with: deno task verify ${word}`,
      ].join("\n"),
  );
  console.error(`written: ${file}`);
  return 0;
}
