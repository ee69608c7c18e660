import type { Endpoint, EndpointSlice, Service, ServicePort } from '@geobuk/api';

/** Where a connection may be sent. */
export interface Target {
  readonly ip: string;
  readonly port: number;
  /** On this node. */
  readonly isLocal: boolean;
}

/** One port of one Service as this node sees it: everything that decides where a connection goes. */
export interface ServicePortModel {
  /** `namespace/name:port/protocol`; unique and stable. */
  readonly id: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly clusterIPs: readonly string[];
  /** Taken as they are, from the Service's own externalIPs. */
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  /** Who may come by a load balancer's address; empty: everybody. */
  readonly sourceRanges: readonly string[];
  readonly nodePort: number | undefined;
  /** 0: without session affinity. */
  readonly affinitySeconds: number;
  /** For connections to the cluster IP. */
  readonly internal: readonly Target[];
  /** For connections from outside. */
  readonly external: readonly Target[];
  /** Of the whole cluster, whatever the policies say. */
  readonly all: readonly Target[];
  readonly externalIsLocal: boolean;
  readonly internalIsLocal: boolean;
  /** Where load balancers ask whether this node has ready endpoints. */
  readonly healthCheckPort: number | undefined;
  /** Ready ones on this node. */
  readonly readyHere: readonly string[];
}

export interface Place {
  readonly nodeName: string;
  readonly zone?: string | undefined;
}

const isIPv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(address);
const otherProxyLabel = 'service.kubernetes.io/service-proxy-name';

/**
 * Pure. A Service that needs no rules gives none: headless, ExternalName, left to another proxy.
 * Follows: kube-proxy (terminating endpoints when no ready ones, traffic policies, topology hints).
 */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  place: Place,
): readonly ServicePortModel[] {
  const { spec, metadata } = service;
  if (spec.type === 'ExternalName' || metadata.labels?.[otherProxyLabel] !== undefined) return [];
  const clusterIPs = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(isIPv4);
  if (clusterIPs.length === 0) return [];
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const externalIsLocal = spec.externalTrafficPolicy === 'Local';
  const internalIsLocal = spec.internalTrafficPolicy === 'Local';
  return (spec.ports ?? []).map((port) => {
    const found = candidates(port, slices, place);
    const all = usable(found);
    const local = usable(found.filter(({ target }) => target.isLocal));
    const near = usable(nearest(found, place));
    return {
      id: `${metadata.namespace ?? ''}/${metadata.name ?? ''}:${port.name ?? ''}/${port.protocol ?? 'TCP'}/${port.port}`,
      protocol: protocolOf(port),
      port: port.port,
      clusterIPs,
      externalIPs: (spec.externalIPs ?? []).filter(isIPv4),
      loadBalancerIPs: ingress.flatMap(({ ip, ipMode }) =>
        ip !== undefined && isIPv4(ip) && ipMode !== 'Proxy' ? [ip] : [],
      ),
      sourceRanges: (spec.loadBalancerSourceRanges ?? [])
        .map((range) => range.trim())
        .filter((range) => !range.includes(':')),
      nodePort: port.nodePort === 0 ? undefined : port.nodePort,
      affinitySeconds:
        spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
      internal: internalIsLocal ? local : near,
      external: externalIsLocal ? local : near,
      all,
      externalIsLocal,
      internalIsLocal,
      healthCheckPort:
        spec.type === 'LoadBalancer' && externalIsLocal && (spec.healthCheckNodePort ?? 0) > 0
          ? spec.healthCheckNodePort
          : undefined,
      readyHere: found
        .filter(({ target, endpoint }) => target.isLocal && isReady(endpoint))
        .map(({ target }) => target.ip),
    };
  });
}

interface Candidate {
  readonly target: Target;
  readonly endpoint: Endpoint;
}

function candidates(port: ServicePort, slices: readonly EndpointSlice[], place: Place): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { addressType, endpoints = [], ports = [] } of slices) {
    if (addressType !== 'IPv4') continue;
    const match = ports.find(
      ({ name = '', protocol = 'TCP' }) => name === (port.name ?? '') && protocol === (port.protocol ?? 'TCP'),
    );
    if (match?.port === undefined) continue;
    for (const endpoint of endpoints) {
      const [ip] = endpoint.addresses;
      if (ip === undefined || !isIPv4(ip)) continue;
      const target = { ip, port: match.port, isLocal: endpoint.nodeName === place.nodeName };
      const id = `${ip}:${match.port}`;
      // While a pod moves between slices it may stand in two of them; the one that says ready counts.
      if (!found.has(id) || isReady(endpoint)) found.set(id, { target, endpoint });
    }
  }
  return [...found.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

const idOf = ({ target }: Candidate): string => `${target.ip}:${target.port}`;
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false;
const isServing = ({ conditions }: Endpoint): boolean =>
  conditions?.serving !== false && conditions?.terminating === true;

/** The ready ones; if there are none, those that still serve while they end. */
function usable(found: readonly Candidate[]): readonly Target[] {
  const ready = found.filter(({ endpoint }) => isReady(endpoint));
  return (ready.length > 0 ? ready : found.filter(({ endpoint }) => isServing(endpoint))).map(({ target }) => target);
}

/** Hints count only when every ready endpoint has them and one is for this place. */
function nearest(found: readonly Candidate[], { nodeName, zone }: Place): readonly Candidate[] {
  const ready = found.filter(({ endpoint }) => isReady(endpoint));
  if (ready.length === 0) return found;
  if (ready.every(({ endpoint }) => (endpoint.hints?.forNodes ?? []).length > 0)) {
    const here = ready.filter(({ endpoint }) => endpoint.hints?.forNodes?.some(({ name }) => name === nodeName));
    if (here.length > 0) return here;
  }
  if (zone === undefined || !ready.every(({ endpoint }) => (endpoint.hints?.forZones ?? []).length > 0)) return found;
  const here = ready.filter(({ endpoint }) => endpoint.hints?.forZones?.some(({ name }) => name === zone));
  return here.length > 0 ? here : found;
}

function protocolOf({ protocol = 'TCP' }: ServicePort): ServicePortModel['protocol'] {
  switch (protocol) {
    case 'UDP':
      return 'udp';
    case 'SCTP':
      return 'sctp';
    default:
      return 'tcp';
  }
}
