import assert from "node:assert/strict";
import { constant, type Graph, placeholder } from "../../lib/tensorflow/graph.ts";
import { scale } from "../../lib/tensorflow/operations.ts";
import { float32 } from "../../lib/tensorflow/session.ts";
import {
  addSetter,
  applyMomentum,
  assign,
  assignAdd,
  identityAfter,
  type MomentumUpdate,
  variable,
} from "../../lib/tensorflow/variables.ts";
import { numbers, sessionOf } from "../support/run_graph.ts";

const scalar = (graph: Graph, value: number) => constant(graph, value, { dtype: "float32" });

Deno.test("a variable keeps its value between runs, and each session has its own", async () => {
  const build = (graph: Graph) => {
    const count = variable(graph, "count", [2]);
    addSetter(graph, count);
    const step = constant(graph, [1, 10], { dtype: "float32" });
    identityAfter("add", constant(graph, 0), [assignAdd(count, step)]);
    identityAfter("clear", constant(graph, 0), [assign(count, constant(graph, [0, 0], step))]);
    return count.value;
  };
  using one = await sessionOf(build);
  using other = await sessionOf(build);
  const read = ({ session, built }: typeof one) => numbers(session.run({}, [built])[0]);
  assert.throws(() => read(one), /count/); // it holds nothing yet
  for (const [{ session }, value] of [[one, 5], [other, 7]] as const) {
    session.run({ "count/fed": float32([value, value]) }, ["count/set"]);
  }
  one.session.run({}, ["add"]);
  one.session.run({}, ["add"]);
  assert.deepEqual(read(one), [7, 25]);
  assert.deepEqual(read(other), [7, 7]);
  one.session.run({}, ["clear"]);
  assert.deepEqual(read(one), [0, 0]);
});

/** A weight of 10 whose gradient is 2, updated at some learning rates; weight after each. */
async function descent(
  { rates, momentum, decay, form }:
    & { rates: number[] }
    & Pick<MomentumUpdate, "momentum" | "decay" | "form">,
): Promise<number[]> {
  using run = await sessionOf((graph) => {
    const [weight, velocity] = ["w", "v"].map((name) => variable(graph, name, []));
    const rate = placeholder(graph, "rate", { dtype: "float32", shape: [] });
    const begin = [assign(weight!, scalar(graph, 10)), assign(velocity!, scalar(graph, 0))];
    identityAfter("begin", constant(graph, 0), begin);
    const update = applyMomentum(weight!, velocity!, {
      ...{ gradient: scalar(graph, 2), rate, momentum, decay, form },
    });
    identityAfter("update", constant(graph, 0), [update]);
    return weight!.value;
  });
  const { session, built } = run;
  session.run({}, ["begin"]);
  return rates.map((rate) => {
    session.run({ rate: float32([rate], []) }, ["update"]);
    return numbers(session.run({}, [built])[0])[0]!;
  });
}

function near(found: readonly number[], expected: readonly number[]) {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(found[i]! - value) < 1e-5, `${found} is not ${expected}`);
  }
}

Deno.test("the velocity keeps the rate that it was made with, as in Caffe", async () => {
  // v = -0.2; then 0.9 * -0.2 - 0.02 = -0.2; then 0.9 * -0.2 - 0.02 = -0.2.
  const rates = [0.1, 0.01, 0.01];
  near(await descent({ rates, momentum: 0.9, decay: 0 }), [9.8, 9.6, 9.4]);
});

Deno.test("in PyTorch's form the velocity takes on the new rate at once", async () => {
  // What torch.optim.SGD of PyTorch 2.13 does; v = 2, 3.8, 5.42.
  const rates = [0.1, 0.01, 0.01];
  const form = "pytorch";
  near(await descent({ rates, momentum: 0.9, decay: 0, form }), [9.8, 9.762, 9.7078]);
  // at one rate the two are the same
  const same = { rates: [0.1, 0.1, 0.1], momentum: 0.5, decay: 0.5 };
  near(await descent({ ...same, form }), await descent(same));
});

Deno.test("momentum adds up: 1, 1.5, 1.75 times the first step", async () => {
  const rates = [0.1, 0.1, 0.1];
  near(await descent({ rates, momentum: 0.5, decay: 0 }), [9.8, 9.5, 9.15]);
});

Deno.test("weight decay adds lambda w to the gradient, not twice that", async () => {
  // 10 - 0.1 * (2 + 0.5 * 10) = 9.3
  near(await descent({ rates: [0.1], momentum: 0.9, decay: 0.5 }), [9.3]);
});

Deno.test("what a step read before its update stays as it was", async () => {
  using run = await sessionOf((graph) => {
    const weight = variable(graph, "w", []);
    identityAfter("begin", constant(graph, 0), [assign(weight, scalar(graph, 4))]);
    const doubled = assignAdd(weight, scale(weight.value, 1));
    return [identityAfter("step", weight.value, [doubled]), weight.value];
  });
  const [step, value] = run.built;
  run.session.run({}, ["begin"]);
  assert.deepEqual(numbers(run.session.run({}, [step!])[0]), [4]);
  assert.deepEqual(numbers(run.session.run({}, [value!])[0]), [8]);
});
