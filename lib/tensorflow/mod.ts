/**
 * TensorFlow from TypeScript: graphs with gradients, written node by node and run by TensorFlow's C
 * library. README.md has an example.
 *
 * @module
 */
export { type Binding, loadAddon, type LoadOptions } from "./addon.ts";
export { batch, type DataNode, iterator, map, prefetch, tensorSlices } from "./data.ts";
export { mapFile, type MappedFile, readFile, readPart } from "./files.ts";
export { gradients } from "./gradients.ts";
export {
  attr,
  constant,
  type DType,
  Graph,
  type Node,
  placeholder,
  type Shape,
  type Spec,
  stringPlaceholder,
  type Tensor,
} from "./graph.ts";
export {
  decodeAndCrop,
  decodeImage,
  type Filter,
  flipWhere,
  resize,
  resizeWindow,
} from "./images.ts";
export * from "./layers.ts";
export * from "./operations.ts";
export {
  type FeedValue,
  type Fetched,
  float32,
  type HeldTensor,
  int32,
  isOutOfMemory,
  Session,
} from "./session.ts";
export { openSummaries, type Summaries } from "./summaries.ts";
export {
  addSetter,
  applyMomentum,
  assign,
  assignAdd,
  identityAfter,
  type MomentumUpdate,
  type Variable,
  variable,
} from "./variables.ts";
