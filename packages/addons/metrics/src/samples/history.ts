export interface HistoryOptions {
  readonly stepMs: number;
  readonly slots: number;
  /** Beyond it the series that was silent longest is forgotten. */
  readonly maxSeries: number;
}

/** What was used, oldest first; NaN where nothing is known. */
export interface Series {
  readonly cpuCores: readonly number[];
  readonly workingSetBytes: readonly number[];
}

interface Ring {
  readonly cpuCores: Float32Array;
  /** In KiB, which 32 bits hold up to 4 TiB. */
  readonly memoryKib: Uint32Array;
  /** The step that was written last. */
  last: number;
}

/**
 * An hour, or what is asked for, of two numbers for each series, eight bytes a step: rings of fixed size that are
 * written over. A step is the time divided by the period, so all series share one axis and need no times of their own.
 */
export class History {
  readonly #options: HistoryOptions;
  /** In the order of their last write. */
  readonly #rings = new Map<string, Ring>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  get seriesCount(): number {
    return this.#rings.size;
  }

  /** What all rings together take. */
  get sizeBytes(): number {
    return this.#rings.size * this.#options.slots * 8;
  }

  add(id: string, atMs: number, cpuCores: number, workingSetBytes: number): void {
    const { slots, stepMs, maxSeries } = this.#options;
    const step = Math.floor(atMs / stepMs);
    let ring = this.#rings.get(id);
    if (ring === undefined) {
      ring = { cpuCores: new Float32Array(slots).fill(NaN), memoryKib: new Uint32Array(slots), last: step - 1 };
    } else if (step < ring.last) return; // time went back; the ring waits for it
    this.#rings.delete(id);
    this.#rings.set(id, ring);
    // What lies between the last write and this one is a gap, and may hold values of the last round.
    for (let gap = Math.max(ring.last + 1, step - slots + 1); gap < step; gap++) ring.cpuCores[gap % slots] = NaN;
    ring.cpuCores[step % slots] = cpuCores;
    ring.memoryKib[step % slots] = Math.round(workingSetBytes / 1024);
    ring.last = step;
    if (this.#rings.size > maxSeries) this.#forgetOldest();
  }

  /** Forgets series that were silent for the whole time the rings hold. */
  forgetSilent(nowMs: number): void {
    const { slots, stepMs } = this.#options;
    const oldest = Math.floor(nowMs / stepMs) - slots;
    for (const [id, { last }] of this.#rings) {
      if (last > oldest) return; // the map is in order of the last write
      this.#rings.delete(id);
    }
  }

  /** Beginnings of the steps that {@link read} gives, oldest first. */
  times(nowMs: number, steps: number): readonly number[] {
    const { stepMs } = this.#options;
    const end = Math.floor(nowMs / stepMs);
    return Array.from({ length: this.#clamped(steps) }, (_, i) => (end - this.#clamped(steps) + 1 + i) * stepMs);
  }

  read(id: string, nowMs: number, steps: number): Series | undefined {
    const { slots, stepMs } = this.#options;
    const ring = this.#rings.get(id);
    if (ring === undefined) return undefined;
    const end = Math.floor(nowMs / stepMs);
    const count = this.#clamped(steps);
    const cpuCores: number[] = [];
    const workingSetBytes: number[] = [];
    for (let step = end - count + 1; step <= end; step++) {
      const known = step >= 0 && step <= ring.last && step > ring.last - slots;
      const cores = known ? (ring.cpuCores[step % slots] ?? NaN) : NaN;
      cpuCores.push(cores);
      workingSetBytes.push(Number.isNaN(cores) ? NaN : (ring.memoryKib[step % slots] ?? 0) * 1024);
    }
    return { cpuCores, workingSetBytes };
  }

  ids(): IterableIterator<string> {
    return this.#rings.keys();
  }

  #clamped(steps: number): number {
    return Math.max(1, Math.min(this.#options.slots, Math.floor(steps)));
  }

  #forgetOldest(): void {
    const [oldest] = this.#rings.keys();
    if (oldest !== undefined) this.#rings.delete(oldest);
  }
}
