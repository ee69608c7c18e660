import {
  checkLabelSelector,
  checkName,
  checkOneOf,
  checkOptionalOneOf,
  checkPort,
  checkUnchanged,
  isPort,
  portRange,
} from './rules.js';
import { dns1035Label, dns1123Label, dns1123Subdomain, wildcardDns1123Subdomain } from '../names/name-rules.js';
import { duplicate, forbidden, invalid, notSupported, required, tooMany } from '../fields/field-error.js';
import { isIP } from 'node:net';
import { validateLabels } from './metadata.js';
import type {
  EndpointSlice,
  Endpoints,
  HTTPIngressPath,
  IPAddress,
  Ingress,
  IngressBackend,
  IngressClass,
  NetworkPolicy,
  Service,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

const protocols = ['SCTP', 'TCP', 'UDP'];
const maxSessionSeconds = 86400;
const ipText = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Follows: ValidateService. */
export function validateService({ spec }: Service): readonly FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec?.ports ?? [];
  const isName = spec?.type === 'ExternalName';
  if (ports.length === 0 && !isName && spec?.clusterIP !== 'None') errors.push(required('spec.ports'));
  if (isName) {
    const name = (spec?.externalName ?? '').replace(/\.$/, '');
    errors.push(...checkName(name, dns1123Subdomain, 'spec.externalName'));
    if (spec?.clusterIP) errors.push(forbidden('spec.clusterIP', "may not be set when `type` is 'ExternalName'"));
  }
  errors.push(
    ...checkOneOf(spec?.type, ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'], 'spec.type'),
    ...checkOneOf(spec?.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity'),
    ...validateLabels(spec?.selector, 'spec.selector'),
    ...validateServicePorts(ports, spec?.type, spec?.clusterIP === 'None'),
  );
  const seconds = spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec?.sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > maxSessionSeconds)) {
    errors.push(
      invalid(
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        seconds,
        `must be greater than 0 and less than ${maxSessionSeconds}`,
      ),
    );
  }
  (spec?.clusterIPs ?? []).forEach((ip, index) => {
    if (ip !== 'None' && ip !== '' && isIP(ip) === 0) errors.push(invalid(`spec.clusterIPs[${index}]`, ip, ipText));
  });
  if (spec?.clusterIP && spec.clusterIPs !== undefined && spec.clusterIPs[0] !== spec.clusterIP) {
    errors.push(invalid('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`'));
  }
  (spec?.externalIPs ?? []).forEach((ip, index) => {
    if (isIP(ip) === 0) errors.push(invalid(`spec.externalIPs[${index}]`, ip, ipText));
  });
  errors.push(
    ...checkOptionalOneOf(spec?.externalTrafficPolicy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy'),
    ...checkOptionalOneOf(spec?.internalTrafficPolicy, ['Cluster', 'Local'], 'spec.internalTrafficPolicy'),
  );
  return errors;
}

function validateServicePorts(
  ports: NonNullable<Service['spec']['ports']>,
  type: string | undefined,
  isHeadless: boolean,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const pairs = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    if (!port.name) {
      if (ports.length > 1) errors.push(required(`${at}.name`));
    } else {
      errors.push(...dns1123Label(port.name).map((text) => invalid(`${at}.name`, port.name, text)));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!isPort(port.port)) errors.push(invalid(`${at}.port`, port.port ?? 0, portRange));
    errors.push(...checkOneOf(port.protocol, protocols, `${at}.protocol`));
    errors.push(...checkPort(port.targetPort, `${at}.targetPort`));
    if (isHeadless && type !== undefined && port.nodePort) {
      errors.push(forbidden(`${at}.nodePort`, 'may not be set for headless services'));
    }
    if (port.nodePort && (type === 'ClusterIP' || type === 'ExternalName')) {
      errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${type}'`));
    }
    const pair = `${port.protocol}/${port.port}`;
    if (pairs.has(pair)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }));
    pairs.add(pair);
    const nodePair = `${port.protocol}/${port.nodePort}`;
    if (port.nodePort && nodePorts.has(nodePair)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
    nodePorts.add(nodePair);
  });
  return errors;
}

/** Follows: ValidateServiceUpdate. */
export function validateServiceUpdate({ spec }: Service, { spec: old }: Service): readonly FieldError[] {
  const errors: FieldError[] = [];
  const wasName = old.type === 'ExternalName';
  const isName = spec.type === 'ExternalName';
  if (!wasName && !isName && old.clusterIP && spec.clusterIP !== old.clusterIP) {
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [spec.clusterIP ?? ''], 'may not change once set'));
  }
  if (!wasName && !isName && old.ipFamilies?.[0] && spec.ipFamilies?.[0] !== old.ipFamilies[0]) {
    errors.push(invalid('spec.ipFamilies[0]', spec.ipFamilies, 'may not change once set'));
  }
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
  return errors;
}

