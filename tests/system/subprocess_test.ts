import assert from "node:assert/strict";
import { failure, reason } from "../../lib/system/subprocess.ts";

Deno.test("pip without a network: the broken connection, not the package that was not found", () => {
  const retry = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by " +
    "'NewConnectionError('<urllib3.HTTPSConnection object at 0x7f45>: Failed to establish a new " +
    "connection: [Errno -2] Name or service not known')': /simple/tensorflow-cpu/";
  const stderr = `${retry}
ERROR: Could not find a version that satisfies the requirement x==1 (from versions: none)
ERROR: No matching distribution found for x==1`;
  assert.equal(
    reason(stderr),
    "Failed to establish a new connection: [Errno -2] Name or service not known",
  );
});

Deno.test("pip with a network: its last error, without the warnings around it", () => {
  const stderr = `WARNING: Location 'file:///mirror/x/' is ignored
ERROR: Could not find a version that satisfies the requirement x==1 (from versions: none)
ERROR: No matching distribution found for x==1
WARNING: Running pip as the 'root' user can result in broken permissions
`;
  assert.equal(reason(stderr), "No matching distribution found for x==1");
});

Deno.test("a compiler: the first of its errors", () => {
  const stderr = `In file included from tfjs_backend.cc:18:
tfjs_backend.h:21:10: fatal error: node_api.h: No such file or directory
   21 | #include <node_api.h>
compilation terminated.`;
  const first = "tfjs_backend.h:21:10: fatal error: node_api.h: No such file or directory";
  assert.equal(reason(stderr), first);
});

Deno.test("a full disk is recognised in the output of any program", () => {
  const stderr = "Traceback (most recent call last):\nOSError: [Errno 28] No space left on device";
  assert.match(
    failure("unpack x", stderr, "try again").message,
    /^Cannot unpack x: the disk is full/,
  );
  assert.equal(
    failure("unpack x", "ERROR: broken", "try again").message,
    "Cannot unpack x: broken; try again",
  );
});
