import type { PaintName } from '../screen/paint.js';
import { pad } from '../screen/text-width.js';
import type { StyledLine } from './styled-text.js';

const numericLevels: Readonly<Record<string, string>> = {
  '10': 'trace',
  '20': 'debug',
  '30': 'info',
  '40': 'warn',
  '50': 'error',
  '60': 'fatal',
};

const levelPaints: Readonly<Record<string, PaintName>> = {
  error: 'alert',
  err: 'alert',
  fatal: 'alert',
  panic: 'alert',
  warn: 'warn',
  warning: 'warn',
  info: 'info',
  debug: 'dim',
  trace: 'dim',
};

type Fields = Readonly<Record<string, unknown>>;

const first = (
  fields: Fields,
  names: readonly string[],
): { readonly name: string; readonly value: unknown } | undefined => {
  const name = names.find((one) => fields[one] !== undefined);
  return name === undefined ? undefined : { name, value: fields[name] };
};

/**
 * A line of structured logging as level, time, message and the other fields. Undefined when it is no JSON object.
 * Follows: the names pino, zap, logrus, slog and bunyan give these fields.
 */
export function jsonLogLine(text: string): StyledLine | undefined {
  if (!text.startsWith('{')) return undefined;
  let fields: Fields;
  try {
    fields = JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
  const level = first(fields, ['level', 'severity', 'lvl']);
  const time = first(fields, ['time', 'ts', 'timestamp', '@timestamp']);
  const message = first(fields, ['msg', 'message', 'event']);
  const used = new Set([level?.name, time?.name, message?.name]);
  const word = level === undefined ? '' : (numericLevels[String(level.value)] ?? String(level.value)).toLowerCase();
  const rest = Object.entries(fields)
    .filter(([name]) => !used.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return [
    { text: `${pad(word, 5)} `, paint: levelPaints[word] ?? 'text' },
    { text: time === undefined ? '' : `${timeText(time.value)} `, paint: 'dim' },
    {
      text: message === undefined ? '' : String(message.value),
      paint: levelPaints[word] === 'alert' ? 'alert' : 'value',
    },
    { text: rest === '' ? '' : ` ${rest}`, paint: 'dim' },
  ];
}

function timeText(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  const ms = value > 1e14 ? value / 1e6 : value > 1e11 ? value : value * 1_000;
  return new Date(ms).toISOString();
}
