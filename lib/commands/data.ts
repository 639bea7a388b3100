/** `data`: makes or inspects a data set. */
import type { DatasetStatistics } from "../datasets/statistics.ts";
import { UserError } from "../errors.ts";
import { progressBar, progressBars } from "../system/progress.ts";
import { listing } from "../report/listing.ts";
import type { Options } from "../command_line/options.ts";
import { formatNumber } from "../numbers.ts";

/** Options of the command. */
export type InspectOptions = Pick<
  Options,
  "setup" | "data" | "skipUnreadable" | "verify" | "format"
>;

/**
 * Prints the contents of a data set and the path of its contact sheet.
 *
 * @throws {UserError} The data set is unknown, or cannot be trained on.
 */
export async function data(name: string, options: InspectOptions): Promise<number> {
  if (options.verify && name === "ilsvrc2012") return await verifyArchives(name, options);
  const dataset = await open(name, options);
  const { statisticsOf, writeSheet } = await import("../datasets/statistics.ts");
  const sheet = await writeSheet(dataset, options.data).catch(unwritten);
  const statistics = statisticsOf(dataset);
  const { train, val, fingerprint, credits } = dataset;
  console.log(listing({
    title:
      `${dataset.name}: ${formatNumber(statistics.classes.length)} classes, ${
        formatNumber(train.length)
      } ` +
      `training and ${formatNumber(val.length)} validation images`,
    records: statistics.classes.map((row) => ({ ...row })),
    columns: [{ field: "label" }, { field: "class" }, { field: "train" }, { field: "val" }],
    notes: [
      ...facts(statistics),
      `fingerprint    ${fingerprint}`,
      `contact sheet  ${sheet ?? "not written"}`,
      ...credits ? ["", credits.trim()] : [],
    ],
  }, options.format));
  if (sheet !== undefined && ["csv", "json"].includes(options.format)) console.error(sheet);
  return 0;
}

/** Warns that there is no contact sheet: the data are not less good for that. */
function unwritten(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error;
  console.error(`warning: no contact sheet: ${error.message}`);
}

async function open(name: string, { setup, data, skipUnreadable, verify }: InspectOptions) {
  const { openData } = await import("../reproduce.ts");
  const bars = progressBars();
  const options = { setup: { ...setup, dataset: name }, data, skipUnreadable, readAgain: verify };
  return await openData(options, bars).finally(bars.stop);
}

/** Compares archives with their known MD5. @returns the exit code: 1 if one differs */
async function verifyArchives(name: string, { data, format }: InspectOptions): Promise<number> {
  const { checkArchives } = await import("../datasets/ilsvrc2012/checksums.ts");
  const bar = progressBar("Reading archives", { unit: "MB" });
  const checked = checkArchives(data, (done, total) => {
    bar.update(Math.round(done / 1e6), Math.round(total / 1e6));
  });
  bar.stop();
  console.log(listing({
    title: `Archives of ${name} in ${data}`,
    records: checked.map(({ file, md5, expected }) => (
      { file, md5, state: expected === undefined ? "not known" : md5 === expected ? "ok" : "other" }
    )),
    columns: [{ field: "file" }, { field: "md5", heading: "MD5" }, { field: "state" }],
    notes: checked.filter(({ md5, expected }) => expected !== undefined && md5 !== expected)
      .map(({ file, expected }) => `${file} should have ${expected}: download it again.`),
  }, format));
  return checked.some(({ md5, expected }) => expected !== undefined && md5 !== expected) ? 1 : 0;
}

/** Facts about the images, a line each. */
function facts({ width, height, portrait, mean, deviation, bytes }: DatasetStatistics): string[] {
  const levels = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join("  ");
  return [
    `sizes          ${range(width)} wide, ${range(height)} high; ` +
    `${Math.round(100 * portrait)} % upright`,
    `mean r g b     ${levels(mean)}  of 255, over all training pixels`,
    `deviation      ${levels(deviation)}`,
    `on disk        ${(bytes / 1e6).toFixed(1)} MB`,
  ];
}

function range([min, max]: readonly [number, number]): string {
  return min === max ? String(min) : `${min} to ${max}`;
}
