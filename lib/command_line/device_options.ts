/** Options about devices: which ones compute, and batches that they can share. */
import { UsageError } from "../errors.ts";
import { type DeviceName, gpuNumbers, isDeviceName } from "../system/device.ts";
import { whole } from "./option_values.ts";

/** @throws {UsageError} GPUs cannot share a batch equally. */
export function mustDivide(batch: number, gpus: number) {
  if (gpus < 2 || batch % gpus === 0) return;
  const fewer = Array.from({ length: gpus - 1 }, (_, i) => gpus - 1 - i);
  throw new UsageError(
    `Cannot share a batch of ${batch} among ${gpus} GPUs: their number must divide it; take ` +
      `${fewer.find((number) => batch % number === 0)}`,
  );
}

/** A micro-batch. @throws {UsageError} It does not divide the batch, or GPUs cannot share it. */
export function divisorOf(
  batch: number,
  word: string | undefined,
  device: DeviceName = "cpu",
): number | undefined {
  if (word === undefined) return undefined;
  const part = whole("micro-batch", word, 1);
  const gpus = Math.max(1, gpuNumbers(device).length);
  if (part % gpus !== 0) {
    throw new UsageError(
      `Cannot use --micro-batch ${part} with ${gpus} GPUs, which share it: it must be a multiple of ` +
        `${gpus}`,
    );
  }
  if (batch % part === 0) return part;
  throw new UsageError(`Cannot use --micro-batch ${part}: it must divide the batch of ${batch}`);
}

/** @throws {UsageError} The word is not the name of a device. */
export function deviceNamed(word: string | undefined): DeviceName | undefined {
  if (word === undefined) return undefined;
  if (!isDeviceName(word)) {
    throw new UsageError(
      `Cannot use --device "${word}": it is cpu, gpu or gpu:N, as in gpu:0, or several, as in ` +
        "gpu:0,gpu:1 or gpus:2",
    );
  }
  const numbers = gpuNumbers(word);
  const twice = numbers.find((number, i) => numbers.indexOf(number) < i);
  if (twice === undefined) return word;
  throw new UsageError(
    `Cannot use --device "${word}": gpu:${twice} is named twice; name each GPU once`,
  );
}
