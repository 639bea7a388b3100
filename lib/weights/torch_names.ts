/**
 * Names of VGG's tensors in PyTorch files. Training scripts, PyTorch's wrappers and other libraries change
 * them; here they become torchvision's of today, `features.N.weight` and `classifier.{0,3,6}.weight`.
 *
 * @module
 */
import type { Shapes } from "./weights_file.ts";

/** Where the name of a layer begins, behind what wrappers put before it. */
const LAYER = /(^|\.)(?=(features|classifier|pre_logits|head)\.)/;

/** timm's modules by torchvision's. */
const TIMM: Readonly<Record<string, string>> = {
  "pre_logits.fc1": "classifier.0",
  "pre_logits.fc2": "classifier.3",
  "head.fc": "classifier.6",
};

/**
 * Modules of the classifier in torchvision before March 2017, where dropout came first, by those of today.
 */
const DROPOUT_FIRST: Readonly<Record<string, string>> = {
  "classifier.1": "classifier.0",
  "classifier.4": "classifier.3",
  "classifier.6": "classifier.6",
};

/** Whether tensors have names of VGG's layers. */
export function isTorchVgg(shapes: Shapes): boolean {
  return shapes.keys().some((name) => LAYER.test(name));
}

/**
 * Names of a file's tensors by torchvision's. Left out is what `DataParallel` (`module.`), `torch.compile`
 * (`_orig_mod.`) or a training script puts before all names, or around the features alone.
 *
 * @throws {Error} Names have different prefixes, so that there may be several nets, or one is unknown.
 */
export function torchvisionNames(shapes: Shapes): Map<string, string> {
  const names = [...shapes.keys()];
  const prefixes = new Set(names.map((name) => {
    const found = LAYER.exec(name);
    if (!found) throw new Error(`it has ${JSON.stringify(name)}, which is not part of VGG`);
    return name.slice(0, found.index + found[1]!.length);
  }));
  if (prefixes.size > 1) {
    const list = [...prefixes].map((prefix) => JSON.stringify(prefix)).join(", ");
    throw new Error(
      `its names begin with ${list}, so it may hold several nets; save one of them alone`,
    );
  }
  const [prefix = ""] = prefixes;
  const bare = names.map((name) =>
    name.slice(prefix.length).replace(/^(features|classifier)\.(?:module|_orig_mod)\./, "$1.")
  );
  const isOld = hasDropoutFirst(bare);
  return new Map(bare.map((name, i) => {
    const [, module = "", part = ""] = /^(.*)\.([^.]*)$/.exec(name) ?? [];
    const renamed = TIMM[module] ?? (isOld ? DROPOUT_FIRST[module] : undefined) ?? module;
    return [`${renamed}.${part}`, names[i]!];
  }));
}

/**
 * Whether names are those of torchvision before March 2017. The nets of the paper's authors were converted
 * for PyTorch under these names, with Caffe's input.
 */
export function hasDropoutFirst(names: readonly string[]): boolean {
  const has = (module: string) => names.some((name) => name.includes(`${module}.`));
  return has("classifier.1") && has("classifier.4") && !has("classifier.0") && !has("classifier.3");
}
