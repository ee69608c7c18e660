import type { Pod } from '@geobuk/api';
import { RuntimeError } from '../../runtime/runtime.js';

/** The pod's name inside its containers. Follows: GeneratePodHostNameAndDomain, truncateHostname. */
export function hostnameOf(pod: Pod, nodeName: string): string {
  if (pod.spec.hostNetwork === true) return nodeName;
  const name = pod.spec.hostnameOverride ?? pod.spec.hostname ?? pod.metadata.name ?? '';
  if (name.length <= 63) return name;
  return name.slice(0, 63).replace(/[-.]+$/, '');
}

/** `subdomain.namespace.svc.domain`, or '' without a subdomain. */
export function domainOf(pod: Pod, clusterDomain: string): string {
  const { subdomain = '' } = pod.spec;
  return subdomain === '' ? '' : `${subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}`;
}

const longestHostname = 64;

/**
 * What the kernel calls the pod's machine: with `setHostnameAsFQDN` its whole name. Follows: GeneratePodHostNameAndDomain.
 * @throws {RuntimeError} Sandbox: longer than the kernel takes.
 */
export function kernelHostnameOf(pod: Pod, nodeName: string, clusterDomain: string): string {
  const hostname = hostnameOf(pod, nodeName);
  const domain = domainOf(pod, clusterDomain);
  const { setHostnameAsFQDN, hostNetwork, hostnameOverride } = pod.spec;
  if (setHostnameAsFQDN !== true || domain === '' || hostNetwork === true || hostnameOverride !== undefined)
    return hostname;
  const whole = `${hostname}.${domain}`;
  if (whole.length <= longestHostname) return whole;
  const message = `Failed to construct FQDN from pod hostname and cluster domain, FQDN ${whole} is too long (${longestHostname} characters is the max, ${whole.length} characters requested)`;
  throw new RuntimeError('Sandbox', message);
}

/**
 * /etc/hosts of a pod with its own network; one on the node's network keeps the node's, aliases added.
 * Follows: managedHostsFileContent, nodeHostsFileContent.
 */
export function hostsFile(
  pod: Pod,
  podIPs: readonly string[],
  hostname: string,
  domain: string,
  nodeHosts: string,
): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  const added = aliases.length === 0 ? '' : `\n# Entries added by HostAliases.\n${aliases.join('')}`;
  if (pod.spec.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${added}`;
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIPs.map((ip) => `${ip}\t${names}`),
  ];
  return `${lines.join('\n')}\n${added}`;
}
