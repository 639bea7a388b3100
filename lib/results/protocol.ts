/** The protocol of a measured number, and which numbers are comparable. */
import type { DatasetDescription } from "../datasets/dataset.ts";
import type { Departure, Protocol, RowResult } from "./row_result.ts";
import { type EvaluateSetup, INTERPRETATIONS, type Setup } from "../setup.ts";
import { UserError } from "../errors.ts";
import { type EvalRun, formatS, looksAtMirror } from "../experiment.ts";
import { formatNumber } from "../numbers.ts";

/** The fields of a protocol that all numbers of a reproduction share. */
export type SharedProtocol = Pick<Protocol, "setup" | "dataset" | "split" | "images" | "classes">;

/** These fields for the paper's own numbers. */
export const PAPER_PROTOCOL: SharedProtocol = {
  setup: "paper",
  dataset: "ilsvrc2012",
  split: "val",
  images: 50_000,
  classes: 1000,
};

/** Numbers of classes and images of a data set. */
export interface DataSize {
  readonly classes: number;
  readonly train: number;
  readonly val: number;
}

/** The size of ILSVRC-2012 (Section 4, "Dataset"; its 1.3M training images counted). */
export const PAPER_DATA: DataSize = {
  classes: PAPER_PROTOCOL.classes,
  train: 1_281_167,
  val: PAPER_PROTOCOL.images,
};

/** The size of a data set. */
export function sizeOf(
  { classes, train, val }: Readonly<
    Record<keyof Pick<DatasetDescription, "classes" | "train" | "val">, { readonly length: number }>
  >,
): DataSize {
  return { classes: classes.length, train: train.length, val: val.length };
}

/** The name of a setup in a protocol: `small`, `paper with batch=128`. */
export function nameWithChanges({ name, changes }: Pick<Setup, "name" | "changes">): string {
  return changes === undefined ? name : `${name} with ${changes}`;
}

/**
 * The protocol of a row: the shared fields, and the scales and methods of its evaluations, under a
 * setup.
 */
export function protocolOf(
  evaluations: readonly EvalRun[],
  { evaluate = {}, ...shared }: SharedProtocol & {
    readonly evaluate?: Pick<EvaluateSetup, "centreCrop">;
  },
): Protocol {
  const unique = <Value>(values: readonly Value[]) => [...new Set(values)];
  const scales = new Map(evaluations.map(({ net: { S } }) => [formatS(S), S]));
  const methods = unique(evaluations.map(({ method }) => method));
  return {
    ...shared,
    S: [...scales.values()],
    Q: unique(evaluations.map(({ Q }) => Q)),
    methods,
    flips: methods.every((method) => looksAtMirror(method, evaluate)),
  };
}

/** Fields in which two protocols differ, in a fixed order; numbers are comparable if it is empty. */
export function differences(one: Protocol, other: Protocol): (keyof Protocol)[] {
  const fields: (keyof Protocol)[] = [
    ...["setup", "dataset", "split", "images", "classes", "S", "Q", "methods", "flips"] as const,
  ];
  return fields.filter((field) => JSON.stringify(one[field]) !== JSON.stringify(other[field]));
}

/** Fields in which two rows may differ: those of their nets and of their protocols. */
export type Field = "config" | "init" | "update" | keyof Protocol;

/** Every field in which two rows differ. */
export function differingFields(
  one: Pick<RowResult, "row" | "protocol">,
  other: Pick<RowResult, "row" | "protocol">,
): Field[] {
  const ofNets = (["config", "init", "update"] as const).filter((field) => {
    const values = ({ row: { evaluations } }: Pick<RowResult, "row">) =>
      evaluations.map(({ net: { update = "all", ...net } }) =>
        JSON.stringify({ update, ...net }[field])
      );
    return new Set(values(one)).symmetricDifference(new Set(values(other))).size > 0;
  });
  return [...ofNets, ...differences(one.protocol, other.protocol)];
}

/** Names of fields in a sentence. */
const NAMES: Readonly<Record<Field, string>> = {
  config: "configuration",
  init: "initialisation",
  update: "layers that learn",
  setup: "setup",
  dataset: "data set",
  split: "split",
  images: "number of images",
  classes: "number of classes",
  S: "S",
  Q: "Q",
  methods: "method",
  flips: "flips",
};

