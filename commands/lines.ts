/** Command lines that a message or a note names, to be copied. */
import { net } from "../experiments/protocol.ts";
import { key, type Method, type TrainRun } from "../lib/experiment.ts";
import type { PlannedRun } from "../lib/plan.ts";
import type { OptionName, Options } from "./options.ts";

/** Options that decide which store and which data are meant. */
const WHERE: readonly OptionName[] = [
  ...["setup", "dataset", "precision", "set", "data", "results", "skip-unreadable"] as const,
];

/** The command that evaluates the net of a training, which is carried out first if need be. */
export function evaluateLine(
  { key: name, run, context }: PlannedRun,
  { Q, method, options }: { Q: number; method: Method; options: Pick<Options, "given"> },
): string {
  const { config, S, update } = run as TrainRun;
  const papers = { ...net(config, S), ...update && { update } };
  return [
    "deno task evaluate",
    ...key(papers, context) === name
      ? [`--config ${config} --S ${S}`, ...update === "fc" ? ["--update fc"] : []]
      : [`--weights ${name}`],
    `--Q ${Q}`,
    ...method === "dense" ? [] : [`--method ${method}`],
    ...context.seed === 0 ? [] : [`--seed ${context.seed}`],
    ...WHERE.flatMap((option) => written(option, options.given[option])),
  ].join(" ");
}

/** An option as it was written. */
function written(name: OptionName, value: string | boolean | undefined): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  return [`--${name} ${/^[\w.,:=/+-]+$/.test(value) ? value : JSON.stringify(value)}`];
}
