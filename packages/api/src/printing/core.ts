import { ageCell, createdAtCell, integer, nameCell, printer, wide } from './table.js';
import { ageOf } from './human-duration.js';
import { conditionStatus, none, orNone } from './cell-text.js';
import type {
  ConfigMap,
  Event,
  EventsV1Event,
  LimitRange,
  Namespace,
  Node,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../generated/types.js';
import type { PrintContext } from './table.js';

export const nodePrinter = printer<Node>({
  Name: nameCell,
  Status: nodeStatusText,
  Roles: nodeRolesText,
  Age: ageCell,
  Version: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
  'Internal-IP': wide(({ status }) => addressText(status?.addresses, 'InternalIP')),
  'External-IP': wide(({ status }) => addressText(status?.addresses, 'ExternalIP')),
  'OS-Image': wide(({ status }) => status?.nodeInfo?.osImage || '<unknown>'),
  'Kernel-Version': wide(({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>'),
  'Container-Runtime': wide(({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
});

/** The STATUS column of `kubectl get nodes`. */
export function nodeStatusText({ spec, status }: Node): string {
  const ready = conditionStatus(status?.conditions, 'Ready');
  const text = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${text},SchedulingDisabled` : text;
}

const rolePrefix = 'node-role.kubernetes.io/';

function nodeRolesText({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? none : [...roles].sort().join(',');
}

const addressText = (
  addresses: readonly { readonly type: string; readonly address: string }[] | undefined,
  type: string,
): string => orNone(addresses?.find((candidate) => candidate.type === type)?.address);

export const namespacePrinter = printer<Namespace>({
  Name: nameCell,
  Status: ({ status }) => status?.phase ?? '',
  Age: ageCell,
});

const sizeOf = (record: object | undefined): number => (record === undefined ? 0 : Object.keys(record).length);

export const configMapPrinter = printer<ConfigMap>({
  Name: nameCell,
  Data: integer(({ data, binaryData }) => sizeOf(data) + sizeOf(binaryData)),
  Age: ageCell,
});

export const secretPrinter = printer<Secret>({
  Name: nameCell,
  Type: ({ type }) => type ?? '',
  Data: integer(({ data }) => sizeOf(data)),
  Age: ageCell,
});

export const serviceAccountPrinter = printer<ServiceAccount>({
  Name: nameCell,
  Secrets: integer(({ secrets }) => secrets?.length ?? 0),
  Age: ageCell,
});

export const limitRangePrinter = printer<LimitRange>({
  Name: nameCell,
  'Created At': { type: 'date', cell: createdAtCell },
});

export const resourceQuotaPrinter = printer<ResourceQuota>({
  Name: nameCell,
  Request: (quota) => quotaText(quota, (resource) => !resource.startsWith('limits.')),
  Limit: (quota) => quotaText(quota, (resource) => resource.startsWith('limits.')),
  Age: ageCell,
});

function quotaText({ spec, status }: ResourceQuota, picks: (resource: string) => boolean): string {
  const hard = status?.hard ?? spec?.hard ?? {};
  return Object.keys(hard)
    .filter(picks)
    .sort()
    .map((resource) => `${resource}: ${status?.used?.[resource] ?? '0'}/${hard[resource]}`)
    .join(', ');
}

export const eventPrinter = printer<Event>({
  'Last Seen': lastSeenText,
  Type: ({ type }) => type ?? '',
  Reason: ({ reason }) => reason ?? '',
  Object: ({ involvedObject }) => referenceText(involvedObject),
  Subobject: wide(({ involvedObject }) => involvedObject?.fieldPath ?? ''),
  Source: wide((event) =>
    sourceText(event.source?.component || event.reportingComponent, event.source?.host || event.reportingInstance),
  ),
  Message: ({ message }) => (message ?? '').trim(),
  'First Seen': wide(({ firstTimestamp, eventTime }, { now }) => ageOf(firstTimestamp ?? eventTime, now)),
  Count: { type: 'integer', wide: true, cell: ({ series, count }) => series?.count ?? (count || 1) },
  Name: wide(nameCell),
});

function lastSeenText({ series, lastTimestamp, eventTime }: Event, { now }: PrintContext): string {
  return ageOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime, now);
}

const referenceText = (
  reference: { readonly kind?: string | undefined; readonly name?: string | undefined } | undefined,
) => `${(reference?.kind ?? '').toLowerCase()}/${reference?.name ?? ''}`;

const sourceText = (component: string | undefined, host: string | undefined): string =>
  [component, host].filter((part) => part !== undefined && part !== '').join(', ');

/** events.k8s.io shows the same columns under its own names of the fields. */
export const eventsV1Printer = printer<EventsV1Event>({
  'Last Seen': ({ series, deprecatedLastTimestamp, eventTime }, { now }) =>
    ageOf(series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime, now),
  Type: ({ type }) => type ?? '',
  Reason: ({ reason }) => reason ?? '',
  Object: ({ regarding }) => referenceText(regarding),
  Subobject: wide(({ regarding }) => regarding?.fieldPath ?? ''),
  Source: wide((event) =>
    sourceText(
      event.deprecatedSource?.component || event.reportingController,
      event.deprecatedSource?.host || event.reportingInstance,
    ),
  ),
  Message: ({ note }) => (note ?? '').trim(),
  'First Seen': wide(({ deprecatedFirstTimestamp, eventTime }, { now }) =>
    ageOf(deprecatedFirstTimestamp ?? eventTime, now),
  ),
  Count: {
    type: 'integer',
    wide: true,
    cell: ({ series, deprecatedCount }) => series?.count ?? (deprecatedCount || 1),
  },
  Name: wide(nameCell),
});
