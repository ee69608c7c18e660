import { ageCell, nameCell, printer, wide } from './table.js';
import { firstOf, labelsText, loadBalancerText, none, orNone, selectorText } from './cell-text.js';
import type {
  EndpointSlice,
  Endpoints,
  Ingress,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  Service,
  ServiceCIDR,
} from '../generated/types.js';

export const servicePrinter = printer<Service>({
  Name: nameCell,
  Type: ({ spec }) => spec?.type ?? '',
  'Cluster-IP': ({ spec }) => orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP),
  'External-IP': externalIpText,
  'Port(s)': portsText,
  Age: ageCell,
  Selector: wide(({ spec }) => labelsText(spec?.selector)),
});

function externalIpText({ spec, status }: Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
    case undefined:
      return own.length === 0 ? none : own.join(',');
    case 'LoadBalancer': {
      const balanced = loadBalancerText(status?.loadBalancer);
      const all = [...(balanced === '' ? [] : balanced.split(',')), ...own];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText({ spec }: Service): string {
  const texts = (spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort === undefined || nodePort === 0 ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  );
  return texts.length === 0 ? none : texts.join(',');
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

export const endpointsPrinter = printer<Endpoints>({
  Name: nameCell,
  Endpoints: ({ subsets }) => {
    const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0
        ? addresses.map(({ ip }) => ip)
        : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
    );
    return orNone(firstOf(all, 3));
  },
  Age: ageCell,
});

export const endpointSlicePrinter = printer<EndpointSlice>({
  Name: nameCell,
  AddressType: ({ addressType }) => addressType ?? '',
  Ports: ({ ports }) => {
    if (ports === undefined || ports.length === 0) return '<unset>';
    return firstOf(
      ports.map(({ port, name }) => (port === undefined ? name || '*' : `${port}`)),
      3,
    );
  },
  Endpoints: ({ endpoints }) => {
    const all = (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []);
    return all.length === 0 ? '<unset>' : firstOf(all, 3);
  },
  Age: ageCell,
});

export const ingressPrinter = printer<Ingress>({
  Name: nameCell,
  Class: ({ spec, metadata }) =>
    orNone(spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class']),
  Hosts: ({ spec }) => {
    const hosts = (spec?.rules ?? []).map(({ host }) => host ?? '').filter((host) => host !== '');
    return hosts.length === 0 ? '*' : firstOf(hosts, 3);
  },
  Address: ({ status }) => loadBalancerText(status?.loadBalancer),
  Ports: ({ spec }) => ((spec?.tls?.length ?? 0) > 0 ? '80, 443' : '80'),
  Age: ageCell,
});

export const ingressClassPrinter = printer<IngressClass>({
  Name: nameCell,
  Controller: ({ spec }) => spec?.controller ?? '',
  Parameters: ({ spec }) => {
    const ref = spec?.parameters;
    if (ref === undefined) return none;
    const group = ref.apiGroup === undefined || ref.apiGroup === '' ? '' : `.${ref.apiGroup}`;
    return `${ref.kind}${group}/${ref.name}`;
  },
  Age: ageCell,
});

export const networkPolicyPrinter = printer<NetworkPolicy>({
  Name: nameCell,
  'Pod-Selector': ({ spec }) => selectorText(spec?.podSelector),
  Age: ageCell,
});

export const ipAddressPrinter = printer<IPAddress>({
  Name: nameCell,
  ParentRef: ({ spec }) => {
    const ref = spec?.parentRef;
    if (ref === undefined) return none;
    const resource = ref.group === undefined || ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;
    return [resource, ref.namespace, ref.name].filter((part) => part !== undefined && part !== '').join('/');
  },
});

export const serviceCidrPrinter = printer<ServiceCIDR>({
  Name: nameCell,
  CIDRs: ({ spec }) => (spec?.cidrs ?? []).join(','),
  Age: ageCell,
});
