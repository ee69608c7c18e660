import type { KubernetesObject, PersistentVolumeClaim, Pod, ResourceType, Service } from '@geobuk/api';
import { addAmounts } from './amounts.js';
import type { Amounts } from './amounts.js';
import { podAmounts } from './pod-amounts.js';

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

type Kind = Pick<ResourceType, 'group' | 'plural'>;

/** What one object uses, under every name that a quota may limit. Pure. Follows: checklist 2.11.2. */
export function usageOf({ group, plural }: Kind, object: KubernetesObject, now: number): Amounts {
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
