import { ApiError, protobufMediaType } from '@geobuk/api';

export type Transformation = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** The form in which a client wants its answer. */
export interface Negotiated {
  readonly mediaType: 'application/json' | 'application/yaml';
  /** Instead of `mediaType`; only where the caller offers it. */
  readonly protobuf?: true;
  readonly as: Transformation | undefined;
  /** `v1` or `v1beta1` of meta.k8s.io, for transformations. */
  readonly version: string;
}

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const plainJson: Negotiated = { mediaType: 'application/json', as: undefined, version: 'v1' };
const known = new Map<string, readonly Range[]>();

/** Clients send the same few headers again and again. */
export function parseAccept(header: string): readonly Range[] {
  const before = known.get(header);
  if (before !== undefined) return before;
  const ranges = header
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
      const map = new Map(
        parameters.map((parameter) => {
          const equals = parameter.indexOf('=');
          return [parameter.slice(0, equals).toLowerCase(), parameter.slice(equals + 1)] as const;
        }),
      );
      return { type: type.toLowerCase(), parameters: map, quality: Number(map.get('q') ?? 1) };
    })
    .filter(({ type }) => type !== '')
    .sort((a, b) => b.quality - a.quality);
  if (known.size > 200) known.clear();
  known.set(header, ranges);
  return ranges;
}

/**
 * The first form of the Accept header that can be given. Whole objects come as protobuf where the caller can,
 * metadata alone always, tables never. Follows: checklist 1.5.1, 1.5.2, 1.5.6.
 * @throws {ApiError} NotAcceptable.
 */
export function negotiate(
  accept: string | undefined,
  offered: readonly Transformation[],
  { protobuf = false }: { readonly protobuf?: boolean } = {},
): Negotiated {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return plainJson;
  for (const { type, parameters } of parseAccept(accept)) {
    const as = parameters.get('as');
    const isProtobuf = type === protobufMediaType;
    if (isProtobuf && as === undefined && protobuf) return { ...plainJson, protobuf: true };
    const mediaType = isProtobuf && as !== undefined && as !== 'Table' ? 'application/json' : mediaTypeOf(type);
    if (mediaType === undefined) continue;
    if (as === undefined) return { mediaType, as: undefined, version: 'v1' };
    const version = parameters.get('v') ?? 'v1';
    if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    const transformation = offered.find((name) => name === as);
    if (transformation !== undefined) {
      return { mediaType, as: transformation, version, ...(isProtobuf ? { protobuf: true } : {}) };
    }
  }
  throw ApiError.of(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml',
  );
}

/** How values that nobody transforms are wanted, such as a Status; what nothing fits comes as JSON. */
export function plainFormOf(accept: string | undefined): Negotiated['mediaType'] | typeof protobufMediaType {
  if (accept === undefined || accept === '') return 'application/json';
  for (const { type, parameters } of parseAccept(accept)) {
    if (type === protobufMediaType && parameters.get('as') !== 'APIGroupDiscoveryList') return protobufMediaType;
    const mediaType = mediaTypeOf(type);
    if (mediaType !== undefined) return mediaType;
  }
  return 'application/json';
}

function mediaTypeOf(type: string): Negotiated['mediaType'] | undefined {
  if (type === 'application/yaml') return 'application/yaml';
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'application/json';
  return undefined;
}
