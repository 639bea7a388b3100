import {
  applyMomentum,
  assign,
  biasAdd,
  constant,
  float32,
  gradients,
  Graph,
  identityAfter,
  int32,
  loadAddon,
  matMul,
  placeholder,
  relu,
  Session,
  softmax,
  sparseSoftmaxCrossEntropy,
  statelessRandomNormal,
  variable,
  zeros,
} from "../../lib/tensorflow/mod.ts";

/** Trains a net of two layers on XOR. The loss before each step, and p(1) of each input after all. */
export async function trainXor(steps: number) {
  const graph = new Graph();
  const inputs = placeholder(graph, "inputs", { dtype: "float32", shape: [4, 2] });
  const labels = placeholder(graph, "labels", { dtype: "int32", shape: [4] });

  const shapes = { kernel1: [2, 8], bias1: [8], kernel2: [8, 2], bias2: [2] };
  const weights = Object.entries(shapes).map(([name, shape]) => variable(graph, name, shape));
  const velocities = weights.map(({ name, shape }) => variable(graph, `${name}.velocity`, shape));
  const [kernel1, bias1, kernel2, bias2] = weights.map(({ value }) => value);
  const hidden = relu(biasAdd(matMul(inputs, kernel1!), bias1!));
  const scores = biasAdd(matMul(hidden, kernel2!), bias2!);
  const loss = sparseSoftmaxCrossEntropy(scores, labels, 4);
  const probabilities = softmax(scores);

  const rate = constant(graph, 0.1, { dtype: "float32" });
  const updates = gradients(loss, weights.map(({ value }) => value)).map((gradient, i) =>
    applyMomentum(weights[i]!, velocities[i]!, { gradient, rate, momentum: 0.9, decay: 0 })
  );
  identityAfter("step", loss, updates);
  const initial = weights.map(({ shape }, i) =>
    shape.length > 1 ? statelessRandomNormal(shape, constant(graph, [1, i])) : zeros(graph, shape)
  );
  identityAfter("initialise", constant(graph, 0), [
    ...weights.map((weight, i) => assign(weight, initial[i]!)),
    ...velocities.map((velocity) => assign(velocity, zeros(graph, velocity.shape))),
  ]);

  const session = new Session(await loadAddon(), graph);
  session.run({}, ["initialise:0"]);
  const xor = { inputs: float32([0, 0, 0, 1, 1, 0, 1, 1], [4, 2]), labels: int32([0, 1, 1, 0]) };
  const losses = Array.from({ length: steps }, () => session.run(xor, ["step:0"])[0]!.values[0]!);
  const [found] = session.run({ inputs: xor.inputs }, [probabilities]);
  session.close();
  return { losses, probabilities: [1, 3, 5, 7].map((i) => found!.values[i]!) };
}
