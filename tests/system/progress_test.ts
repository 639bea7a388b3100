import assert from "node:assert/strict";
import { clock, progressBar, progressBars } from "../../lib/system/progress.ts";

/** A stream that remembers, and a clock that goes when it is told to. */
function surroundings({ isTTY = false } = {}) {
  const written: string[] = [];
  let time = 0;
  return {
    stream: { isTTY, write: (text: string) => written.push(text) },
    now: () => time,
    pass: (ms: number) => void (time += ms),
    text: () => written.join(""),
  };
}

Deno.test("work of less than two seconds leaves no trace", () => {
  for (const isTTY of [false, true]) {
    const around = surroundings({ isTTY });
    const bar = progressBar("scenes", { unit: "images", ...around });
    for (let done = 0; done <= 19; done++) {
      bar.update(done, 19);
      around.pass(100);
    }
    bar.stop();
    assert.equal(around.text(), "");
  }
});

Deno.test("without a terminal there is a line for each tenth, with rate and time left", () => {
  const around = surroundings();
  const bar = progressBar("scenes", { unit: "images", ...around });
  // 2,000 images a second: 10,000 are left after one second, 8,000 after two.
  for (const done of [0, 2_000, 4_000]) {
    bar.update(done, 12_000);
    around.pass(1_000);
  }
  assert.equal(around.text(), "scenes: 33 %, 4,000/12,000 images, 2,000/s, 0:04 left\n");
  bar.stop();
});

Deno.test("slow work speaks every ten seconds, and no more often", () => {
  const around = surroundings();
  const bar = progressBar("training", { ...around });
  bar.update(0, 1_000, "loss 2.30");
  for (let second = 1; second <= 25; second++) {
    around.pass(1_000);
    bar.update(second, 1_000, "loss 2.30");
  }
  bar.stop();
  // One unit a second: 990 are left after ten.
  assert.deepEqual(around.text().split("\n"), [
    "training: 1 %, 10/1,000, 16:30 left, loss 2.30",
    "training: 2 %, 20/1,000, 16:20 left, loss 2.30",
    "training: 2 %, 25/1,000, 16:15 left, loss 2.30",
    "",
  ]);
});

Deno.test("work that was done before says nothing about the rate", () => {
  const around = surroundings();
  const bar = progressBar("resumed", { ...around });
  bar.update(900, 1_000);
  around.pass(10_000);
  bar.update(910, 1_000);
  assert.equal(around.text(), "resumed: 91 %, 910/1,000, 1:30 left\n");
  bar.stop();
});

Deno.test("a terminal shows a bar of the right length", () => {
  const around = surroundings({ isTTY: true });
  const bar = progressBar("scenes", { unit: "images", ...around });
  for (const done of [0, 3_000, 6_000]) {
    bar.update(done, 12_000);
    around.pass(1_500);
  }
  bar.stop();
  const half = "█".repeat(10) + "░".repeat(10);
  const line = `scenes  ${half}   50 %  6,000/12,000 images  2,000/s  0:03 left`;
  assert.ok(around.text().includes(line), around.text());
});

Deno.test("bars side by side line up; one that is stopped goes away; logs stand above", () => {
  const around = surroundings({ isTTY: true });
  const bars = progressBars(around);
  const [runs, run] = [bars.bar("runs"), bars.bar("train D 256")];
  around.pass(3_000);
  runs.update(1, 4);
  around.pass(100);
  run.update(1, 2);
  const quarter = "█".repeat(5) + "░".repeat(15);
  assert.ok(around.text().includes(`runs         ${quarter}   25 %  1/4`), around.text());
  run.stop();
  bars.log("train D 256 is done");
  around.pass(1_000);
  runs.update(2, 4);
  bars.stop();
  const last = around.text().split("train D 256 is done").at(-1)!;
  assert.ok(!last.includes("train D 256"), last);
  assert.ok(last.includes(`runs  ${"█".repeat(10)}${"░".repeat(10)}   50 %  2/4`), last);
});

Deno.test("times read as people say them", () => {
  assert.equal(clock(7), "0:07");
  assert.equal(clock(59.2), "1:00"); // a second that began
  assert.equal(clock(3 * 3600 + 5 * 60), "3:05:00");
  assert.equal(clock((2 * 24 + 4) * 3600), "2 d 04 h");
  assert.equal(clock((3930 * 24 + 4) * 3600), "3,930 d 04 h");
});
