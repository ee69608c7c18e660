import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from '@geobuk/api';
import { portsOf } from '../endpoint-slice/endpoint-slice-diff.js';
import { isPodReady } from '../pod-state.js';

const headlessLabel = 'service.kubernetes.io/headless';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const overCapacity = 'endpoints.kubernetes.io/over-capacity';
const maxAddresses = 1_000;

/**
 * The Endpoints object of a Service with a selector. Pure. Follows: endpoints controller: one address family, ready and not ready
 * addresses by set of ports, at most a thousand, ready ones first.
 */
export function endpointsOf(service: Service, pods: readonly Pod[], before: Endpoints | undefined): Endpoints {
  const groups = new Map<
    string,
    { ready: EndpointAddress[]; notReady: EndpointAddress[]; ports: EndpointSubset['ports'] }
  >();
  const all = service.spec.publishNotReadyAddresses === true;
  const family = service.spec.ipFamilies?.[0] ?? 'IPv4';
  for (const pod of [...pods].sort((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''))) {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    if (pod.metadata.deletionTimestamp !== undefined && !all) continue;
    const ip = pod.status?.podIPs?.map((each) => each.ip).find((each) => each.includes(':') === (family === 'IPv6'));
    if (ip === undefined) continue;
    const resolved = portsOf(service, pod);
    if (resolved.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const ports = resolved.map(({ name, port = 0, protocol, appProtocol }) => ({
      ...(name === undefined || name === '' ? {} : { name }),
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    const id = JSON.stringify(ports);
    const group = groups.get(id) ?? { ready: [], notReady: [], ports };
    groups.set(id, group);
    (all || isPodReady(pod) ? group.ready : group.notReady).push(addressOf(service, pod, ip));
  }
  const total = [...groups.values()].reduce((sum, { ready, notReady }) => sum + ready.length + notReady.length, 0);
  let room = maxAddresses;
  const take = (addresses: readonly EndpointAddress[]): readonly EndpointAddress[] => {
    const taken = addresses.slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = new Map([...groups].map(([id, group]) => [id, take(group.ready)]));
  const subsets = [...groups].map(([id, group]): EndpointSubset => {
    const addresses = ready.get(id) ?? [];
    const notReadyAddresses = take(group.notReady);
    return {
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
      ...(group.ports === undefined || group.ports.length === 0 ? {} : { ports: group.ports }),
    };
  });
  const { [overCapacity]: _over, ...annotations } = before?.metadata.annotations ?? {};
  const marked = total > maxAddresses ? { ...annotations, [overCapacity]: 'truncated' } : annotations;
  const { [headlessLabel]: _headless, ...own } = service.metadata.labels ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...before?.metadata,
      name: service.metadata.name,
      namespace: service.metadata.namespace,
      labels: {
        ...own,
        [managedByLabel]: 'endpoint-controller',
        ...(service.spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
      },
      ...(Object.keys(marked).length === 0 ? { annotations: undefined } : { annotations: marked }),
    },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { hostname, subdomain, nodeName } = pod.spec;
  const named = hostname !== undefined && hostname !== '' && subdomain === service.metadata.name;
  const { namespace, name, uid } = pod.metadata;
  return {
    ip,
    ...(named ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}
