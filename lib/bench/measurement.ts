/** The result of one case of the benchmark. */
import type { FlatRecord } from "../report/records.ts";
import type { PeerName } from "./cases.ts";

/** One line of the benchmark. */
export interface Measurement extends FlatRecord {
  readonly name: string;
  /** Unit of `ours` and `peer`. */
  readonly unit: "images/s" | "%";
  readonly ours: number;
  readonly peer: number | undefined;
  readonly peer_name: PeerName | undefined;
  /** Our speed divided by the peer's: median, minimum and maximum over the rounds. */
  readonly ratio: number | undefined;
  readonly ratio_min: number | undefined;
  readonly ratio_max: number | undefined;
}
