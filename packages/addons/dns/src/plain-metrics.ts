import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/**
 * A counter for the path that every query takes: it counts in a map by one text, and spells labels out only when somebody
 * reads it. Labels that are hashed for each query cost more than its answer.
 */
export class PlainCounter {
  readonly #pending = new Map<string, number>();

  /** @param labelsOf the labels that a text stands for; there may only be few texts. */
  constructor(name: string, help: string, labelsOf: (text: string) => Record<string, string>, registry: Registry) {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: Object.keys(labelsOf('')),
      registers: [registry],
      collect: () => {
        for (const [text, count] of this.#pending) counter.inc(labelsOf(text), count);
        this.#pending.clear();
      },
    });
  }

  count(text: string): void {
    this.#pending.set(text, (this.#pending.get(text) ?? 0) + 1);
  }
}

/** A histogram without labels of its own, for the same path. Follows: the Prometheus text format. */
export class PlainHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #limits: readonly number[];
  readonly #labels: Readonly<Record<string, string>>;
  /** How many fell into each bucket alone; the last one is above all limits. */
  readonly #counts: number[];
  #sum = 0;

  /** @param limits upper limits of the buckets, ascending. */
  constructor(name: string, help: string, limits: readonly number[], labels: Readonly<Record<string, string>>) {
    this.name = name;
    this.#help = help;
    this.#limits = limits;
    this.#labels = labels;
    this.#counts = new Array<number>(limits.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#limits.length && value > (this.#limits[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  text(): string {
    const labels = Object.entries(this.#labels)
      .map(([key, value]) => `${key}="${value}"`)
      .join(',');
    const lines = [`# HELP ${this.name} ${this.#help}`, `# TYPE ${this.name} histogram`];
    let total = 0;
    for (const [index, count] of this.#counts.entries()) {
      total += count;
      lines.push(`${this.name}_bucket{le="${this.#limits[index] ?? '+Inf'}",${labels}} ${total}`);
    }
    lines.push(`${this.name}_sum{${labels}} ${this.#sum}`, `${this.name}_count{${labels}} ${total}`);
    return `${lines.join('\n')}\n`;
  }
}
