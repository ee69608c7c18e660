import type { EndpointSlice, Namespace, Secret, Service } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import type { ServerAddress } from '../haproxy/server-slots.js';
import type { ServicePortRef } from './routing.js';

/** What routes may refer to, as the informers know it. */
export interface ClusterView {
  readonly services: Lister<Service>;
  readonly slices: Lister<EndpointSlice>;
  readonly secrets: Lister<Secret>;
  readonly namespaces: Lister<Namespace>;
}

/** The index of EndpointSlices that `endpointsOf` needs. */
export const byService = 'service';
const serviceNameLabel = 'kubernetes.io/service-name';

export const serviceKeyOf = ({ metadata }: EndpointSlice): readonly string[] => {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
};

export type ResolvedService =
  | { readonly ok: true; readonly ref: ServicePortRef }
  | { readonly ok: false; readonly reason: 'NotFound' | 'Unsupported'; readonly problem: string };

/** A port of a Service by its number or its name. */
export function resolveService(
  view: Pick<ClusterView, 'services'>,
  namespace: string,
  name: string,
  port: { readonly number?: number | undefined; readonly name?: string | undefined },
): ResolvedService {
  const service = view.services.get({ namespace, name });
  const text = `Service ${namespace}/${name}`;
  if (service === undefined) return { ok: false, reason: 'NotFound', problem: `${text} not found` };
  if (service.spec?.type === 'ExternalName') {
    const problem = `${text} is of type ExternalName, which has no endpoints`;
    return { ok: false, reason: 'Unsupported', problem };
  }
  const found = (service.spec?.ports ?? []).find((one) =>
    port.name === undefined ? one.port === port.number : one.name === port.name,
  );
  if (found === undefined || (found.protocol ?? 'TCP') !== 'TCP') {
    return { ok: false, reason: 'NotFound', problem: `${text} has no TCP port ${port.name ?? port.number ?? ''}` };
  }
  const protocol = found.appProtocol === 'kubernetes.io/h2c' ? 'h2c' : 'http1';
  return { ok: true, ref: { namespace, name, port: found.port, portName: found.name ?? '', protocol } };
}

/**
 * Ready endpoints; while there is none, those that end but still serve.
 * Follows: EndpointConditions; one address of several families counts once, as IPv4 where there is one.
 */
export function endpointsOf(view: Pick<ClusterView, 'slices'>, service: ServicePortRef): readonly ServerAddress[] {
  const slices = view.slices.byIndex(byService, `${service.namespace}/${service.name}`);
  const family = ['IPv4', 'IPv6'].find((type) => slices.some((slice) => slice.addressType === type));
  const ready = new Map<string, ServerAddress>();
  const serving = new Map<string, ServerAddress>();
  for (const slice of slices.filter(({ addressType }) => addressType === family)) {
    const port = slice.ports?.find(({ name = '' }) => name === service.portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [ip] = addresses;
      if (ip === undefined) continue;
      const key = `${ip}|${port}`;
      if (conditions?.ready !== false) ready.set(key, { ip, port });
      else if (conditions.serving === true && conditions.terminating === true) serving.set(key, { ip, port });
    }
  }
  const chosen = ready.size > 0 ? ready : serving;
  return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}
