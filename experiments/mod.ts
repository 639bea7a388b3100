/** Every table that asks for runs, and every setup. */
export { default as table3 } from "./table3.ts";
export { default as table4 } from "./table4.ts";
export { default as table5 } from "./table5.ts";
export { default as table6 } from "./table6.ts";
export { default as table7 } from "./table7.ts";
export { default as kernels } from "./kernels.ts";
export { default as starts } from "./starts.ts";
export * as setups from "./setups.ts";
