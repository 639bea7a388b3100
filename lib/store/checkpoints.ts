/** A run's last two checkpoints: if the last one is damaged or cannot be read, the previous one is used. */
import type { Tensors } from "../vgg/checkpoint.ts";
import { UnreadableError, UserError } from "../errors.ts";
import { exists, ifThere, isThere, removeIfThere } from "../system/files.ts";
import { writeSafetensors } from "../weights/safetensors.ts";

/** Names of the last checkpoint and of the one before it. */
const NAMES = ["checkpoint.safetensors", "checkpoint.previous.safetensors"] as const;

/** The checkpoints in a run's folder. */
export class Checkpoints {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Whether there is one.
   *
   * @throws {UnreadableError} That cannot be told.
   */
  isAny(): boolean {
    return NAMES.some((name) => isThere(`${this.#folder}/${name}`));
  }

  /** Names of those that are there. */
  names(): string[] {
    return NAMES.filter((name) => exists(`${this.#folder}/${name}`));
  }

  /**
   * Reads the last one or, if it is damaged or unreadable, the previous one.
   *
   * @param read reads a file; undefined if it holds nothing of use
   * @returns undefined if there is none, or none of use
   * @throws {UnreadableError} One is unreadable, and the other is missing, damaged or unreadable.
   */
  last<Value>(read: (file: string) => Value): Value | undefined {
    let unreadable: UnreadableError | undefined;
    for (const name of NAMES) {
      try {
        // another process may be training, and rename or remove the file meanwhile
        const value = ifThere(() => read(`${this.#folder}/${name}`));
        if (value !== undefined) return value;
      } catch (error) {
        if (!(error instanceof UserError || error instanceof SyntaxError)) throw error;
        if (error instanceof UnreadableError) unreadable ??= error;
      }
    }
    if (unreadable !== undefined) throw unreadable;
    return undefined;
  }

  /**
   * Writes one, and keeps the one before it.
   *
   * @param metadata what the file says beside its state, which is JSON there
   */
  write(
    { tensors, state }: { readonly tensors: Tensors; readonly state: object },
    metadata: Readonly<Record<string, string>>,
  ) {
    const [last, previous] = NAMES.map((name) => `${this.#folder}/${name}`);
    const texts = { ...metadata, state: JSON.stringify(state) };
    writeSafetensors(last!, { tensors, metadata: texts }, { keep: previous! });
  }

  /** Removes them. @throws {UserError} One cannot be removed. */
  drop() {
    for (const name of NAMES) removeIfThere(`${this.#folder}/${name}`);
  }
}
