import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { races } from "../../lib/bench/cases.ts";
import { startContestant, together } from "../../lib/bench/contestant.ts";
import { UserError } from "../../lib/errors.ts";
import { flagsOf } from "../support/tasks.ts";

const FAKE = fileURLToPath(new URL("../support/fake_contestant.ts", import.meta.url));
const start = (...args: string[]) =>
  startContestant("fake", [
    ...[Deno.execPath(), "run", ...flagsOf("bench"), "--no-check", FAKE, ...args],
  ]);
const [CASE] = races([], []);

Deno.test("a contestant reports its version, builds, runs, and continues after an error", async () => {
  const fake = await start();
  try {
    assert.deepEqual([fake.name, fake.version], ["fake", "1.2"]);
    await fake.build(CASE!);
    assert.ok(await fake.run(2) >= 0);
    await assert.rejects(fake.run(1), new UserError("Cannot compare with fake: step 3 broke"));
    await assert.rejects(
      fake.build({ ...CASE!, name: "impossible" }),
      new UserError("Cannot compare with fake: it cannot be done"),
    );
    // a new build counts from 1 again
    await fake.build(CASE!);
    assert.ok(await fake.run(2) >= 0);
  } finally {
    await fake.stop();
  }
});

Deno.test("a program that ends or is missing is named, with its last message", async () => {
  await assert.rejects(
    start("ends"),
    new UserError('Cannot compare with fake: it ended with the message "no luck"'),
  );
  await assert.rejects(
    startContestant("nobody", ["no-such-program"]),
    (error) => error instanceof UserError && error.message.includes('"no-such-program"'),
  );
});

Deno.test("parallel contestants take as long as the slowest", async () => {
  const built: string[] = [];
  const member = (name: string, seconds: number) => ({
    ...{ name, version: "1" },
    build: ({ name: what }: { name: string }) =>
      Promise.resolve(void built.push(`${name} ${what}`)),
    run: (steps: number) => Promise.resolve(steps * seconds),
    stop: () => Promise.resolve(),
  });
  const team = together([member("a", 2), member("b", 3)]);
  await team.build({ ...CASE!, name: "x" });
  assert.deepEqual(built, ["a x", "b x"]);
  assert.equal(await team.run(10), 30);
});
