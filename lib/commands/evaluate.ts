/** `evaluate`: one net at any test scales, by any method, and the mean of all. */
import { evaluations, oneScale } from "../../experiments/protocol.ts";
import { isEvaluation, title } from "../experiment.ts";
import { ensembleOf } from "../results/ensemble.ts";
import { planOf } from "../plan.ts";
import { nameWithChanges } from "../results/protocol.ts";
import { ensembleListing } from "../report/ensemble_listing.ts";
import { listing } from "../report/listing.ts";
import { carryOut, showPlan } from "../command_line/adhoc.ts";
import { helpOf } from "../command_line/help.ts";
import { netToEvaluate } from "../command_line/nets.ts";
import type { Options } from "../command_line/options.ts";
import { groundOf } from "../command_line/runs.ts";
import { formatNumber } from "../numbers.ts";

export const help = helpOf("evaluate", {
  about:
    "Tests a net at each Q by each method, and prints every error and that of the mean of all " +
    "posteriors, with 95 % intervals. The net is the paper's own of --config and --S, which is " +
    "trained first if need be; or --weights: a stored training, or a file of weights, which is " +
    "copied into the store: of Keras's VGG (HDF5), of torchvision's (safetensors or .pth), or in " +
    "the layout of a store's own weights.safetensors. Posteriors are kept where the tables look for " +
    "them. --executor slurm leaves it to jobs of a cluster.",
  examples: {
    "evaluate --config D --S 384 --Q 352,384,416": "a row of Table 4",
    "evaluate --weights 0123abcd --method multi-crop": "a stored net",
    "evaluate --weights vgg16.h5 --Q 256,384,512": "from elsewhere",
    "evaluate --config D --S 384 --dry-run": "what it would run",
  },
});

/** Evaluates the net that options mean, under each seed, and prints its errors. */
export async function evaluate(options: Options): Promise<number> {
  const ground = await groundOf(options);
  const { run, imported } = await netToEvaluate(options, ground);
  const { Q = oneScale(run.S), methods = ["dense"], setup } = options;
  const runs = evaluations(run, Q, ...methods);
  const order = { command: "evaluate", options, ground, imported } as const;
  if (options.dryRun) return await showPlan(runs, order);
  const source = await carryOut(runs, order);
  if (source === undefined) return 0;
  const { store, contexts, dataset } = source;
  const fusions = contexts.map((context) => {
    const done = planOf(runs, [context]).filter(({ run }) => isEvaluation(run));
    return ensembleOf(done, store);
  });
  console.log(listing(
    ensembleListing(fusions, {
      setup,
      title: `${title(run)} under the setup "${nameWithChanges(setup)}" on ${dataset.name}, ` +
        `${formatNumber(dataset.val.length)} validation images`,
    }),
    options.format,
  ));
  return 0;
}
