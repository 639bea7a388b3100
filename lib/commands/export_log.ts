/** `export-log`: the logs of runs for a tracker of experiments. */
import { dirname, join } from "node:path";
import { UsageError, UserError } from "../errors.ts";
import { count } from "../numbers.ts";
import { mlflowFiles } from "../report/mlflow.ts";
import { warn } from "../report/warn.ts";
import { openStore } from "../store/mod.ts";
import { writing } from "../system/file_errors.ts";
import { exists } from "../system/files.ts";
import { shellWord } from "../system/shell.ts";
import { inStore } from "../command_line/known_runs.ts";
import { type Options, pathFrom } from "../command_line/options.ts";

/**
 * Writes every run of a store that was begun for MLflow. A run that was written before is written anew;
 * nothing else in the folder is touched.
 *
 * @throws {UserError} Nothing was begun, or the folder cannot be written.
 */
export function exportLog([word]: readonly string[], options: Options): number {
  if (options.tracker === undefined) {
    throw new UsageError(
      "export-log needs --as: deno task export-log mlruns --as mlflow; TensorBoard reads the logs " +
        "where they are: tensorboard --logdir results/small/train",
    );
  }
  const folder = word === undefined ? join(options.results, "mlruns") : pathFrom(word);
  const store = openStore(options.results);
  const runs = inStore(store.runs(), store).filter(({ status }) => status.state !== "todo");
  for (const { message } of store.withheld.values()) warn(`a run is left out: ${message}`);
  if (runs.length === 0) {
    throw new UserError(
      `Cannot export logs from "${store.folder}": no run was begun there; train something first, or ` +
        "name other results with --results or --setup",
    );
  }
  if (exists(folder)) throw new UserError(`Cannot write "${folder}": it is a file; name a folder`);
  // runs without their meta.yaml, which comes last, are no runs to MLflow
  for (const [name, text] of mlflowFiles(runs, store, folder)) write(join(folder, name), text);
  console.log(
    `${count(runs.length, "run")} for MLflow; to see them: MLFLOW_ALLOW_FILE_STORE=true ` +
      `mlflow ui --backend-store-uri ${shellWord(folder)}`,
  );
  console.error(`written: ${folder}`);
  return 0;
}

function write(file: string, text: string) {
  writing(file, () => {
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, text);
  });
}
