/** How nets are trained, as differences from one of the project's setups. */
export default {
  // smoke: a minute's test of everything; small: nets that learn in minutes; paper: the paper itself
  from: "smoke",
  // the folder of its results; runs of another setup are never mixed with them
  name: "my-study-setup",
  note: "a smoke test with a linear schedule",
  train: {
    dropout: 0.1,
    schedules: { first: { images: 4_800, drops: { rule: "linear" } } },
  },
};
