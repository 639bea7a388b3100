/**
 * Commands about nets outside of tables: they train, test, export and average them, write the logs of
 * their runs, and submit their answers to ILSVRC's test server.
 *
 * @module
 */
import { type CommandFacts, RESULTS } from "./command_facts.ts";
import type { OptionName } from "./option_list.ts";

/** Options of commands that carry out runs outside of tables. */
const RUN_OPTIONS: readonly OptionName[] = [
  ...["config", "S", "update", ...RESULTS] as const,
  ...["workers", "executor", "resources", "wait"] as const,
  ...["micro-batch", "deterministic", "skip-unreadable", "dry-run", "format"] as const,
];

/** Commands about nets, by their names. */
export const netCommands = {
  train: {
    summary: "Train one net, as the tables do or from another start",
    takes: [...RUN_OPTIONS, "init-from", "input", "layers"],
    about: "Trains a net and its ancestors, unless they are done. Without --init-from it is the " +
      "paper's own net, with the paper's chain of ancestors, and so the run that the tables use. " +
      "Scales other than 256 use the setup's finer or jittered schedule. --init-from copies weights " +
      "by layer name: all layers of a net of the same config; otherwise those that the paper's " +
      "deeper nets copy from net A, or those of --layers. --config ./mine.ts/F is net F of a file " +
      "with tables, as the file starts it; without --S at its only scale. --update fc freezes the " +
      "convolutions. " +
      "--executor slurm submits jobs to a cluster.",
    examples: {
      "train --config D --S 384": "a net of Table 3",
      "train --config D --S 256,512 --update fc": "Section 4.4's net",
      "train --config E --S 256 --init-from random": "without net A",
      "train --config E --S 256 --init-from 0123abcd": "from a stored net",
      "train --config D --S 256 --dry-run": "what would run",
    },
  },
  evaluate: {
    summary: "Test one net at any scales: the paper's, a stored one, or a file's",
    takes: [...RUN_OPTIONS, "weights", "input", "Q", "method"],
    about:
      "Tests a net at each Q with each method, and prints each error and the error of the mean " +
      "of all posteriors, with 95 % intervals. The net is the paper's own net of --config and --S, " +
      "which is trained first if necessary, or a file's, as in --config ./mine.ts/F; or --weights: a stored training, or a file of weights, " +
      "which is copied into the store. Files can be Keras's VGG (HDF5), torchvision's (safetensors " +
      "or .pth) or a store's own weights.safetensors. The posteriors are stored where the tables " +
      "use them. --executor slurm submits jobs to a cluster.",
    examples: {
      "evaluate --config D --S 384 --Q 352,384,416": "a row of Table 4",
      "evaluate --weights 0123abcd --method multi-crop": "a stored net",
      "evaluate --weights vgg16.h5 --Q 256,384,512": "a released net",
      "evaluate --config D --S 384 --dry-run": "what would run",
    },
  },
  export: {
    summary: "Write a stored net for torchvision, Keras, TensorFlow, ONNX, browsers",
    words: { pattern: "KEY FILE", most: 2 },
    takes: ["as", "raw", ...RESULTS, "skip-unreadable"],
    about:
      "Writes the weights of a finished training, which the first digits of its key name, and " +
      "prints what the net expects as input: --as torchvision, a state_dict of its VGG as a " +
      "safetensors file; --as keras, an HDF5 file for load_weights of its VGG; --as savedmodel, a " +
      "folder for TensorFlow that includes the input's mean and the soft-max; --as onnx, a file for " +
      "any runtime of ONNX that includes them, too, unless --raw is given, and takes whole images of " +
      "any size; --as page, a folder whose index.html shows the net at work in a browser, without network. " +
      "A card says what the net is: FILE.md, or README.md in the folder.",
    examples: {
      "export 0123abcd d.safetensors --as torchvision": "for PyTorch",
      "export 0123abcd d.h5 --as keras": "for Keras",
      "export 0123abcd d --as savedmodel": "for TensorFlow, in Python or elsewhere",
      "export 0123abcd d.onnx --as onnx": "for ONNX Runtime, in browsers, on phones or elsewhere",
      "export 0123abcd results/small/net --as page": "drop pictures on it, beside report.html",
    },
  },
  "export-log": {
    summary: "Write the logs of runs for MLflow",
    words: { pattern: "[FOLDER]", most: 1 },
    takes: ["as", ...RESULTS],
    about:
      "Writes every run that was begun as MLflow's file store keeps it: the recipe as parameters, " +
      "losses, rates and errors as metrics with their steps, machine and commit as tags, and " +
      "evaluations under their trainings. FOLDER is mlruns beside the results if none is named; " +
      "another export replaces the same runs there and nothing else. Needs no network and no MLflow. " +
      "TensorBoard reads the logs where they are. docs/how-to/trackers.md.",
    examples: {
      "export-log --as mlflow": "to results/small/mlruns",
      "export-log mlruns --as mlflow --setup smoke": "to your mlruns",
    },
  },
  fuse: {
    summary: "Average any stored posteriors, and compare with the best of them",
    words: { pattern: "KEY...", most: Infinity },
    takes: ["method", ...RESULTS, "skip-unreadable", "format"],
    about:
      "Averages posteriors, as the paper does over scales, methods and nets. Prints the error " +
      "of each member and of the mean, with 95 % intervals, and compares the mean with its best " +
      "member on the same images. A KEY, or its first digits, names an evaluation, or a training " +
      "and with it all of its stored evaluations. Every evaluation has the same weight. Trains and " +
      "tests nothing.",
    examples: {
      "fuse 0123abcd 4567cdef": "two nets, all their scales",
      "fuse 0123abcd --method dense,multi-crop": "as in Table 5",
      "fuse 0123abcd 4567cdef --format json": "for a program",
    },
  },
  submission: {
    summary: "Write a submission to ILSVRC's test server, or record its score",
    words: { pattern: "TABLE/ROW|KEY...", most: Infinity },
    takes: [
      ...["score", "method", ...RESULTS, "workers", "micro-batch"] as const,
      ...["deterministic", "skip-unreadable", "dry-run", "yes", "format"] as const,
    ],
    about:
      "Writes the file for the test server of ILSVRC-2012: a line for each image, in the order " +
      "of file names, with the five best classes by their ILSVRC2012_ID. It is the mean over the " +
      "evaluations of a table's row, or of the KEYs (a training's key means its stored " +
      "evaluations), on the test images; missing evaluations are carried out first. --score keeps " +
      "the top-5 error that the server returned, and tables show it next to the published one.",
    examples: {
      "submission table6/4 --setup paper --data DIR": "the best two nets",
      "submission table6/4 --setup paper --data DIR --score 6.8": "keep the server's answer",
      "submission 0123abcd 4567cdef --data DIR": "the mean of two stored nets",
    },
  },
} as const satisfies Record<string, CommandFacts>;
