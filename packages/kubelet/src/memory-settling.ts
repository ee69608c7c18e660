import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@geobuk/client';

export interface MemorySettlingDeps {
  readonly clock: Clock;
  /** Bytes that the heap has taken; the process' own unless said. */
  readonly heapBytes?: (() => number) | undefined;
  /** Collects all garbage; the engine's own unless said. */
  readonly collect?: (() => void) | undefined;
}

const periodMs = 60_000;
const growth = 1.4;

/** The engine's own collector, which it hides unless asked. */
function engineCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/**
 * Gives back to the machine what a burst of pods has left as garbage: a node that has come to rest allocates too little
 * to make the engine collect by itself, and too much to be idle. Costs about 50 ms, and only when there is something to win.
 */
export class MemorySettling {
  readonly #deps: MemorySettlingDeps;

  constructor(deps: MemorySettlingDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, heapBytes = () => process.memoryUsage().heapTotal, collect = engineCollector() } = this.#deps;
    let settled = 0;
    while (!signal.aborted) {
      await clock.after(periodMs, { signal }).catch(() => undefined);
      if (signal.aborted || heapBytes() < settled * growth) continue;
      collect();
      settled = heapBytes();
    }
  }
}
