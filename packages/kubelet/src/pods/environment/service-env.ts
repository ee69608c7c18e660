import type { Service } from '@geobuk/api';

export interface EnvEntry {
  readonly name: string;
  readonly value: string;
}

const constantName = (text: string): string => text.toUpperCase().replaceAll('-', '_');

const inBrackets = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The variables of one Service. Follows: envvars.FromServices, Docker links included. */
function variablesOf(service: Service): readonly EnvEntry[] {
  const address = service.spec.clusterIP ?? '';
  const ports = service.spec.ports ?? [];
  const [first] = ports;
  if (first === undefined) return [];
  const prefix = constantName(service.metadata.name ?? '');
  const entries: EnvEntry[] = [
    { name: `${prefix}_SERVICE_HOST`, value: address },
    { name: `${prefix}_SERVICE_PORT`, value: String(first.port) },
  ];
  for (const { name, port } of ports) {
    if (name !== undefined && name !== '') {
      entries.push({ name: `${prefix}_SERVICE_PORT_${constantName(name)}`, value: String(port) });
    }
  }
  ports.forEach(({ protocol: written = 'TCP', port }, index) => {
    const protocol = written.toLowerCase();
    const url = `${protocol}://${inBrackets(address)}:${port}`;
    const link = `${prefix}_PORT_${port}_${written.toUpperCase()}`;
    if (index === 0) entries.push({ name: `${prefix}_PORT`, value: url });
    entries.push(
      { name: link, value: url },
      { name: `${link}_PROTO`, value: protocol },
      { name: `${link}_PORT`, value: String(port) },
      { name: `${link}_ADDR`, value: address },
    );
  });
  return entries;
}

/**
 * Variables of the Services that a pod of this namespace is told of: its own namespace's when links are enabled, and
 * always `kubernetes` of default. Headless Services have none. Follows: getServiceEnvVarMap.
 */
export function serviceEnvironment(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): readonly EnvEntry[] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { clusterIP } = service.spec;
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None') continue;
    const name = service.metadata.name ?? '';
    const isMaster = service.metadata.namespace === 'default' && name === 'kubernetes';
    if (isMaster && !chosen.has(name)) chosen.set(name, service);
    else if (enableServiceLinks && service.metadata.namespace === namespace) chosen.set(name, service);
  }
  return [...chosen.values()].flatMap(variablesOf);
}
