import type { KubernetesObject } from '@geobuk/api';
import type { Revision } from '../store/store.js';
import type { CachedObject } from './watch-cache.js';

const metadataStart = Buffer.from('"metadata":{');
const noLabels: Readonly<Record<string, string>> = Object.freeze({});

/**
 * The bytes that are stored: compact JSON that begins with apiVersion, kind and metadata, without a resourceVersion.
 * @throws {TypeError} an object without apiVersion, kind or name.
 */
export function encodeObject(object: KubernetesObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...stored } = metadata;
  if (apiVersion === undefined || kind === undefined || stored.name === undefined) {
    throw new TypeError('only an object with apiVersion, kind and metadata.name can be stored');
  }
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: stored, ...rest }));
}

/** Where an object lies within its resource: its key without the prefix. */
export interface ObjectPlace {
  readonly key: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

export function placeOf(key: string, prefix: string): ObjectPlace {
  const slash = key.indexOf('/', prefix.length);
  if (slash < 0) return { key, namespace: undefined, name: key.slice(prefix.length) };
  return { key, namespace: key.slice(prefix.length, slash), name: key.slice(slash + 1) };
}

/** Gets every object before it is shared; tests freeze it, so that whoever writes to it is caught in the act. */
export type Seal = (object: KubernetesObject) => KubernetesObject;

export interface ObjectSource {
  readonly written?: KubernetesObject | undefined;
  readonly seal?: Seal | undefined;
}

/** A cached object over the very buffer that the store holds; see {@link CachedObject} for the format. */
export class StoredObject implements CachedObject {
  readonly key: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly revision: Revision;
  /** As stored, without the resourceVersion. */
  readonly value: Buffer;
  #parsed: WeakRef<KubernetesObject> | undefined;
  #labels: Readonly<Record<string, string>> | undefined;
  #spliceAt = 0;
  readonly #seal: Seal | undefined;

  /** @param written the object that `value` was encoded from, where this process did it: then it is never parsed. */
  constructor(place: ObjectPlace, value: Buffer, revision: Revision, { written, seal }: ObjectSource = {}) {
    this.key = place.key;
    this.namespace = place.namespace;
    this.name = place.name;
    this.value = value;
    this.revision = revision;
    this.#seal = seal;
    if (written !== undefined) {
      const metadata = { ...written.metadata, resourceVersion: String(revision) };
      this.#keep({ ...written, metadata });
    }
  }

  get object(): KubernetesObject {
    const kept = this.#parsed?.deref();
    if (kept !== undefined) return kept;
    const parsed = JSON.parse(this.value.toString()) as KubernetesObject & { metadata: { resourceVersion?: string } };
    parsed.metadata.resourceVersion = String(this.revision);
    return this.#keep(parsed);
  }

  get labels(): Readonly<Record<string, string>> {
    return (this.#labels ??= this.object.metadata.labels ?? noLabels);
  }

  get json(): Buffer {
    const json = Buffer.allocUnsafe(this.jsonBytes);
    this.copyJson(json, 0);
    return json;
  }

  get jsonBytes(): number {
    return this.value.length + 21 + digitsOf(this.revision);
  }

  copyJson(target: Buffer, offset: number): void {
    const spliceAt = (this.#spliceAt ||= spliceOffset(this));
    this.value.copy(target, offset, 0, spliceAt);
    const version = `"resourceVersion":"${this.revision}",`;
    target.write(version, offset + spliceAt, 'latin1');
    this.value.copy(target, offset + spliceAt + version.length, spliceAt);
  }

  /** The same content at another revision. */
  at(revision: Revision): StoredObject {
    return new StoredObject(this, this.value, revision, { seal: this.#seal });
  }

  #keep(object: KubernetesObject): KubernetesObject {
    const kept = this.#seal === undefined ? object : this.#seal(object);
    this.#parsed = new WeakRef(kept);
    return kept;
  }
}

function spliceOffset({ key, value }: StoredObject): number {
  const found = value.indexOf(metadataStart);
  if (found < 0) throw new TypeError(`${key} in the store is not an object of Kubernetes`);
  return found + metadataStart.length;
}

function digitsOf(revision: Revision): number {
  let digits = 1;
  for (let rest = revision; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}
