/** Every table that asks for runs, and every setup. */
export { default as table3 } from "./table3.ts";
export * as setups from "./setups.ts";
