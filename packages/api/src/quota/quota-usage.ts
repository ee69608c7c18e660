import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../generated/types.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';
import { addAmounts, amountsOnly } from './amounts.js';
import type { Amounts } from './amounts.js';
import { podAmounts } from './pod-amounts.js';
import { isInQuotaScope } from './quota-scope.js';

const counted = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]);
const computing = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** A kind as quotas name it. */
export type QuotaKind = Pick<ResourceType, 'group' | 'plural'>;

/** What one object uses, under every name that a quota may limit. Pure. Follows: checklist 2.11.2. */
export function quotaUsageOf({ group, plural }: QuotaKind, object: KubernetesObject, now: number): Amounts {
  const count = { [group === '' ? `count/${plural}` : `count/${plural}.${group}`]: '1' };
  if (group !== '') return count;
  switch (plural) {
    case 'pods':
      return isOver(object as Pod, now) ? count : { ...count, ...podUsage(object as Pod) };
    case 'services':
      return { ...count, services: '1', ...serviceUsage(object as Service) };
    case 'persistentvolumeclaims':
      return { ...count, persistentvolumeclaims: '1', ...claimUsage(object as PersistentVolumeClaim) };
    default:
      return counted.has(plural) ? { ...count, [plural]: '1' } : count;
  }
}

/** Ended pods and those past their grace count no more (2.11.5). */
function isOver({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  // The timestamp of a deletion has the grace in it.
  return (
    deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined && now > Date.parse(deletionTimestamp)
  );
}

function podUsage(pod: Pod): Amounts {
  const usage: Record<string, string> = { pods: '1' };
  for (const [name, value] of Object.entries(podAmounts(pod, 'requests'))) {
    if (computing.has(name)) usage[name] = usage[`requests.${name}`] = value;
    else if (name.startsWith('hugepages-')) usage[name] = usage[`requests.${name}`] = value;
    else usage[`requests.${name}`] = value;
  }
  for (const [name, value] of Object.entries(podAmounts(pod, 'limits'))) {
    if (computing.has(name)) usage[`limits.${name}`] = value;
  }
  return usage;
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = spec.ports ?? [];
  switch (spec.type) {
    case 'NodePort':
      return { 'services.nodeports': String(ports.length) };
    case 'LoadBalancer': {
      const given = ports.filter(({ nodePort }) => nodePort !== undefined && nodePort > 0).length;
      const nodePorts = spec.allocateLoadBalancerNodePorts === false ? given : ports.length;
      return { 'services.loadbalancers': '1', 'services.nodeports': String(nodePorts) };
    }
    default:
      return {};
  }
}

function claimUsage({ spec }: PersistentVolumeClaim): Amounts {
  const storage = spec?.resources?.requests?.['storage'] ?? '0';
  const own = { 'requests.storage': storage };
  const name = spec?.storageClassName;
  if (name === undefined || name === '') return own;
  const ofClass = `${name}.storageclass.storage.k8s.io`;
  return addAmounts(own, { [`${ofClass}/requests.storage`]: storage, [`${ofClass}/persistentvolumeclaims`]: '1' });
}

/** What these objects of a namespace use of a quota, under every name it limits. Pure. */
export function quotaUsed(
  quota: ResourceQuota,
  lists: readonly { readonly kind: QuotaKind; readonly objects: readonly KubernetesObject[] }[],
  now: number,
): Amounts {
  const names = new Set(Object.keys(quota.spec?.hard ?? {}));
  let used: Amounts = Object.fromEntries([...names].map((name) => [name, '0']));
  for (const { kind, objects } of lists)
    for (const object of objects)
      if (isInQuotaScope(quota, kind.plural, object))
        used = addAmounts(used, amountsOnly(quotaUsageOf(kind, object, now), names));
  return used;
}

/** The kinds that have to be looked at for these names. */
export function kindsOfQuota(names: Iterable<string>): readonly QuotaKind[] {
  const kinds = new Map<string, QuotaKind>();
  const add = (group: string, plural: string) => kinds.set(`${group}/${plural}`, { group, plural });
  for (const name of names) {
    if (name.startsWith('count/')) {
      const [plural = '', ...group] = name.slice('count/'.length).split('.');
      add(group.join('.'), plural);
    } else if (
      name === 'requests.storage' ||
      name === 'persistentvolumeclaims' ||
      name.includes('.storageclass.storage.k8s.io/')
    ) {
      add('', 'persistentvolumeclaims');
    } else if (name.startsWith('services')) add('', 'services');
    else if (/^(replicationcontrollers|resourcequotas|secrets|configmaps)$/.test(name)) add('', name);
    else add('', 'pods');
  }
  return [...kinds.values()];
}
