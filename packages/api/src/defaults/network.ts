import { fill, within, withinEach } from './fill.js';
import type {
  EndpointSlice,
  Endpoints,
  IngressClass,
  NetworkPolicy,
  Service,
  ServicePort,
  ServiceSpec,
} from '../generated/types.js';

/** Follows: SetDefaults_Service, and for IP families what a cluster of IPv4 allocates. */
export const defaultService = (service: Service): Service => within(service, 'spec', defaultServiceSpec);

function defaultServiceSpec(spec: ServiceSpec): ServiceSpec {
  let result = fill(spec, { sessionAffinity: 'None', type: 'ClusterIP' });
  if (result.sessionAffinity === 'ClientIP') {
    result = within(fill(result, { sessionAffinityConfig: {} }), 'sessionAffinityConfig', (config) =>
      within(fill(config, { clientIP: {} }), 'clientIP', (client) => fill(client, { timeoutSeconds: 10800 })),
    );
  } else if (result.sessionAffinityConfig !== undefined) {
    const { sessionAffinityConfig: _unused, ...rest } = result;
    result = rest;
  }
  result = withinEach(result, 'ports', (port: ServicePort) => {
    const known = fill(port, { protocol: 'TCP' });
    const { targetPort } = known;
    return targetPort === undefined || targetPort === 0 || targetPort === ''
      ? { ...known, targetPort: port.port }
      : known;
  });
  if (result.type === 'ExternalName') return result;

  const exposed = result.type === 'NodePort' || result.type === 'LoadBalancer' || hasItems(result.externalIPs);
  return fill(result, {
    internalTrafficPolicy: 'Cluster',
    ...(exposed ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(result.type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(result.clusterIP === undefined || result.clusterIP === '' ? {} : { clusterIPs: [result.clusterIP] }),
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: [result.clusterIP?.includes(':') === true ? 'IPv6' : 'IPv4'],
  });
}

const hasItems = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

/** Follows: SetDefaults_Endpoints. */
export const defaultEndpoints = (endpoints: Endpoints): Endpoints =>
  withinEach(endpoints, 'subsets', (subset) => withinEach(subset, 'ports', (port) => fill(port, { protocol: 'TCP' })));

/** Follows: SetDefaults_EndpointPort (discovery.k8s.io/v1). */
export const defaultEndpointSlice = (slice: EndpointSlice): EndpointSlice =>
  withinEach(slice, 'ports', (port) => fill(port, { name: '', protocol: 'TCP' }));

/** Follows: SetDefaults_NetworkPolicy. */
export const defaultNetworkPolicy = (policy: NetworkPolicy): NetworkPolicy =>
  within(policy, 'spec', (spec) => {
    const directions = hasItems(spec.egress) ? ['Ingress', 'Egress'] : ['Ingress'];
    let result = hasItems(spec.policyTypes) ? spec : { ...spec, policyTypes: directions };
    result = withinEach(result, 'ingress', (rule) =>
      withinEach(rule, 'ports', (port) => fill(port, { protocol: 'TCP' })),
    );
    return withinEach(result, 'egress', (rule) => withinEach(rule, 'ports', (port) => fill(port, { protocol: 'TCP' })));
  });

export const defaultIngressClass = (ingressClass: IngressClass): IngressClass =>
  within(ingressClass, 'spec', (spec) => within(spec, 'parameters', (ref) => fill(ref, { scope: 'Cluster' })));
