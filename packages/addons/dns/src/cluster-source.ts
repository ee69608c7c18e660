import type { EndpointSlice, Namespace, Pod, Service } from '@geobuk/api';
import { endpointSlices, namespaces, pods, services } from '@geobuk/api';
import type { Informer, Informers } from '@geobuk/client';
import type { ClusterZone } from './zone/cluster-zone.js';
import { serviceEntry } from './zone/service-entry.js';

const serviceNameLabel = 'kubernetes.io/service-name';
const byService = 'dnsService';

const serviceKeyOf = (slice: EndpointSlice): readonly string[] => {
  const name = slice.metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${slice.metadata.namespace ?? ''}/${name}`];
};

/** Keeps a zone in step with Services, EndpointSlices and namespaces (and pods, where their names are verified). */
export async function followCluster(
  informers: Informers,
  zone: ClusterZone,
  verifyPods: boolean,
  signal: AbortSignal,
): Promise<void> {
  const serviceInformer: Informer<Service> = informers.of(services);
  const sliceInformer: Informer<EndpointSlice> = informers.of(endpointSlices);
  const namespaceInformer: Informer<Namespace> = informers.of(namespaces);
  sliceInformer.addIndex(byService, serviceKeyOf);

  const refresh = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    const service = serviceInformer.lister.get({ namespace, name });
    zone.setService(
      namespace,
      name,
      service === undefined ? undefined : serviceEntry(service, sliceInformer.lister.byIndex(byService, key)),
    );
  };
  namespaceInformer.subscribe({
    changed: (now, before) => zone.setNamespace((now ?? before)?.metadata.name ?? '', now !== undefined),
  });
  serviceInformer.subscribe({
    changed: (now, before) => {
      const { namespace = '', name = '' } = (now ?? before)?.metadata ?? {};
      refresh(`${namespace}/${name}`);
    },
  });
  sliceInformer.subscribe({
    changed: (now, before) => {
      for (const key of new Set([now, before].flatMap((slice) => (slice === undefined ? [] : serviceKeyOf(slice)))))
        refresh(key);
    },
  });
  const waits = [
    serviceInformer.whenSynced(signal),
    sliceInformer.whenSynced(signal),
    namespaceInformer.whenSynced(signal),
  ];
  if (verifyPods) {
    const podInformer = informers.of(pods);
    const addressesOf = (pod: Pod | undefined): readonly string[] => (pod?.status?.podIPs ?? []).map(({ ip }) => ip);
    podInformer.subscribe({
      changed: (now, before) => {
        const namespace = (now ?? before)?.metadata.namespace ?? '';
        zone.setPod(namespace, addressesOf(before), -1);
        zone.setPod(namespace, addressesOf(now), 1);
      },
    });
    waits.push(podInformer.whenSynced(signal));
  }
  await Promise.all(waits);
  zone.markSynced();
}