/** Every field in which two rows may differ. */
export const FIELDS = Object.keys(NAMES) as readonly Field[];

/** Names of fields as a list: `setup, data set, number of classes`. */
export function namesOf(fields: readonly Field[]): string {
  return fields.map((field) => NAMES[field]).join(", ");
}

/**
 * Every field of a setup and its data that differs from the paper, with both values. Fields that only
 * one side has count, too. Names, notes and fields that decide no number do not. A departure that all
 * three schedules share is listed once.
 */
export function departures(
  setup: Setup,
  paper: Setup,
  data: DataSize = PAPER_DATA,
): Departure[] {
  const deciding = ({ dataset, train, evaluate }: Setup, data: DataSize) =>
    fieldsOf({
      dataset,
      data,
      ...INTERPRETATIONS.train,
      ...train,
      ...INTERPRETATIONS.evaluate,
      ...evaluate,
    });
  const [ours, theirs] = [deciding(setup, data), deciding(paper, PAPER_DATA)];
  const found = fieldDifferences(theirs, ours).map(({ field, one, other }) => (
    { field, paper: one, here: other }
  ));

  const shared = Map.groupBy(
    found,
    ({ field, paper, here }) =>
      JSON.stringify([field.replace(/^schedules\.\w+/, "schedules"), paper, here]),
  );
  return [...shared].flatMap(([name, alike]) => {
    const [field] = JSON.parse(name) as [string];
    return alike.length === SCHEDULES ? [{ ...alike[0]!, field }] : alike;
  });
}

/** A field with its two values; `none` if one side does not have the field. */
export interface FieldDifference {
  readonly field: string;
  readonly one: string;
  readonly other: string;
}

/** The fields, as `fieldsOf` lists them, whose values differ. */
export function fieldDifferences(
  ones: ReadonlyMap<string, string>,
  others: ReadonlyMap<string, string>,
): FieldDifference[] {
  return [...new Set([...ones.keys(), ...others.keys()])].map((field) => ({
    field,
    one: ones.get(field) ?? "none",
    other: others.get(field) ?? "none",
  })).filter(({ one, other }) => one !== other);
}

/** S = 256, S = 384 and jittered S have a schedule each. */
const SCHEDULES = 3;

/**
 * Refuses any departure from the paper's protocol: `--strict`.
 *
 * @param doubts why the data is probably not what it is taken for
 * @throws {UserError} There are departures or doubts; the message lists all of them.
 */
export function mustBePapers(departures: readonly Departure[], doubts: readonly string[] = []) {
  if (departures.length + doubts.length === 0) return;
  const list = [
    ...departures.map(({ field, here, paper }) => `${field} is ${here}, not ${paper}`),
    ...doubts.map(withoutStop),
  ];
  throw new UserError(
    `Cannot call this the paper's protocol (--strict): ${list.join("; ")}; choose --setup paper ` +
      "without --set, --dataset and --precision, on the whole of ILSVRC-2012, or leave --strict out",
  );
}

/** A sentence as a part of another one. */
export function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

/** The fields of a value in words, by path, as in `schedules.first.images`. */
export function fieldsOf(value: object): Map<string, string> {
  const found = new Map<string, string>();
  function visit(path: string, value: unknown) {
    if (isBranch(value)) {
      for (const [name, part] of Object.entries(value)) {
        visit(path ? `${path}.${name}` : name, part);
      }
    } else found.set(path, inWords(value));
  }
  visit("", value);
  return found;
}

/** Whether a value is visited field by field; a rule for drops of the rate is one value. */
function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null && !("rule" in value);
}

/** A value in words, for a footnote: `he`, `1/8`, `60,000`, `steps at 0.7 0.9`. */
function inWords(value: unknown): string {
  if (typeof value === "number") {
    const part = 1 / value;
    return value < 1 && Number.isInteger(part) && part >= 8 && Number.isInteger(Math.log2(part))
      ? `1/${part}`
      : formatNumber(value, { maximumSignificantDigits: 12 });
  }
  if (typeof value !== "object" || value === null) return String(value);
  const { rule, ...facts } = value as Record<string, unknown>;
  return [
    rule,
    ...Object.entries(facts).map(([name, fact]) => `${name} ${[fact].flat().join(" ")}`),
  ]
    .join(" ");
}
