/**
 * Whether a table, a study or claims have their shape, told without the library that explains what is
 * wrong with others: to load it takes as long as all the rest of opening a file. The library has the last
 * word: what is not well-formed here is checked again by it (`shape.ts`, `study_shape.ts`, `claims_shape.ts`).
 *
 * @module
 */
import { COLUMNS, METHODS } from "../experiment.ts";
import { ALLOWED } from "../results/claims.ts";
import { FIELDS } from "../results/protocol.ts";
import { ALL_NETS, OWN_FIELD_NAMES } from "../vgg/configs.ts";
import {
  HEADINGS,
  INHERITED,
  MOST_HIDDEN,
  MOST_SEEDS,
  MOST_SIDE,
  NET_NAME,
  WORD,
} from "./facts.ts";

type Test = (value: unknown) => boolean;

const isText = (value: unknown): value is string => typeof value === "string";
const isWord: Test = (value) => isText(value) && WORD.test(value);
const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);
const isTrue: Test = (value) => value === true;
const isError: Test = (value) => isNumber(value) && value >= 0 && value <= 100;
const isWhole = (least: number, most = Infinity): Test => (value) =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const isOneOf = (words: readonly unknown[]): Test => (value) => words.includes(value);
const isEither = (...tests: readonly Test[]): Test => (value) => tests.some((test) => test(value));

/** A list of `least` values or more; one that was left out is undefined. */
const isList = (test: Test, least = 0, most = Infinity): Test => (value) =>
  Array.isArray(value) && value.length >= least && value.length <= most &&
  Array.from(value).every(test);

/** An object with all of some fields, and others that may be absent or undefined. */
function isObject(
  needed: Readonly<Record<string, Test>>,
  others: Readonly<Record<string, Test>> = {},
  isOther: Test = () => false,
): Test {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return Object.keys(needed).every((field) => Object.hasOwn(value, field)) &&
      Object.entries(value).every(([field, inner]) => {
        if (Object.hasOwn(needed, field)) return needed[field]!(inner);
        if (!Object.hasOwn(others, field)) return isOther(inner);
        return inner === undefined || others[field]!(inner);
      });
  };
}

const isLayer = isEither(
  isWhole(1),
  isOneOf(["lrn"]),
  isObject(
    {
      size: (value) => isWhole(1, MOST_SIDE)(value) && (value as number) % 2 === 1,
      channels: isWhole(1),
    },
    { stride: isOneOf([1, 2]) },
  ),
);

const isBlock: Test = (value) =>
  isList(isLayer)(value) && (value as readonly unknown[]).some((layer) => layer !== "lrn");

const isInit = isEither(
  isOneOf(["random"]),
  isObject({ from: isNet, layers: isEither(isOneOf(INHERITED), isList(isText)) }),
);

const hasNetFields = isObject({
  config: (value) => isText(value) && NET_NAME.test(value),
  S: isEither(isWhole(0), isList(isWhole(0), 2, 2)),
  init: (value) => isInit(value),
}, {
  blocks: isList(isBlock, 1),
  batchNorm: isEither(isTrue, isWhole(2)),
  average: isTrue,
  fc: isList(isWhole(1), 0, MOST_HIDDEN),
  dropout: (value) => isNumber(value) && value >= 0 && value < 1,
  update: isOneOf(["all", "fc"]),
});

/** A net of the paper has no fields of its own, and another one has blocks. Nets of files are rare. */
function isNet(value: unknown): boolean {
  if (!hasNetFields(value)) return false;
  const net = value as Readonly<Record<string, unknown>>;
  return isOneOf(ALL_NETS)(net.config)
    ? OWN_FIELD_NAMES.every((field) => net[field] === undefined)
    : net.blocks !== undefined;
}

const isRow = isObject({
  evaluations: isList(
    isObject({ net: isNet, Q: isWhole(0), method: isOneOf(METHODS) }, { test: isText }),
  ),
}, {
  title: isText,
  published: isObject({}, {
    top1: isError,
    top5: isError,
    testTop5: isEither(isError, isOneOf(["merged"])),
  }),
});

/** Whether a value has the shape of a table, which contains itself nowhere. */
export const isTable = isObject({
  name: isWord,
  caption: isText,
  headings: isList(isOneOf(HEADINGS), 1),
  rows: isList(isRow, 1),
}, {
  columns: isList(isOneOf(COLUMNS)),
  baseline: isWhole(1),
  quotes: isTrue,
  note: isText,
  help: isObject({ summary: isText, about: isText }),
});

const isScale = isWhole(1);

const isAnyObject = isObject({}, {}, () => true);

/** A net whose layers are checked later, in the rows of the study. */
const isNetInGrid = isObject(
  { blocks: isList(isList(isEither(isNumber, isText, isAnyObject))) },
  { config: isText },
  () => true,
);

/** Whether a value has the shape of a study. */
export const isStudy = isObject({
  name: isWord,
  caption: isText,
  grid: isObject(
    {},
    {
      config: isList(isEither(isOneOf(ALL_NETS), isNetInGrid), 1),
      S: isList(isEither(isScale, isList(isScale, 2, 2)), 1),
      Q: isList(isEither(isScale, isList(isScale, 1), isOneOf(["one", "three"])), 1),
      method: isList(isEither(isOneOf(METHODS), isList(isOneOf(METHODS), 1)), 1),
      seed: isList(isWhole(0), 1),
    },
    isList(isEither(isNumber, isText, isList(isNumber, 1)), 1),
  ),
}, { $schema: isText, seeds: isWhole(1, MOST_SEEDS) });

const isRowOfClaim: Test = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  "evaluations" in value && Array.isArray(value.evaluations);

/** Whether a value has the shape of claims. */
export const areClaims = isList(isObject({
  name: isWord,
  section: isText,
  sentence: isText,
  relation: isOneOf(Object.keys(ALLOWED)),
  pairs: isList(
    isObject(
      { first: isRowOfClaim, second: isRowOfClaim },
      { published: isNumber, control: isTrue },
    ),
    1,
  ),
  varies: isList(isOneOf(FIELDS), 1),
}, { reading: isText }));
