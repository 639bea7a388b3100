/** Tries cases of phases: each on a copy of the phase's first folder, several at once. */
import { type Call, callsIn, patternOfPlace } from "./calls.ts";
import { type Case, diskFaultOf } from "./cases.ts";
import type { Phase, Start } from "./phases.ts";
import { carryOut, contentOf, copyFolder, type Ending } from "./sandbox.ts";
import { leavesDrafts, type Result, wrongAfterwards, wrongUnderFault } from "./verdict.ts";

/** A phase as it goes on a whole disk. */
export interface Rehearsed {
  readonly phase: Phase;
  /** Folder in which it starts. */
  readonly start: string;
  readonly unbroken: Result;
  readonly calls: readonly Call[];
}

/** How a case went. */
export interface Verdict {
  readonly one: Case;
  /** What is wrong; undefined if nothing is. */
  readonly wrong: string | undefined;
  /** Whether the process came to the call. */
  readonly isHit: boolean;
  readonly endings: readonly Ending[];
}

/** Shortest time after which a process counts as hanging, s, and how many times an unbroken one's. */
const PATIENCE = { seconds: 120, times: 20 };

/** Processes for each core that want to run: where there are several, each takes so much longer. */
const crowding = () => Math.max(1, Deno.loadavg()[0]! / navigator.hardwareConcurrency);

/** A laboratory: a folder for starts, copies and traces. */
export class Laboratory {
  readonly #folder: string;
  readonly #patience: number;
  readonly #starts = new Map<string, Promise<string>>();
  /** Contents of folders from which a phase's command has come to its result, in JSON. */
  readonly #continued = new Set<string>();

  /** @param patience the shortest time after which a process counts as hanging, s */
  constructor(folder: string, patience = PATIENCE.seconds) {
    this.#folder = folder;
    this.#patience = patience;
  }

  /**
   * Carries a phase out on a whole disk, and once more from the start.
   *
   * @throws {Error} It fails, or both results differ: then nothing can be compared with them.
   */
  async rehearse(phase: Phase): Promise<Rehearsed> {
    const start = await this.#startOf(phase.start);
    const folder = `${this.#folder}/slot-0`;
    const [unbroken, again] = [
      await this.#carryOut({ phase, start, folder }),
      await this.#carryOut({ phase, start, folder }),
    ];
    const wrong = wrongAfterwards(unbroken, { unbroken }) ?? wrongAfterwards(again, { unbroken });
    if (wrong) throw new Error(`${phase.name}, unbroken: ${wrong}\n${unbroken.ending.err}`);
    const calls = callsIn(unbroken.ending.trace, folder)
      .filter(({ number }) => number <= (phase.most ?? Infinity));
    return { phase, start, unbroken, calls };
  }

  /** Tries a case in the folder of a slot. */
  async try(one: Case, { phase, start, unbroken }: Rehearsed, slot: number): Promise<Verdict> {
    const folder = `${this.#folder}/slot-${slot}`;
    const first = await this.#carryOut({ phase, start, folder, one, unbroken });
    const isHit = first.ending.hit !== undefined;
    const underFault = wrongUnderFault(first, { one, unbroken });
    const state = JSON.stringify([phase.name, leavesDrafts(one), ...[...first.content].sort()]);
    if (underFault !== undefined || this.#continued.has(state)) {
      return { one, wrong: underFault, isHit, endings: [first.ending] };
    }
    const second = await this.#carryOut({ phase, folder, unbroken });
    const wrong = wrongAfterwards(second, { one, unbroken });
    if (wrong === undefined) this.#continued.add(state);
    return { one, wrong, isHit, endings: [first.ending, second.ending] };
  }

  /** Carries a phase's command out, in a copy of its first folder if that is named. */
  async #carryOut({ phase, start, folder, one, unbroken }: {
    readonly phase: Phase;
    readonly start?: string;
    readonly folder: string;
    readonly one?: Case;
    readonly unbroken?: Result;
  }): Promise<Result> {
    if (start !== undefined) await copyFolder(start, folder);
    const usual = PATIENCE.times * (unbroken?.ending.seconds ?? 0);
    const ending = await carryOut({
      folder,
      command: phase.command(folder),
      ...phase.env && { env: phase.env(folder) },
      ...one && { fault: diskFaultOf(one, folder) },
      patience: Math.max(crowding() * this.#patience, usual),
    });
    return { ending, content: contentOf(folder) };
  }

  /** The folder of a start, which is made when it is first needed. */
  #startOf(start: Start): Promise<string> {
    const known = this.#starts.get(start.name) ?? this.#make(start);
    this.#starts.set(start.name, known);
    return known;
  }

  async #make({ name, from, command, fault, change }: Start): Promise<string> {
    // where the phases will have it: some files hold its name
    const [place, kept] = [`${this.#folder}/slot-0`, `${this.#folder}/start ${name}`];
    if (from) await copyFolder(await this.#startOf(from), place);
    else {
      await Deno.remove(place, { recursive: true }).catch(() => {});
      await Deno.mkdir(place, { recursive: true });
    }
    if (command) {
      const ending = await carryOut({
        ...{ folder: place, command: command(place), patience: crowding() * this.#patience },
        ...fault && { fault: { ...fault, path: patternOfPlace(fault.place, place) } },
      });
      const isAsMeant = fault ? ending.hit !== undefined : ending.code === 0;
      if (!isAsMeant) throw new Error(`Cannot make "${name}": ${ending.out}${ending.err}`);
    }
    change?.(place);
    await copyFolder(place, kept);
    return kept;
  }
}

/** Tries cases, some at once, and yields how each went. */
export async function* tryAll(
  cases: readonly Case[],
  { laboratory, rehearsed, atOnce }: {
    readonly laboratory: Laboratory;
    readonly rehearsed: ReadonlyMap<string, Rehearsed>;
    readonly atOnce: number;
  },
): AsyncGenerator<Verdict> {
  let next = 0;
  const underWay = new Map<number, Promise<readonly [slot: number, Verdict]>>();
  const begin = (slot: number) => {
    const one = cases[next++];
    if (one === undefined) return void underWay.delete(slot);
    const phase = rehearsed.get(one.phase)!;
    underWay.set(slot, laboratory.try(one, phase, slot).then((verdict) => [slot, verdict]));
  };
  for (let slot = 0; slot < atOnce; slot++) begin(slot);
  while (underWay.size > 0) {
    const [slot, verdict] = await Promise.race(underWay.values());
    begin(slot);
    yield verdict;
  }
}
