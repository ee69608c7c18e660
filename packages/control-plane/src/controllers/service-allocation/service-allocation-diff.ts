import { BlockList, isIP } from 'node:net';
import type { IPAddress, Service, ServiceCIDR } from '@geobuk/api';

export const firstNodePort = 30_000;
export const lastNodePort = 32_767;

/** What is wrong with what a Service holds, for people; only they can mend it. Follows: ipallocator and portallocator repair. */
export interface AllocationProblem {
  readonly reason:
    | 'ClusterIPNotValid'
    | 'ClusterIPOutOfRange'
    | 'ClusterIPAlreadyAllocated'
    | 'PortOutOfRange'
    | 'PortAlreadyAllocated';
  readonly message: string;
}

/** Cluster addresses that a Service holds; none when it is headless or a name. */
export function clusterAddresses({ spec }: Service): readonly string[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIP = '', clusterIPs = clusterIP === '' ? [] : [clusterIP] } = spec;
  return clusterIPs.filter((address) => address !== '' && address !== 'None');
}

export const nodePorts = ({ spec }: Service): readonly string[] => [
  ...(spec.ports ?? []).flatMap(({ nodePort = 0, protocol = 'TCP' }) =>
    nodePort === 0 ? [] : [`${protocol}/${nodePort}`],
  ),
  ...((spec.healthCheckNodePort ?? 0) === 0 ? [] : [`TCP/${spec.healthCheckNodePort ?? 0}`]),
];

/** Everything a Service holds that no other may, as an index files it. */
export const claimsOf = (service: Service): readonly string[] => [...clusterAddresses(service), ...nodePorts(service)];

/** Whether a network of the cluster's Services has this address. */
export function isInNetworks(address: string, networks: readonly ServiceCIDR[]): boolean {
  const family = isIP(address);
  return networks.some(({ spec }) =>
    (spec.cidrs ?? []).some((cidr) => {
      const [base = '', bits = ''] = cidr.split('/');
      if (isIP(base) !== family || family === 0) return false;
      const block = new BlockList();
      block.addSubnet(base, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
      return block.check(address, family === 6 ? 'ipv6' : 'ipv4');
    }),
  );
}

/** Of Services that hold the same, the oldest keeps it. */
export function keeper(holders: readonly Service[]): Service | undefined {
  const age = ({ metadata }: Service): string =>
    `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  return [...holders].sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
}

/**
 * What is wrong with the addresses and ports of a Service. Pure.
 * @param holdersOf all Services that hold an address or a port.
 */
export function findProblems(
  service: Service,
  networks: readonly ServiceCIDR[],
  holdersOf: (claim: string) => readonly Service[],
): readonly AllocationProblem[] {
  const problems: AllocationProblem[] = [];
  const isKept = (claim: string): boolean => keeper(holdersOf(claim))?.metadata.uid === service.metadata.uid;
  for (const address of clusterAddresses(service)) {
    const family = isIP(address);
    const named = `Cluster IP [IPv${family}]: ${address}`;
    if (family === 0)
      problems.push({
        reason: 'ClusterIPNotValid',
        message: `Cluster IP ${address} is not a valid IP; please recreate Service`,
      });
    else if (!isInNetworks(address, networks))
      problems.push({
        reason: 'ClusterIPOutOfRange',
        message: `${named} is not within any configured Service CIDR; please recreate service`,
      });
    else if (!isKept(address))
      problems.push({
        reason: 'ClusterIPAlreadyAllocated',
        message: `${named} was assigned to multiple services; please recreate service`,
      });
  }
  for (const claim of nodePorts(service)) {
    const port = Number(claim.split('/')[1]);
    if (port < firstNodePort || port > lastNodePort)
      problems.push({
        reason: 'PortOutOfRange',
        message: `Port ${port} is not within the port range ${firstNodePort}-${lastNodePort}; please recreate service`,
      });
    else if (!isKept(claim))
      problems.push({
        reason: 'PortAlreadyAllocated',
        message: `Port ${port} was assigned to multiple services; please recreate service`,
      });
  }
  return problems;
}

/** The object that stands for an address in use. Follows: ipallocator. */
export const ipAddressOf = (address: string, { metadata: { namespace, name = '' } }: Service): IPAddress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: {
    name: address,
    labels: {
      'ipaddress.kubernetes.io/ip-family': `IPv${isIP(address)}`,
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
    },
  },
  spec: { parentRef: { group: '', resource: 'services', namespace, name } },
});

export const isParent = ({ spec: { parentRef } }: IPAddress, { metadata }: Service): boolean =>
  parentRef.resource === 'services' &&
  (parentRef.group ?? '') === '' &&
  parentRef.namespace === metadata.namespace &&
  parentRef.name === metadata.name;
