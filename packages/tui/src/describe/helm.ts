import { gunzipSync } from 'node:zlib';
import type { Secret } from '@geobuk/api';

/** One release of a chart, as Helm keeps it in a Secret. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: string;
  readonly chart: string;
  readonly appVersion: string;
  readonly description: string;
  readonly manifest: string;
  readonly notes: string;
  /** What the person set. */
  readonly values: unknown;
}

/** A release is a megabyte at most, since its Secret is; unpacked it is never larger than this. */
const largestRelease = 32 * 1024 * 1024;

interface StoredRelease {
  readonly name?: string;
  readonly namespace?: string;
  readonly version?: number;
  readonly manifest?: string;
  readonly config?: unknown;
  readonly info?: { readonly status?: string; readonly description?: string; readonly notes?: string };
  readonly chart?: {
    readonly metadata?: { readonly name?: string; readonly version?: string; readonly appVersion?: string };
  };
}

/** Follows: Helm 3's storage driver for Secrets: base64 of base64 of gzip of JSON. Undefined: this is no release. */
export function parseHelmRelease(secret: Secret): HelmRelease | undefined {
  const stored = secret.data?.['release'];
  if (secret.type !== 'helm.sh/release.v1' || stored === undefined) return undefined;
  const inner = Buffer.from(Buffer.from(stored, 'base64').toString('ascii'), 'base64');
  const isPacked = inner[0] === 0x1f && inner[1] === 0x8b;
  const json = (isPacked ? gunzipSync(inner, { maxOutputLength: largestRelease }) : inner).toString('utf8');
  const release = JSON.parse(json) as StoredRelease;
  const chart = release.chart?.metadata;
  return {
    name: release.name ?? secret.metadata.labels?.['name'] ?? '',
    namespace: release.namespace ?? secret.metadata.namespace ?? '',
    revision: release.version ?? 0,
    status: release.info?.status ?? 'unknown',
    chart: chart === undefined ? '' : `${chart.name ?? ''}-${chart.version ?? ''}`,
    appVersion: chart?.appVersion ?? '',
    description: release.info?.description ?? '',
    manifest: release.manifest ?? '',
    notes: release.info?.notes ?? '',
    values: release.config ?? {},
  };
}
