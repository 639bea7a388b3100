/**
 * A card of a net: what it is, how it was trained and tested, and how to use it, as a README.md of a
 * model hub. Its first lines are metadata in YAML, with the errors as accuracies (`model-index`).
 *
 * @module
 */
import { stringify } from "yaml";
import type { DatasetInfo } from "../datasets/dataset.ts";
import { UnreadableError, UserError } from "../errors.ts";
import { displayName, formatS, isEvaluation, isImported, type TrainRun } from "../experiment.ts";
import { formatNumber } from "../numbers.ts";
import type { PlannedRun } from "../plan.ts";
import { type Ensemble, ensembleOf, type EnsembleStore } from "../results/ensemble.ts";
import { originOf, recipeFields, withAncestors } from "../results/lineage.ts";
import { departures, nameWithChanges, sizeOf } from "../results/protocol.ts";
import type { ErrorIntervals } from "../results/row_result.ts";
import type { Study } from "../results/study.ts";
import type { RunStatus } from "../store/mod.ts";
import { type Execution, executionInWords } from "../system/environment.ts";
import { PAPER_CROP, pixels } from "../vgg/images.ts";
import { escapedMarkdown as escaped, markdownTable } from "./markdown.ts";
import { capitalised, errorText, MISSING, rangeText } from "./words.ts";

/** What a card's numbers come from: a study with its store, or a bundle. */
export interface CardStudy extends Pick<Study, "setup" | "paper"> {
  readonly dataset:
    & Pick<DatasetInfo, "name" | "classes" | "fingerprint">
    & Readonly<Record<"train" | "val", { readonly length: number }>>;
  readonly store: EnsembleStore & {
    allRuns(): readonly PlannedRun[];
    status(run: PlannedRun): Pick<RunStatus, "state" | "detail">;
    readExecutions(run: PlannedRun): readonly Execution[];
  };
}

/** What a card is about. */
export interface CardInput {
  readonly planned: PlannedRun & { readonly run: TrainRun };
  readonly study: CardStudy;
  /** Licences and attributions of the data, if they are known. */
  readonly credits?: string | undefined;
  /** The net's file; absent in a bundle, which has no weights. */
  readonly file?: NetFile;
}

/** The file of a net. */
export interface NetFile {
  /** The library that it is for. */
  readonly library: string;
  /** What the net expects and gives, as sentences. */
  readonly input: string;
  /** Python that loads it; absent if none does. */
  readonly code?: string;
}

/** How every card begins. */
export const CARD_START = "---\n# written by verydeep\n";

/** Names of data sets on the hub. */
const HUB_NAMES: Readonly<Record<string, string>> = {
  ilsvrc2012: "ILSVRC/imagenet-1k",
  cifar10: "uoft-cs/cifar10",
  cifar100: "uoft-cs/cifar100",
  "fashion-mnist": "zalandoresearch/fashion_mnist",
};

const IMAGENET_LICENCE =
  "ImageNet's images may be used for non-commercial research and education (image-net.org/download). " +
  "Whether that binds a net's weights is for its user to judge.";

/** What is said of the licence of data that has no credits of its own. */
const LICENCES: Readonly<Record<string, string>> = {
  ilsvrc2012: IMAGENET_LICENCE,
  "ilsvrc2012-real": IMAGENET_LICENCE,
};

const WITHOUT_WEIGHTS = "This card is in a bundle, which has posteriors and no weights.";

const UNKNOWN_LICENCE =
  "The licence of the images is not known to this program: say here what it is, " +
  "before you publish the weights.";

/**
 * A card as Markdown. Its errors are those of the stored evaluations on validation images.
 *
 * @throws {UnreadableError} A disk withholds some of these.
 */
export function cardOf({ planned, study, credits, file }: CardInput): string {
  const { run, context, key } = planned;
  const { dataset, paper } = study;
  const isOwnData = context.data === dataset.fingerprint;
  const data = isOwnData ? dataset.name : undefined;
  const setup = { ...study.setup, train: context.train, evaluate: context.evaluate };
  const tested = testsOf(planned, study);
  const name = displayName(run);
  const executions = study.store.readExecutions(planned);
  return [
    `${CARD_START}${stringify(metadataOf({ name, file, data, tested }))}---`,
    `# ${escaped(name)}`,
    `An image classifier of [Very Deep Convolutional Networks for Large-Scale Image ` +
    `Recognition](https://arxiv.org/abs/1409.1556): config ${escaped(run.config)}, ${
      isImported(run.init)
        ? "with weights from a file"
        : `trained at S = ${escaped(formatS(run.S))}`
    }, key \`${key}\`.`,
    "## How to use it",
    ...file === undefined ? [WITHOUT_WEIGHTS] : [
      `For ${file.library}. ${escaped(file.input)}`,
      ...file.code === undefined ? [] : [["```python", file.code, "```"].join("\n")],
    ],
    "`deno task export` writes it for torchvision, Keras (where these have its layers), TensorFlow, " +
    "ONNX, and as a page for browsers.",
    "## Errors",
    ...errorsInWords(tested, data, context.train.crop),
    "## Training",
    table(["what", "value"], [
      [
        isImported(run.init) ? "data of the tests" : "data",
        data === undefined ? `with fingerprint ${context.data}` : dataInWords(dataset),
      ],
      ["setup", nameWithChanges(setup)],
      ["seed", String(context.seed)],
    ]),
    "Lineage, nearest first:",
    withAncestors(planned).map((each) =>
      `- ${escaped(displayName(each.run))} (\`${each.key}\`) from ` +
      escaped(originOf(each.run, context.train))
    ).join("\n"),
    ...executions.map((execution) => `${escaped(capitalised(executionInWords(execution)))}.`),
    "## Departures from the paper",
    departureList(departures(setup, paper, isOwnData ? sizeOf(dataset) : undefined)),
    "## Recipe",
    table(["field", "value"], [...recipeFields(planned)]),
    "## Licence of the data",
    credits === undefined
      ? LICENCES[data ?? ""] ?? UNKNOWN_LICENCE
      : ["```text", credits.trim(), "```"].join("\n"),
  ].join("\n\n") + "\n";
}