/** Follows: ValidateEndpointsCreate. */
export function validateEndpoints({ subsets }: Endpoints): readonly FieldError[] {
  return (subsets ?? []).flatMap((subset, index) => {
    const at = `subsets[${index}]`;
    const errors: FieldError[] = [];
    const addresses = [...(subset.addresses ?? []), ...(subset.notReadyAddresses ?? [])];
    if (addresses.length === 0) errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
    (subset.addresses ?? []).forEach(({ ip }, place) => errors.push(...endpointIp(ip, `${at}.addresses[${place}].ip`)));
    (subset.ports ?? []).forEach((port, place) => {
      const where = `${at}.ports[${place}]`;
      if (!isPort(port.port)) errors.push(invalid(`${where}.port`, port.port, portRange));
      errors.push(...checkOneOf(port.protocol, protocols, `${where}.protocol`));
      if (!port.name && (subset.ports?.length ?? 0) > 1) errors.push(required(`${where}.name`));
    });
    return errors;
  });
}

/** Addresses that lead elsewhere on each machine may not be endpoints. */
function endpointIp(ip: string, field: string): readonly FieldError[] {
  if (isIP(ip) === 0) return [invalid(field, ip, ipText)];
  if (/^127\.|^::1$/.test(ip)) return [invalid(field, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')];
  if (/^169\.254\.|^fe[89ab]/i.test(ip))
    return [invalid(field, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')];
  if (/^224\.0\.0\.|^ff02:/i.test(ip)) {
    return [invalid(field, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')];
  }
  if (ip === '0.0.0.0' || ip === '::') return [invalid(field, ip, `may not be unspecified (${ip})`)];
  return [];
}

/** Follows: ValidateEndpointSlice. */
export function validateEndpointSlice({
  addressType,
  endpoints = [],
  ports = [],
}: EndpointSlice): readonly FieldError[] {
  const errors: FieldError[] = [...checkOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType')];
  if (endpoints.length > 1000) errors.push(tooMany('endpoints', endpoints.length, 1000));
  if (ports.length > 100) errors.push(tooMany('ports', ports.length, 100));
  endpoints.forEach(({ addresses = [] }, index) => {
    const at = `endpoints[${index}].addresses`;
    if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'));
    if (addresses.length > 100) errors.push(tooMany(at, addresses.length, 100));
    addresses.forEach((address, place) => {
      if (addressType === 'IPv4' || addressType === 'IPv6') errors.push(...endpointIp(address, `${at}[${place}]`));
    });
  });
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol }, index) => {
    if (names.has(name)) errors.push(duplicate(`ports[${index}].name`, name));
    names.add(name);
    errors.push(...checkOneOf(protocol, protocols, `ports[${index}].protocol`));
  });
  return errors;
}

export const validateEndpointSliceUpdate = (slice: EndpointSlice, old: EndpointSlice): readonly FieldError[] =>
  checkUnchanged(slice.addressType, old.addressType, 'addressType');

/** Follows: ValidateIngressCreate. */
export function validateIngress({ spec }: Ingress): readonly FieldError[] {
  const errors: FieldError[] = [];
  const rules = spec?.rules ?? [];
  if (rules.length === 0 && spec?.defaultBackend === undefined) {
    errors.push(invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec?.defaultBackend !== undefined) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  rules.forEach(({ host, http }, index) => {
    const at = `spec.rules[${index}]`;
    if (host) {
      if (isIP(host) !== 0) errors.push(invalid(`${at}.host`, host, 'must be a DNS name, not an IP address'));
      const rule = host.includes('*') ? wildcardDns1123Subdomain : dns1123Subdomain;
      errors.push(...rule(host).map((text) => invalid(`${at}.host`, host, text)));
    }
    if (http === undefined) return;
    if ((http.paths?.length ?? 0) === 0) errors.push(required(`${at}.http.paths`));
    (http.paths ?? []).forEach((path, place) =>
      errors.push(...validateIngressPath(path, `${at}.http.paths[${place}]`)),
    );
  });
  return errors;
}

function validateIngressPath({ path, pathType, backend }: HTTPIngressPath, at: string): readonly FieldError[] {
  const errors: FieldError[] = [...validateBackend(backend, `${at}.backend`)];
  if (pathType === undefined || pathType === '')
    return [...errors, required(`${at}.pathType`, 'pathType must be specified')];
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!path?.startsWith('/')) errors.push(invalid(`${at}.path`, path ?? '', 'must be an absolute path'));
      for (const part of ['//', '/./', '/../', '%2f', '%2F']) {
        if (path?.includes(part) === true) errors.push(invalid(`${at}.path`, path, `must not contain '${part}'`));
      }
      return errors;
    case 'ImplementationSpecific':
      if (path && !path.startsWith('/')) errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
      return errors;
    default:
      return [...errors, notSupported(`${at}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix'])];
  }
}

function validateBackend(backend: IngressBackend | undefined, at: string): readonly FieldError[] {
  const { service, resource } = backend ?? {};
  if (service !== undefined && resource !== undefined) {
    return [invalid(at, '', 'cannot set both resource and service backends')];
  }
  if (service === undefined && resource === undefined)
    return [required(at, 'must specify either a resource or service backend')];
  if (service === undefined) return [];
  const errors: FieldError[] = [...checkName(service.name, dns1035Label, `${at}.service.name`)];
  const { name, number } = service.port ?? {};
  if (name && number) return [...errors, invalid(at, '', 'cannot set both port name & port number')];
  if (name) return [...errors, ...checkPort(name, `${at}.service.port.name`)];
  if (number === undefined || number === 0) return [...errors, required(at, 'port name or number is required')];
  return [...errors, ...checkPort(number, `${at}.service.port.number`)];
}

export const validateIngressClass = ({ spec }: IngressClass): readonly FieldError[] =>
  (spec?.controller?.length ?? 0) > 250
    ? [invalid('spec.controller', spec?.controller, 'must be no more than 250 bytes')]
    : [];

export const validateIngressClassUpdate = (
  { spec }: IngressClass,
  { spec: old }: IngressClass,
): readonly FieldError[] => checkUnchanged(spec?.controller, old?.controller, 'spec.controller');

/** Follows: ValidateIPAddress: the name is the address, in its only form. */
export function validateIpAddress({ metadata, spec }: IPAddress): readonly FieldError[] {
  const name = metadata.name ?? '';
  const errors: FieldError[] = [];
  const version = isIP(name);
  const isCanonical = version === 4 || (version === 6 && new URL(`http://[${name}]`).hostname === `[${name}]`);
  if (!isCanonical) errors.push(invalid('metadata.name', name, 'must be a valid IP address in canonical form'));
  const parent = spec?.parentRef;
  if (parent === undefined) return [...errors, required('spec.parentRef')];
  if (!parent.resource) errors.push(required('spec.parentRef.resource'));
  if (!parent.name) errors.push(required('spec.parentRef.name'));
  return errors;
}

export const validateIpAddressUpdate = ({ spec }: IPAddress, { spec: old }: IPAddress): readonly FieldError[] =>
  checkUnchanged(spec?.parentRef, old?.parentRef, 'spec.parentRef');

/** Follows: ValidateNetworkPolicySpec. */
export function validateNetworkPolicy({ spec }: NetworkPolicy): readonly FieldError[] {
  const errors: FieldError[] = [...checkLabelSelector(spec?.podSelector, 'spec.podSelector')];
  const rules = [
    ...(spec?.ingress ?? []).map(({ ports, from }, index) => ({
      at: `spec.ingress[${index}]`,
      ports,
      peers: from,
      side: 'from',
    })),
    ...(spec?.egress ?? []).map(({ ports, to }, index) => ({
      at: `spec.egress[${index}]`,
      ports,
      peers: to,
      side: 'to',
    })),
  ];
  for (const { at, ports = [], peers = [], side } of rules) {
    ports.forEach(({ protocol, port, endPort }, index) => {
      const where = `${at}.ports[${index}]`;
      errors.push(...checkOptionalOneOf(protocol, protocols, `${where}.protocol`));
      if (port !== undefined) errors.push(...checkPort(port, `${where}.port`));
      if (endPort === undefined) return;
      if (typeof port !== 'number')
        errors.push(required(`${where}.port`, 'may not be specified when `endPort` is set and is not a number'));
      else if (endPort < port)
        errors.push(invalid(`${where}.endPort`, endPort, 'must be greater than or equal to `port`'));
    });
    peers.forEach((peer, index) => {
      const where = `${at}.${side}[${index}]`;
      if (peer.podSelector === undefined && peer.namespaceSelector === undefined && peer.ipBlock === undefined) {
        errors.push(required(where, 'must specify a peer'));
      }
      if (peer.ipBlock !== undefined && (peer.podSelector !== undefined || peer.namespaceSelector !== undefined)) {
        errors.push(forbidden(where, 'may not specify both ipBlock and another peer'));
      }
      errors.push(...checkLabelSelector(peer.podSelector, `${where}.podSelector`));
      errors.push(...checkLabelSelector(peer.namespaceSelector, `${where}.namespaceSelector`));
    });
  }
  (spec?.policyTypes ?? []).forEach((type, index) => {
    errors.push(...checkOptionalOneOf(type, ['Egress', 'Ingress'], `spec.policyTypes[${index}]`));
  });
  return errors;
}
