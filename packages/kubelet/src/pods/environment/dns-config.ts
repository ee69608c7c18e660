import type { Pod } from '@geobuk/api';

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  readonly domain: string;
}

/** Reads a resolv.conf; what it does not know it leaves out. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    if (keyword === 'search') searches = values;
    if (keyword === 'options') options = values;
  }
  return { servers, searches, options };
}

const most = { servers: 3, searches: 32 };

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];

const optionName = (option: string): string => option.split(':')[0] ?? option;

/** Options of the same name give way to the pod's. */
function mergedOptions(base: readonly string[], own: readonly string[]): readonly string[] {
  const names = new Set(own.map(optionName));
  return [...base.filter((option) => !names.has(optionName(option))), ...own];
}

/** Follows: dns.Configurer GetPodDNS: ClusterFirst, ClusterFirstWithHostNet, Default, None and dnsConfig. */
export function dnsConfigOf(pod: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork = false } = pod.spec;
  const withCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  let base: DnsConfig = node;
  if (dnsPolicy === 'None') base = { servers: [], searches: [], options: [] };
  else if (withCluster && cluster.servers.length > 0) {
    const own = [`${pod.metadata.namespace ?? ''}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain];
    base = { servers: cluster.servers, searches: [...own, ...node.searches], options: ['ndots:5'] };
  }
  const options = (dnsConfig?.options ?? []).map(({ name = '', value }) =>
    value === undefined || value === '' ? name : `${name}:${value}`,
  );
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, most.servers),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]).slice(0, most.searches),
    options: mergedOptions(base.options, options),
  };
}
