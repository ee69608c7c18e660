import type { Addon } from '@geobuk/api';
import { addonPhase, compareVersions } from '@geobuk/api';

/** One addon as `geobuk addon list` shows it; also what `-o json` prints. */
export interface AddonRow {
  readonly name: string;
  /** The wish. */
  readonly enabled: boolean;
  readonly phase: string;
  readonly version: string | undefined;
  /** A version that could be installed instead. */
  readonly update: string | undefined;
  readonly provides: readonly string[];
  readonly needs: readonly string[];
  /** Of its package and of those container images that a node has. */
  readonly imageBytes: number | undefined;
  /** What its pods request, those of DaemonSets counted once. */
  readonly memoryBytes: number | undefined;
  readonly package: string | undefined;
  readonly description: string | undefined;
  /** What is wrong, and what to do. */
  readonly problem: string | undefined;
  readonly hint: string | undefined;
}

export function addonRow(addon: Addon): AddonRow {
  const { metadata, spec, status } = addon;
  const size = status?.size;
  return {
    name: metadata.name ?? '',
    enabled: spec.enabled,
    phase: addonPhase(addon),
    version: status?.installedVersion,
    update: updateOf(addon),
    provides: status?.provides ?? [],
    needs: status?.requires ?? [],
    imageBytes: size === undefined ? undefined : size.packageBytes + size.imageBytes,
    memoryBytes: size?.memoryBytes,
    package: spec.source?.package,
    description: status?.description,
    problem: status?.lastError?.message,
    hint: status?.lastError?.hint,
  };
}

function updateOf({ status }: Addon): string | undefined {
  const { installedVersion: installed, availableVersion: available } = status ?? {};
  if (installed === undefined || available === undefined) return undefined;
  return compareVersions(available, installed) > 0 ? available : undefined;
}

const megabytes = (bytes: number | undefined, unit: number, name: string): string =>
  bytes === undefined ? '-' : `${bytes < 10 * unit ? (bytes / unit).toFixed(1) : Math.round(bytes / unit)} ${name}`;

export const addonTitles = [
  ...['NAME', 'WISH', 'STATE', 'VERSION', 'UPDATE', 'NEEDS', 'IMAGES', 'MEMORY', 'ABOUT'],
] as const;

export const addonCells = (row: AddonRow): readonly string[] => [
  row.name,
  row.enabled ? 'on' : 'off',
  row.phase,
  row.version ?? '-',
  row.update ?? '-',
  row.needs.join(',') || '-',
  megabytes(row.imageBytes, 1e6, 'MB'),
  megabytes(row.memoryBytes, 1 << 20, 'Mi'),
  row.problem ?? row.description ?? '',
];
