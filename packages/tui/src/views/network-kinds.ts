import type { Endpoints, EndpointSlice, Ingress, NetworkPolicy, Service } from '@geobuk/api';
import {
  endpoints,
  endpointSlices,
  formatLabelSelector,
  ingresses,
  labelSelectorOf,
  networkPolicies,
  services,
} from '@geobuk/api';
import { orNone } from './make-rows.js';
import { tableView } from './view.js';

const selectorText = (selector: Readonly<Record<string, string>> | undefined): string =>
  orNone(
    Object.entries(selector ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  );

const externalAddresses = (service: Service): string => {
  if (service.spec.type === 'ExternalName') return orNone(service.spec.externalName);
  const given = service.status?.loadBalancer?.ingress?.map(({ ip, hostname }) => ip ?? hostname ?? '') ?? [];
  const all = [...given, ...(service.spec.externalIPs ?? [])];
  return all.length > 0 ? all.join(',') : service.spec.type === 'LoadBalancer' ? '<pending>' : '<none>';
};

/** `name:port►nodePort╱UDP`, as k9s writes it. */
const portsText = ({ spec }: Service): string =>
  (spec.ports ?? [])
    .map(({ name, port, nodePort, protocol }) => {
      const named = name === undefined || name === '' ? `${port}` : `${name}:${port}`;
      return `${named}►${nodePort ?? 0}${protocol === undefined || protocol === 'TCP' ? '' : `╱${protocol}`}`;
    })
    .join(' ');

/** `:services`. Enter shows the pods behind it. */
export const servicesView = tableView<Service>({
  resource: services,
  columns: [
    { title: 'TYPE', drop: 4, cell: ({ spec }) => spec.type ?? 'ClusterIP' },
    { title: 'CLUSTER-IP', drop: 3, cell: ({ spec }) => orNone(spec.clusterIP) },
    { title: 'EXTERNAL-IP', drop: 6, cell: externalAddresses },
    { title: 'SELECTOR', wide: true, cell: ({ spec }) => selectorText(spec.selector) },
    { title: 'PORTS', drop: 2, cell: portsText },
  ],
  health: (service) => (externalAddresses(service) === '<pending>' ? 'pending' : 'ok'),
  problem: (service) => (externalAddresses(service) === '<pending>' ? 'no load balancer yet' : ''),
  opens: 'pods',
  capabilities: {
    pods: ({ spec }) =>
      spec.selector === undefined || Object.keys(spec.selector).length === 0
        ? undefined
        : { by: 'labels', labels: spec.selector },
    loggable: true,
    forwardable: true,
  },
});

/** `:endpoints`. */
export const endpointsView = tableView<Endpoints>({
  resource: endpoints,
  columns: [
    {
      title: 'ENDPOINTS',
      cell: ({ subsets = [] }) =>
        orNone(
          subsets
            .flatMap(({ addresses = [], ports = [] }) =>
              addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
            )
            .join(','),
        ),
    },
  ],
});

/** `:endpointslices`. An address that is not ready is marked so. */
export const endpointSlicesView = tableView<EndpointSlice>({
  resource: endpointSlices,
  columns: [
    { title: 'ADDRESSTYPE', cell: ({ addressType }) => addressType },
    { title: 'PORTS', cell: ({ ports = [] }) => orNone(ports?.map(({ port }) => String(port ?? '*')).join(',')) },
    {
      title: 'ENDPOINTS',
      cell: (slice) =>
        orNone(
          (slice.endpoints ?? [])
            .flatMap(({ addresses, conditions }) =>
              addresses.map((address) => (conditions?.ready === false ? `${address}(not ready)` : address)),
            )
            .join(','),
        ),
    },
  ],
});

/** `:ingresses`. */
export const ingressesView = tableView<Ingress>({
  resource: ingresses,
  columns: [
    { title: 'CLASS', cell: ({ spec }) => orNone(spec.ingressClassName) },
    { title: 'HOSTS', cell: ({ spec }) => (spec.rules ?? []).map(({ host }) => host ?? '*').join(',') || '*' },
    {
      title: 'ADDRESS',
      cell: ({ status }) =>
        (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(','),
    },
    { title: 'PORTS', cell: ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80') },
  ],
});

/** `:networkpolicies`. */
export const networkPoliciesView = tableView<NetworkPolicy>({
  resource: networkPolicies,
  columns: [
    {
      title: 'POD-SELECTOR',
      cell: ({ spec }) =>
        orNone(spec.podSelector === undefined ? '' : formatLabelSelector(labelSelectorOf(spec.podSelector))),
    },
    { title: 'TYPES', cell: ({ spec }) => (spec.policyTypes ?? []).join(',') },
    { title: 'INGRESS', wide: true, cell: ({ spec }) => `${spec.ingress?.length ?? 0} rules` },
    { title: 'EGRESS', wide: true, cell: ({ spec }) => `${spec.egress?.length ?? 0} rules` },
  ],
});
