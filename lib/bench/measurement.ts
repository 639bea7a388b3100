/** What the bench measures of one case. */
import type { FlatRecord } from "../report/records.ts";
import type { PeerName } from "./cases.ts";

/** One line of the benchmark. */
export interface Measurement extends FlatRecord {
  readonly name: string;
  /** Of `ours` and `peer`. */
  readonly unit: "images/s" | "%";
  readonly ours: number;
  readonly peer: number | undefined;
  readonly peer_name: PeerName | undefined;
  /** How many times as fast as the peer we are: median over the rounds, least and greatest. */
  readonly ratio: number | undefined;
  readonly ratio_min: number | undefined;
  readonly ratio_max: number | undefined;
}
