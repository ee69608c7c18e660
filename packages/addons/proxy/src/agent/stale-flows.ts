import type { ServicePortModel } from './service-port.js';

/** UDP has no end of a connection: the kernel would go on sending to where a flow went before. Arguments of `conntrack`. */
export type StaleFlows = readonly string[];

/**
 * The flows to forget when a Service changes: those to targets that are gone, and those that met no target before.
 * Follows: kube-proxy's conntrack cleaner.
 */
export function staleFlows(
  before: readonly ServicePortModel[],
  after: readonly ServicePortModel[],
): readonly StaleFlows[] {
  const flows: StaleFlows[] = [];
  for (const model of [...before, ...after.filter(({ id }) => before.every((old) => old.id !== id))]) {
    if (model.protocol !== 'udp') continue;
    const now = after.find(({ id }) => id === model.id);
    const was = before.find(({ id }) => id === model.id);
    const gone = (was?.all ?? []).filter(({ ip }) => now?.all.every((target) => target.ip !== ip) ?? true);
    for (const { ip } of gone) for (const entry of entriesOf(model)) flows.push([...entry, '--dst-nat', ip]);
    const wakes = (was?.all.length ?? 0) === 0 && (now?.all.length ?? 0) > 0;
    if (wakes) flows.push(...entriesOf(model));
  }
  return flows;
}

function entriesOf({
  clusterIPs,
  externalIPs,
  loadBalancerIPs,
  port,
  nodePort,
}: ServicePortModel): readonly StaleFlows[] {
  const addresses = [...clusterIPs, ...externalIPs, ...loadBalancerIPs];
  const entries = addresses.map((ip) => ['--orig-dst', ip, '--orig-port-dst', String(port)]);
  return nodePort === undefined ? entries : [...entries, ['--orig-port-dst', String(nodePort)]];
}
