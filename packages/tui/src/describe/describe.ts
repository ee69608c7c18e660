import type { Event, KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { events, ignoring, isForbidden, isNotFound } from '@geobuk/api';
import type { Connection } from '../cluster/connection.js';
import { pad } from '../screen/text-width.js';
import { formatAge, parseTime } from '../table/age.js';
import type { Segment, StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';
import { eventTime } from '../views/cluster-kinds.js';

type Fields = Readonly<Record<string, unknown>>;

/** Everything known of an object, for people: what it is, what it should be, how it is, what happened to it. */
export async function describe(
  connection: Connection,
  type: ResourceType,
  key: ObjectKey,
  now: number,
  signal: AbortSignal,
): Promise<readonly StyledLine[]> {
  const object = await connection.read(type, key, { signal });
  const happened = await eventsOf(connection, object, signal);
  return [...describeObject(object, now), ...describeEvents(happened, now)];
}

/** Events about an object, oldest first. Somebody who may not see events sees none. */
export async function eventsOf(
  connection: Connection,
  object: KubernetesObject,
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const { uid = '', namespace } = object.metadata;
  const fieldSelector = `involvedObject.uid=${uid}`;
  const list = await connection
    .list(events, { namespace, fieldSelector, signal })
    .catch(ignoring((error) => isForbidden(error) || isNotFound(error)));
  return [...(list?.items ?? [])].sort((a, b) => (eventTime(a) ?? 0) - (eventTime(b) ?? 0));
}

/** The object as sections of keys and values, secrets' values left out. */
export function describeObject(object: KubernetesObject, now: number): readonly StyledLine[] {
  const { metadata, kind, apiVersion } = object;
  const { managedFields: _, ...meta } = metadata;
  const head: readonly (readonly [string, string])[] = [
    ['Name', meta.name ?? ''],
    ...(meta.namespace === undefined ? [] : ([['Namespace', meta.namespace]] as const)),
    ['Kind', `${kind ?? ''} (${apiVersion ?? ''})`],
    [
      'Created',
      meta.creationTimestamp === undefined
        ? ''
        : `${meta.creationTimestamp} (${formatAge(now - (parseTime(meta.creationTimestamp) ?? now))} ago)`,
    ],
    ...(meta.deletionTimestamp === undefined ? [] : ([['Deleting since', meta.deletionTimestamp]] as const)),
  ];
  const rest = Object.entries(object as unknown as Fields).filter(
    ([name]) => !['metadata', 'kind', 'apiVersion'].includes(name),
  );
  return [
    ...head.map(([name, value]): StyledLine => [
      { text: pad(`${name}:`, 16), paint: 'key' },
      { text: value, paint: 'value' },
    ]),
    ...mapLines('Labels', meta.labels),
    ...mapLines('Annotations', meta.annotations, ['kubectl.kubernetes.io/last-applied-configuration']),
    ...(meta.ownerReferences ?? []).map((owner): StyledLine => [
      { text: pad('Controlled by:', 16), paint: 'key' },
      { text: `${owner.kind}/${owner.name}`, paint: 'string' },
    ]),
    ...(meta.finalizers === undefined
      ? []
      : [
          [
            { text: pad('Finalizers:', 16), paint: 'key' },
            { text: meta.finalizers.join(', '), paint: 'string' },
          ] as StyledLine,
        ]),
    ...rest.flatMap(([name, value]) =>
      section(name, kind === 'Secret' && /^(data|stringData)$/.test(name) ? hidden(value) : value),
    ),
  ];
}

const hidden = (value: unknown): unknown =>
  Object.fromEntries(
    Object.entries((value ?? {}) as Readonly<Record<string, string>>).map(([name, text]) => [
      name,
      `${Buffer.from(text, 'base64').length} bytes`,
    ]),
  );

function mapLines(
  title: string,
  map: Readonly<Record<string, string>> | undefined,
  without: readonly string[] = [],
): readonly StyledLine[] {
  const entries = Object.entries(map ?? {}).filter(([name]) => !without.includes(name));
  return entries.map(([name, value], index): StyledLine => [
    { text: pad(index === 0 ? `${title}:` : '', 16), paint: 'key' },
    { text: name, paint: 'text' },
    { text: '=', paint: 'dim' },
    { text: value.replaceAll('\n', '⏎'), paint: 'string' },
  ]);
}

/** `podIP` → `Pod IP`, as kubectl words it. */
export const titleOf = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/^./, (letter) => letter.toUpperCase());

function section(name: string, value: unknown): readonly StyledLine[] {
  if (name === 'status' && isFields(value)) {
    const { conditions, ...rest } = value;
    return [plainLine(''), plainLine('Status:', 'title'), ...nested(rest, 1), ...conditionLines(conditions)];
  }
  if (!isFields(value) && !Array.isArray(value))
    return [
      [
        { text: pad(`${titleOf(name)}:`, 16), paint: 'key' },
        { text: String(value), paint: 'string' },
      ],
    ];
  return [plainLine(''), plainLine(`${titleOf(name)}:`, 'title'), ...nested(value, 1)];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function nested(value: unknown, depth: number): readonly StyledLine[] {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object'))
      return value.map((item) => plainLine(`${indent}- ${String(item)}`, 'string'));
    return value.flatMap((item: unknown) => {
      const lines = nested(item, depth + 1);
      const [first, ...others] = lines;
      if (first === undefined) return [];
      const [lead, ...more] = first;
      const dashed: Segment = { text: `${indent}- ${(lead?.text ?? '').trimStart()}`, paint: lead?.paint ?? 'text' };
      return [[dashed, ...more], ...others];
    });
  }
  if (!isFields(value)) return [plainLine(`${indent}${String(value)}`, 'string')];
  return Object.entries(value).flatMap(([name, inner]): readonly StyledLine[] => {
    if (inner === undefined) return [];
    const label: Segment = { text: `${indent}${titleOf(name)}:`, paint: 'key' };
    if (typeof inner === 'object' && inner !== null) {
      const lines = nested(inner, depth + 1);
      return lines.length === 0 ? [[label, { text: ' <none>', paint: 'dim' }]] : [[label], ...lines];
    }
    const text = String(inner);
    if (!text.includes('\n'))
      return [[label, { text: ` ${text}`, paint: typeof inner === 'number' ? 'number' : 'string' }]];
    return [
      [label],
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => plainLine(`${indent}  ${line}`, 'string')),
    ];
  });
}

