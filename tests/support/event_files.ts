/** Reads TensorBoard's event files, by their format alone. */
import assert from "node:assert/strict";
import protobuf from "protobufjs";

/** A number in an event file. */
export interface Scalar {
  readonly step: number;
  readonly tag: string;
  readonly value: number;
}

// tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto
const { root } = protobuf.parse(
  `syntax = "proto3"; package tensorflow;
  message Summary {
    message Value { string tag = 1; oneof value { float simple_value = 2; } }
    repeated Value value = 1;
  }
  message Event {
    double wall_time = 1; int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; }
  }`,
  { keepCase: true },
);
const Event = root.lookupType("tensorflow.Event");

interface EventMessage {
  readonly wall_time: number;
  readonly step: number;
  readonly file_version?: string;
  readonly summary?: { readonly value: readonly { tag: string; simple_value: number }[] };
}

/** Names of the event files in a folder. */
export function eventFilesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.includes("tfevents"));
}

/** The numbers in the only event file of a folder, in order. */
export function scalarsIn(folder: string): Scalar[] {
  const [name, ...others] = eventFilesIn(folder);
  assert.deepEqual(others, []);
  const [first, ...events] = records(Deno.readFileSync(`${folder}/${name}`)).map((record) =>
    Event.toObject(Event.decode(record), { longs: Number }) as EventMessage
  );
  assert.equal(first!.file_version, "brain.Event:2");
  return events.map(({ step, summary, wall_time }) => {
    assert.ok(wall_time > 1.6e9, "seconds since 1970");
    const [value, ...others] = summary!.value;
    assert.deepEqual(others, []);
    return { step, tag: value!.tag, value: value!.simple_value };
  });
}

/** TFRecord: length (8 bytes), its checksum, data, its checksum (tensorflow/core/lib/io/record_writer). */
function records(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(view.getUint32(at + 8, true), masked(crc32c(bytes.subarray(at, at + 8))));
    assert.equal(view.getUint32(at + 12 + length, true), masked(crc32c(data)));
    found.push(data);
    at += 12 + length + 4;
  }
  return found;
}

/** Castagnoli's checksum, bit by bit (RFC 3720, 12.1). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Turned and moved, so that checksums of data that holds checksums are good ones. */
const masked = (crc: number) => ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;

// RFC 3720, B.4: 32 bytes of zeros
assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
