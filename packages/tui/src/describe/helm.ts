import { gunzipSync, gzipSync } from 'node:zlib';
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
  /** What holds where the person set nothing. */
  readonly chartValues: unknown;
  /** Hooks of the chart: what Helm itself would run around a change. */
  readonly hooks: number;
  /** All that is stored, for who writes the next revision. */
  readonly stored: StoredRelease;
}

/** A release is a megabyte at most, since its Secret is; unpacked it is never larger than this. */
const largestRelease = 32 * 1024 * 1024;

export interface StoredRelease {
  readonly name?: string;
  readonly namespace?: string;
  readonly version?: number;
  readonly manifest?: string;
  readonly config?: unknown;
  readonly hooks?: readonly unknown[] | null;
  readonly info?: {
    readonly status?: string;
    readonly description?: string;
    readonly notes?: string;
    readonly first_deployed?: string;
    readonly last_deployed?: string;
  };
  readonly chart?: {
    readonly values?: unknown;
    readonly metadata?: { readonly name?: string; readonly version?: string; readonly appVersion?: string };
  };
}

export const helmSecretType = 'helm.sh/release.v1';

/** Follows: Helm 3's storage driver for Secrets: base64 of base64 of gzip of JSON. Undefined: this is no release. */
export function parseHelmRelease(secret: Secret): HelmRelease | undefined {
  const packed = secret.data?.['release'];
  if (secret.type !== helmSecretType || packed === undefined) return undefined;
  const inner = Buffer.from(Buffer.from(packed, 'base64').toString('ascii'), 'base64');
  const isPacked = inner[0] === 0x1f && inner[1] === 0x8b;
  const json = (isPacked ? gunzipSync(inner, { maxOutputLength: largestRelease }) : inner).toString('utf8');
  const stored = JSON.parse(json) as StoredRelease;
  const chart = stored.chart?.metadata;
  return {
    name: stored.name ?? secret.metadata.labels?.['name'] ?? '',
    namespace: stored.namespace ?? secret.metadata.namespace ?? '',
    revision: stored.version ?? 0,
    status: stored.info?.status ?? 'unknown',
    chart: chart === undefined ? '' : `${chart.name ?? ''}-${chart.version ?? ''}`,
    appVersion: chart?.appVersion ?? '',
    description: stored.info?.description ?? '',
    manifest: stored.manifest ?? '',
    notes: stored.info?.notes ?? '',
    values: stored.config ?? {},
    chartValues: stored.chart?.values ?? {},
    hooks: stored.hooks?.length ?? 0,
    stored,
  };
}

/** A release as Helm stores it: the inverse of {@link parseHelmRelease}. */
export function helmSecretOf(stored: StoredRelease, now: number): Secret {
  const { name = '', namespace = '', version = 0, info } = stored;
  const packed = gzipSync(JSON.stringify(stored), { level: 9 }).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: helmSecretType,
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace,
      labels: {
        name,
        owner: 'helm',
        status: info?.status ?? 'unknown',
        version: String(version),
        modifiedAt: String(Math.floor(now / 1_000)),
      },
    },
    data: { release: Buffer.from(packed).toString('base64') },
  };
}

/** Values as they hold: those of the chart with the person's over them. Follows: Helm: null takes a value away. */
export function mergedValues(chart: unknown, own: unknown): unknown {
  const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(chart) || !isMap(own)) return own ?? chart;
  const merged: Record<string, unknown> = { ...chart };
  for (const [name, value] of Object.entries(own)) {
    if (value === null) delete merged[name];
    else merged[name] = name in chart ? mergedValues(chart[name], value) : value;
  }
  return merged;
}