interface AnyCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function conditionLines(conditions: unknown): readonly StyledLine[] {
  if (!Array.isArray(conditions) || conditions.length === 0) return [];
  const all = conditions as readonly AnyCondition[];
  const width = Math.max(10, ...all.map(({ type }) => type.length + 2));
  return [
    plainLine('  Conditions:', 'key'),
    ...all.map(({ type, status, reason = '', message = '' }): StyledLine => [
      { text: `    ${pad(type, width)}`, paint: 'text' },
      { text: pad(status, 8), paint: status === 'True' ? 'ok' : status === 'False' ? 'pending' : 'dim' },
      { text: `${reason}${message === '' ? '' : `: ${message}`}`, paint: 'dim' },
    ]),
  ];
}

/** Events in the order they happened. */
export function describeEvents(happened: readonly Event[], now: number): readonly StyledLine[] {
  if (happened.length === 0)
    return [
      plainLine(''),
      [
        { text: 'Events:', paint: 'title' },
        { text: ' <none>', paint: 'dim' },
      ],
    ];
  return [plainLine(''), plainLine('Events:', 'title'), ...happened.map((event) => eventLine(event, now))];
}

export function eventLine(event: Event, now: number): StyledLine {
  const at = eventTime(event);
  const count = event.series?.count ?? event.count ?? 1;
  return [
    { text: `  ${pad(at === undefined ? '' : formatAge(now - at), 7)}`, paint: 'dim' },
    { text: `${pad(event.type ?? '', 8)}`, paint: event.type === 'Warning' ? 'pending' : 'ok' },
    { text: `${pad(event.reason ?? '', 20)} `, paint: 'value' },
    { text: `${(event.message ?? '').replaceAll('\n', ' ')}${count > 1 ? ` (×${count})` : ''}`, paint: 'text' },
  ];
}
