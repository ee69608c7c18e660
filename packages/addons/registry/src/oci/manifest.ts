import type { Digest } from './names.js';
import { isDigest } from './names.js';
import { RegistryError } from './registry-error.js';

/** What the registry has to know of a manifest; the rest of it is the clients' business. */
export interface Manifest {
  readonly mediaType: string;
  /** Configuration and layers, which must be there. */
  readonly blobs: readonly Digest[];
  /** The manifests of an index. */
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

interface Descriptor {
  readonly mediaType?: unknown;
  readonly digest?: unknown;
  readonly urls?: unknown;
}

const mediaTypePattern = /^[a-zA-Z0-9!#$&^_.+-]{1,127}\/[a-zA-Z0-9!#$&^_.+-]{1,127}$/;

/** Layers that are fetched from elsewhere need not be here. Follows: OCI image specification, non-distributable layers. */
const isForeign = ({ mediaType, urls }: Descriptor): boolean =>
  /nondistributable|foreign/.test(String(mediaType)) || (Array.isArray(urls) && urls.length > 0);

/** @throws {RegistryError} MANIFEST_INVALID */
export function parseManifest(content: Uint8Array, contentType: string): Manifest {
  const refuse = (why: string): never => {
    throw new RegistryError('MANIFEST_INVALID', why);
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    return refuse('the manifest is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse('the manifest is no object');
  const { mediaType, config, layers, manifests, subject, artifactType, annotations, schemaVersion } = json as Record<
    string,
    unknown
  >;
  if (schemaVersion !== 2) return refuse('schemaVersion must be 2');
  const type = contentType.split(';', 1)[0]?.trim() ?? '';
  const said = type === '' ? mediaType : type;
  if (typeof said !== 'string' || !mediaTypePattern.test(said)) return refuse('the manifest has no media type');
  if (mediaType !== undefined && mediaType !== said) return refuse(`mediaType ${String(mediaType)} is not ${said}`);
  const digestIn = (value: unknown, what: string): Digest => {
    const { digest } = (value ?? {}) as Descriptor;
    if (typeof digest !== 'string' || !isDigest(digest)) return refuse(`${what} has no digest`);
    return digest;
  };
  const listOf = (value: unknown, what: string): readonly Descriptor[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > 10_000) return refuse(`${what} is no list`);
    return value as readonly Descriptor[];
  };
  const all = [...(config === undefined ? [] : [config as Descriptor]), ...listOf(layers, 'layers')];
  const configType = ((config ?? {}) as Descriptor).mediaType;
  return {
    mediaType: said,
    blobs: all.filter((one) => !isForeign(one)).map((one) => digestIn(one, 'a descriptor')),
    children: listOf(manifests, 'manifests').map((one) => digestIn(one, 'a manifest of the index')),
    subject: subject === undefined ? undefined : digestIn(subject, 'subject'),
    artifactType:
      typeof artifactType === 'string' ? artifactType : typeof configType === 'string' ? configType : undefined,
    annotations: isTexts(annotations) ? annotations : undefined,
  };
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