/**
 * The stored evaluations of a net, each with its errors; damaged ones are left out.
 *
 * @throws {UnreadableError} A disk withholds one: its absence would not be seen in a card.
 */
function testsOf(planned: PlannedRun, { store }: CardStudy): Ensemble[] {
  const runs = store.allRuns().filter(({ run, ancestor }) =>
    isEvaluation(run) && run.test === undefined && ancestor?.key === planned.key
  );
  return runs.flatMap((run) => {
    const { state, detail } = store.status(run);
    if (state === "unreadable") throw new UnreadableError(detail);
    if (state !== "done") return [];
    try {
      return [ensembleOf([run], store)];
    } catch (error) {
      if (error instanceof UserError && !(error instanceof UnreadableError)) return [];
      throw error;
    }
  });
}

/** The metadata of a card; see the hub's modelcard.md. Tags are in small letters, as libraries' there. */
function metadataOf({ name, file, data, tested }: {
  readonly name: string;
  readonly file: NetFile | undefined;
  readonly data: string | undefined;
  readonly tested: readonly Ensemble[];
}): object {
  const hub = HUB_NAMES[data ?? ""];
  const results = tested.filter(({ doubts }) => doubts.length === 0).flatMap(({ members }) =>
    members.map(({ run, errors: { top1, top5 } }) => {
      const how = howTested(run);
      const accuracy = (kind: string, error: number) => ({
        type: "accuracy",
        name: `${kind} accuracy, ${how}`,
        value: Number((1 - error / 100).toFixed(6)),
      });
      return {
        task: { type: "image-classification" },
        dataset: { name: data ?? "unknown", type: hub ?? data ?? "unknown", split: "validation" },
        metrics: [
          accuracy("top-1", top1),
          ...top5 === undefined ? [] : [accuracy("top-5", top5)],
        ],
      };
    })
  );
  return {
    pipeline_tag: "image-classification",
    tags: ["vgg", "verydeep", ...file === undefined ? [] : [file.library.toLowerCase()]],
    ...hub && { datasets: [hub] },
    ...results.length > 0 && {
      metrics: ["accuracy"],
      "model-index": [{ name, results }],
    },
  };
}

/** The way a net was tested: `dense, Q = 256`. */
function howTested({ run }: PlannedRun): string {
  return isEvaluation(run) ? `${run.method}, Q = ${run.Q}` : "";
}

/** Errors of a net's tests; a net of another crop than the paper's sees smaller images at the same Q. */
function errorsInWords(
  tested: readonly Ensemble[],
  data: string | undefined,
  crop: number,
): string[] {
  if (tested.length === 0) return ["It was not tested here."];
  const cell = (error: number | undefined, interval: ErrorIntervals["top1"] | undefined) =>
    error === undefined || interval === undefined
      ? MISSING
      : `${errorText(error)} (${rangeText(interval)})`;
  const scales = new Set(
    tested.flatMap(({ members }) => members).flatMap(({ run: { run } }) =>
      isEvaluation(run) ? [run.Q] : []
    ),
  );
  const sides = [...scales].sort((a, b) => a - b).map((Q) =>
    `${formatNumber(pixels(Q, crop))} pixels at Q = ${Q}`
  );
  const rows = tested.flatMap(({ images, members }) =>
    members.map(({ run, errors, intervals }) => [
      howTested(run),
      formatNumber(images),
      cell(errors.top1, intervals.top1),
      cell(errors.top5, intervals.top5),
      `\`${run.key}\``,
    ])
  );
  return [
    `On the validation images of ${
      data ?? "its data"
    }, with Wilson's 95 % intervals. Numbers under ` +
    "another protocol are not comparable.",
    table(["test", "images", "top-1 error, %", "top-5 error, %", "key"], rows),
    ...crop === PAPER_CROP ? [] : [
      `Q is in the paper's pixels, whose crops have ${PAPER_CROP}; those of this net have ${crop}. So ` +
      `the smallest side of an image has ${sides.join(", ")}.`,
    ],
    ...new Set(
      tested.flatMap(({ doubts }) => doubts).map((doubt) => `Doubtful: ${escaped(doubt)}.`),
    ),
  ];
}

function dataInWords(
  { name, classes, train, val, fingerprint }: CardStudy["dataset"],
): string {
  const [trained, tested] = [train.length, val.length].map((count) => formatNumber(count));
  return `${name}: ${formatNumber(classes.length)} classes, ${trained} training and ${tested} ` +
    `validation images, fingerprint ${fingerprint}`;
}

function departureList(found: ReturnType<typeof departures>): string {
  if (found.length === 0) return "None.";
  return table(
    ["field", "paper", "here"],
    found.map(({ field, paper, here }) => [field, paper, here]),
  );
}

/** A table; code is taken as it is. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.startsWith("`") ? cell : escaped(cell)));
  return markdownTable(header, cells, []);
}
