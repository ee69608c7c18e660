/** One line of Prometheus text. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Absent where the exporter does not say when it measured. */
  readonly timestampMs: number | undefined;
}

const line = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
const label = /([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/gy;

const unescaped = (text: string): string =>
  text.includes('\\') ? text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter)) : text;

/**
 * Reads the samples whose names are wanted, and skips the rest.
 * Follows: Prometheus text format 0.0.4.
 * @throws {SyntaxError} a line that is neither a comment nor a sample.
 */
export function* parseExposition(text: string, wanted: ReadonlySet<string>): Generator<ExposedSample> {
  for (const row of text.split('\n')) {
    if (row === '' || row.startsWith('#')) continue;
    const match = line.exec(row);
    if (match === null) throw new SyntaxError(`no line of metrics: ${row.slice(0, 200)}`);
    const [, name = '', labels, value = '', timestamp] = match;
    if (!wanted.has(name)) continue;
    yield {
      name,
      labels: labels === undefined ? {} : parseLabels(labels),
      value: numberOf(value),
      timestampMs: timestamp === undefined ? undefined : Number(timestamp),
    };
  }
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  let end = 0;
  for (let match = label.exec(text); match !== null; match = label.exec(text)) {
    const [, key = '', value = ''] = match;
    labels[key] = unescaped(value);
    end = label.lastIndex;
    // An empty remainder would match nothing and start again at the beginning.
    if (end >= text.length) break;
  }
  if (text.slice(end).trim() !== '') throw new SyntaxError(`no labels: ${text.slice(0, 200)}`);
  return labels;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}
