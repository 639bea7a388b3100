/** Every table that needs runs, and every setup. A new table is a file here and a line below. */
import type { ListedTable } from "../lib/experiment.ts";
import filterSize from "./filter_size.ts";
import initialisation from "./initialisation.ts";
import table3 from "./table3.ts";
import table4 from "./table4.ts";
import table5 from "./table5.ts";
import table6 from "./table6.ts";
import table7 from "./table7.ts";

export * as setups from "./setups.ts";

/** The paper's tables that need runs: what `reproduce-all` carries out. */
export const paperTables: readonly ListedTable[] = [table3, table4, table5, table6, table7];

/** Tables of experiments that the paper describes in its text, and your own. */
export const sideExperiments: readonly ListedTable[] = [filterSize, initialisation];
