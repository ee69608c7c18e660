import type { ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from '@geobuk/api';
import { podField, resourceField } from '../pods/environment/field-ref.js';
import type { DownwardFacts } from '../pods/environment/field-ref.js';

export interface PayloadFile {
  readonly data: Buffer;
  readonly mode: number;
  /** Owner when it is not root. */
  readonly uid?: number | undefined;
}

/** Files of a volume by their path in it. */
export type Payload = ReadonlyMap<string, PayloadFile>;

/** Something a volume is made of is missing. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

export interface KeyedSource {
  readonly kind: 'configmap' | 'secret';
  readonly name: string;
  readonly object: ConfigMap | Secret | undefined;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
}

export const defaultFileMode = 0o644;

function valuesOf({ kind, object }: KeyedSource): ReadonlyMap<string, Buffer> {
  const values = new Map<string, Buffer>();
  const binary = kind === 'secret' ? (object as Secret).data : (object as ConfigMap).binaryData;
  const text = kind === 'secret' ? undefined : (object as ConfigMap).data;
  for (const [key, value] of Object.entries(text ?? {})) values.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(binary ?? {})) values.set(key, Buffer.from(value, 'base64'));
  return values;
}

/**
 * A ConfigMap or Secret as files: all its keys, or those that `items` name.
 * Follows: configmap.MakePayload, secret.MakePayload.
 * @throws {PayloadError} a missing object or key that is not optional.
 */
export function keyedPayload(source: KeyedSource, defaultMode = defaultFileMode): Payload {
  const { kind, name, object, items = [], optional } = source;
  if (object === undefined) {
    if (optional) return new Map();
    throw new PayloadError(`${kind} "${name}" not found`);
  }
  const values = valuesOf(source);
  if (items.length === 0) return new Map([...values].map(([key, data]) => [key, { data, mode: defaultMode }]));
  const payload = new Map<string, PayloadFile>();
  for (const { key, path, mode = defaultMode } of items) {
    const data = values.get(key);
    if (data !== undefined) payload.set(checkedPath(path), { data, mode });
    else if (!optional)
      throw new PayloadError('references non-existent ' + `${kind === 'secret' ? 'secret' : 'config'} key: ${key}`);
  }
  return payload;
}

/** Follows: downwardapi.CollectData. */
export function downwardPayload(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  facts: DownwardFacts,
  defaultMode = defaultFileMode,
): Payload {
  const payload = new Map<string, PayloadFile>();
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items) {
    if (fieldRef !== undefined) {
      payload.set(checkedPath(path), { data: Buffer.from(podField(pod, fieldRef.fieldPath, facts)), mode });
    } else if (resourceFieldRef !== undefined) {
      const { containerName } = resourceFieldRef;
      const containers: readonly Container[] = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
      const container = containers.find(({ name }) => name === containerName);
      if (container === undefined) throw new PayloadError(`failed to find container with name "${containerName}"`);
      payload.set(checkedPath(path), { data: Buffer.from(resourceField(container, resourceFieldRef, facts)), mode });
    }
  }
  return payload;
}

/** The API validates paths too, but files are written as root. @throws {PayloadError} a path that leaves the volume. */
export function checkedPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.length === 0 || parts.includes('..') || (parts[0] as string).startsWith('..')) {
    throw new PayloadError(`invalid path in a volume: ${JSON.stringify(path)}`);
  }
  return parts.join('/');
}
