/** Protocol buffers: messages by the text of their definition. */
import protobuf from "protobufjs";

/**
 * The message types of a definition in the language of `.proto` files. Fields keep the names that it
 * gives them, and a message is written with its fields in the order of their numbers.
 *
 * @param definition as in `syntax = "proto3"; package p; message M { int32 i = 1; }`
 * @returns finds a type by its full name, as in `p.M`
 */
export function messageTypes(definition: string): (name: string) => protobuf.Type {
  const { root } = protobuf.parse(definition, { keepCase: true });
  return (name) => root.lookupType(name);
}
