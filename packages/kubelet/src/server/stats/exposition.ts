type Labels = Readonly<Record<string, string>>;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Prometheus text. These series come and go with pods and bear the time of their measurement, so no registry keeps them. */
export class Exposition {
  readonly #lines: string[] = [];

  family(name: string, type: 'counter' | 'gauge', help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  sample(name: string, labels: Labels, value: number, atMs?: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    const inBraces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    this.#lines.push(`${name}${inBraces} ${value}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}`);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
