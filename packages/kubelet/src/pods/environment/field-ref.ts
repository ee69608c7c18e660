import type { Container, Pod } from '@geobuk/api';
import { bytesOf, canonicalQuantity, cpuMillis, milliUnits, wholeUnits } from '@geobuk/api';

/** What the downward API knows besides the pod's own object. */
export interface DownwardFacts {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** Canonical quantities, for limits that a container does not set. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A field the downward API does not have. */
export class FieldRefError extends Error {
  override readonly name = 'FieldRefError';
}

const quoted = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/**
 * The text of one field of a pod.
 * Follows: fieldpath.ExtractFieldPathAsString, podFieldSelectorRuntimeValue.
 * @throws {FieldRefError} an unknown path.
 */
export function podField(pod: Pod, path: string, facts: DownwardFacts): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] as string] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return quoted(metadata.labels);
    case 'metadata.annotations':
      return quoted(metadata.annotations);
    case 'spec.nodeName':
      return spec.nodeName ?? facts.nodeName;
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.hostIP':
      return facts.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIPs.join(',');
    case 'status.podIP':
      return facts.podIPs[0] ?? '';
    case 'status.podIPs':
      return facts.podIPs.join(',');
    default:
      throw new FieldRefError(`unsupported fieldPath: ${path}`);
  }
}

export interface ResourceFieldRef {
  readonly resource: string;
  readonly divisor?: string | undefined;
}

/**
 * A container's request or limit in units of the divisor, rounded up; an unset limit is what the node has.
 * Follows: resource.ExtractContainerResourceValue.
 * @throws {FieldRefError} an unknown resource.
 */
export function resourceField(
  container: Container,
  { resource, divisor }: ResourceFieldRef,
  facts: DownwardFacts,
): string {
  const [list, ...rest] = resource.split('.');
  const name = rest.join('.');
  if ((list !== 'limits' && list !== 'requests') || name === '') {
    throw new FieldRefError(`unsupported container resource : ${resource}`);
  }
  const { limits, requests } = container.resources ?? {};
  const limit = limits?.[name] ?? facts.allocatable[name] ?? '0';
  const value = list === 'limits' ? limit : (requests?.[name] ?? limits?.[name] ?? '0');
  const unit = divisor === undefined || divisor === '0' || divisor === '' ? '1' : divisor;
  if (name === 'cpu') return String(Math.ceil(cpuMillis(value) / Math.max(1, Number(milliUnits(unit)))));
  const size = Number(wholeUnits(unit));
  return String(Math.ceil(bytesOf(canonicalQuantity(value)) / Math.max(1, size)));
}
