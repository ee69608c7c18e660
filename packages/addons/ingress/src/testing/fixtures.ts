import type {
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressSpec,
  KubernetesObject,
  Namespace,
  Secret,
  Service,
} from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import type { ClusterView } from '../routing/cluster-view.js';
import { serviceKeyOf } from '../routing/cluster-view.js';

/** A lister over fixed objects. */
export function listerOf<T extends KubernetesObject>(objects: readonly T[]): Lister<T> {
  const inNamespace = (namespace?: string) =>
    objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  return {
    get: ({ namespace, name }) =>
      objects.find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === (namespace ?? '')),
    list: inNamespace,
    byIndex: (_index, value) =>
      objects.filter((object) => serviceKeyOf(object as unknown as EndpointSlice).includes(value)),
  };
}

export interface Fixtures {
  readonly services?: readonly Service[];
  readonly slices?: readonly EndpointSlice[];
  readonly secrets?: readonly Secret[];
  readonly namespaces?: readonly Namespace[];
}

export const viewOf = ({ services = [], slices = [], secrets = [], namespaces = [] }: Fixtures): ClusterView => ({
  services: listerOf(services),
  slices: listerOf(slices),
  secrets: listerOf(secrets),
  namespaces: listerOf(namespaces),
});

export const service = (name: string, namespace = 'default', appProtocol?: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { ports: [{ name: 'http', port: 80, ...(appProtocol === undefined ? {} : { appProtocol }) }] },
});

export const slice = (
  serviceName: string,
  port: number,
  ips: readonly string[],
  namespace = 'default',
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name: `${serviceName}-1`, labels: { 'kubernetes.io/service-name': serviceName } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port }],
  endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
});

export const ourClass: IngressClass = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'geobuk' },
  spec: { controller: 'geobuk.dev/ingress' },
};

export const ingress = (name: string, spec: IngressSpec, namespace = 'default'): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace, name, uid: `${namespace}/${name}`, creationTimestamp: '2030-01-01T00:00:00Z' },
  spec: { ingressClassName: 'geobuk', ...spec },
});

export const secretOf = (name: string, certificate: string, key: string, namespace = 'default'): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') },
});
