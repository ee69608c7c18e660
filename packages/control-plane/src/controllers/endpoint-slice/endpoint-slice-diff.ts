import { isDeepStrictEqual } from 'node:util';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Node, Pod, Service } from '@geobuk/api';
import { services } from '@geobuk/api';
import { controllerReference } from '../controller-ref.js';
import { isPodReady } from '../pod-state.js';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

/** Follows: --max-endpoints-per-slice. */
const maxEndpoints = 100;

export type AddressType = 'IPv4' | 'IPv6';

/** Endpoints that can share slices. */
export interface WantedGroup {
  readonly addressType: AddressType;
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface EndpointSliceDiff {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/**
 * The slices that a Service's pods amount to, against those there are. Pure. Keeps endpoints in the slices they are in, so that a
 * changed pod changes one slice. Follows: EndpointSlice reconciler.
 */
export function diffEndpointSlices(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
  existing: readonly EndpointSlice[],
): EndpointSliceDiff {
  return packSlices(wantedGroups(service, pods, nodeOf), existing, (group, endpoints, base) =>
    sliceOf(service, group, endpoints, base),
  );
}

/** Puts groups of endpoints into slices, touching as few of the existing ones as possible. Pure. */
export function packSlices(
  groups: readonly WantedGroup[],
  existing: readonly EndpointSlice[],
  make: (group: WantedGroup, endpoints: readonly Endpoint[], base?: EndpointSlice) => EndpointSlice,
): EndpointSliceDiff {
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  const leftover = new Set(existing.filter((slice) => slice.metadata.deletionTimestamp === undefined));

  for (const group of groups) {
    const mine = [...leftover].filter(
      (slice) => slice.addressType === group.addressType && samePorts(slice.ports ?? [], group.ports),
    );
    for (const slice of mine) leftover.delete(slice);
    const todo = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
    const plans = mine.map((slice) => {
      const kept: Endpoint[] = [];
      for (const endpoint of slice.endpoints ?? []) {
        const wanted = todo.get(identity(endpoint));
        if (wanted === undefined) continue;
        todo.delete(identity(endpoint));
        kept.push(wanted);
      }
      return { slice, kept };
    });
    const fresh = [...todo.values()];
    for (const plan of plans) plan.kept.push(...fresh.splice(0, Math.max(0, maxEndpoints - plan.kept.length)));
    // One empty slice may stay, so that a Service without pods is told from one that nobody looked at.
    let stays = plans.some(({ kept }) => kept.length > 0) || fresh.length > 0;
    for (const { slice, kept } of plans) {
      if (kept.length === 0 && stays) {
        remove.push(slice);
        continue;
      }
      stays = true;
      const wanted = make(group, kept, slice);
      if (!sameSlice(slice, wanted)) update.push(wanted);
    }
    while (fresh.length > 0 || (!stays && plans.length === 0)) {
      create.push(make(group, fresh.splice(0, maxEndpoints)));
      stays = true;
    }
  }
  return { create, update, remove: [...remove, ...leftover] };
}

const identity = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ''}|${endpoint.addresses.join(',')}`;

function samePorts(a: readonly DiscoveryV1EndpointPort[], b: readonly DiscoveryV1EndpointPort[]): boolean {
  const text = (ports: readonly DiscoveryV1EndpointPort[]): string =>
    ports
      .map(
        ({ name, port, protocol, appProtocol }) =>
          `${name ?? ''}/${port ?? ''}/${protocol ?? 'TCP'}/${appProtocol ?? ''}`,
      )
      .sort()
      .join();
  return text(a) === text(b);
}

const sameSlice = (a: EndpointSlice, b: EndpointSlice): boolean =>
  isDeepStrictEqual(plain(a.endpoints ?? []), plain(b.endpoints ?? [])) &&
  isDeepStrictEqual(a.metadata.labels, b.metadata.labels);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

function sliceOf(
  service: Service,
  group: WantedGroup,
  endpoints: readonly Endpoint[],
  base?: EndpointSlice,
): EndpointSlice {
  const { name = '', namespace } = service.metadata;
  const headless = service.spec.clusterIP === 'None';
  const {
    [serviceNameLabel]: _name,
    [managedByLabel]: _by,
    [headlessLabel]: _headless,
    ...own
  } = service.metadata.labels ?? {};
  const labels = {
    ...own,
    [managedByLabel]: managedBy,
    [serviceNameLabel]: name,
    ...(headless ? { [headlessLabel]: '' } : {}),
  };
  const shared = { addressType: group.addressType, ports: group.ports, endpoints };
  if (base !== undefined) return { ...base, ...shared, metadata: { ...base.metadata, labels } };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      ownerReferences: [controllerReference(services, service)],
    },
    ...shared,
  };
}

/** Pods by address family and by the ports that their named ports resolve to. */
function wantedGroups(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): readonly WantedGroup[] {
  const families = addressTypes(service);
  const groups = new Map<
    string,
    { addressType: AddressType; ports: readonly DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }
  >();
  const groupFor = (addressType: AddressType, ports: readonly DiscoveryV1EndpointPort[]): { endpoints: Endpoint[] } => {
    const id = `${addressType}|${JSON.stringify(ports)}`;
    const group = groups.get(id) ?? { addressType, ports, endpoints: [] };
    groups.set(id, group);
    return group;
  };
  for (const pod of pods) {
    if (!belongs(pod)) continue;
    const ports = portsOf(service, pod);
    for (const family of families) {
      const addresses = (pod.status?.podIPs ?? [])
        .map(({ ip }) => ip)
        .filter((ip) => ip.includes(':') === (family === 'IPv6'));
      if (addresses.length === 0) continue;
      groupFor(family, ports).endpoints.push(endpointOf(service, pod, addresses, nodeOf));
    }
  }
  for (const family of families) {
    if (![...groups.values()].some(({ addressType }) => addressType === family)) groupFor(family, []);
  }
  return [...groups.values()].map((group) => ({
    ...group,
    endpoints: group.endpoints.sort((a, b) => (identity(a) < identity(b) ? -1 : 1)),
  }));
}

/** Has an address and is not finished. Follows: ShouldPodBeInEndpoints with terminating pods included. */
const belongs = (pod: Pod): boolean =>
  pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed' && (pod.status?.podIPs?.length ?? 0) > 0;

function addressTypes(service: Service): readonly AddressType[] {
  const families = service.spec.ipFamilies ?? [];
  return families.length === 0 ? ['IPv4'] : families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'));
}

function endpointOf(
  service: Service,
  pod: Pod,
  addresses: readonly string[],
  nodeOf: (name: string) => Node | undefined,
): Endpoint {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isPodReady(pod);
  const zone = nodeOf(pod.spec.nodeName ?? '')?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hostname = pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
  return {
    addresses,
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    ...(zone === undefined ? {} : { zone }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

/** The ports of a Service as one pod has them. */
export function portsOf(service: Service, pod: Pod): readonly DiscoveryV1EndpointPort[] {
  const found: DiscoveryV1EndpointPort[] = [];
  for (const { name, protocol = 'TCP', port, targetPort, appProtocol } of service.spec.ports ?? []) {
    const number = resolvePort(pod, targetPort ?? port, protocol);
    if (number === undefined) continue;
    found.push({ name: name ?? '', port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return found;
}

function resolvePort(pod: Pod, target: number | string, protocol: string): number | undefined {
  if (typeof target === 'number') return target;
  for (const container of [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ]) {
    const port = container.ports?.find(
      (candidate) => candidate.name === target && (candidate.protocol ?? 'TCP') === protocol,
    );
    if (port !== undefined) return port.containerPort;
  }
  return undefined;
}
