import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { addons, bytesOf, ignoring, isNotFound, services } from '@geobuk/api';
import type { Addon } from '@geobuk/api';
import type { AgentContext } from '@geobuk/addon-sdk';
import { addonNamespace, isBeingRemoved, runTogether } from '@geobuk/addon-sdk';
import { deadline } from '@geobuk/client';
import { ClusterAccess } from './auth/cluster-access.js';
import type { RegistryConfig } from './config.js';
import { createRegistryServer } from './http/registry-server.js';
import { claimMount, registryPort, serviceName } from './manifests.js';
import { createMetrics } from './metrics.js';
import { ServingCertificate } from './serving-certificate.js';
import { ContentStore } from './store/content-store.js';
import { Repositories } from './store/repositories.js';
import { sweep } from './store/sweep.js';

const hourMs = 3_600_000;
const removeMs = 20_000;

/** The server. Its images stay when it goes, unless the addon is removed with its data. */
export async function serve(context: AgentContext<RegistryConfig>, signal: AbortSignal): Promise<void> {
  const { config, cluster, client, informers, clock, log } = context;
  const directory = directoryOf(config, cluster.id);
  const capacityBytes = config.capacity === '' ? 0 : Number(bytesOf(config.capacity));
  const contents = await ContentStore.open({ directory, capacityBytes });
  const repositories = new Repositories(directory, contents);
  const metrics = createMetrics(contents);
  const serviceInformer = informers.of(services, {
    namespace: addonNamespace,
    fieldSelector: `metadata.name=${serviceName}`,
  });
  await serviceInformer.whenSynced(signal);
  const clusterIP = serviceInformer.lister.get({ namespace: addonNamespace, name: serviceName })?.spec?.clusterIP;
  const service = `${serviceName}.${addonNamespace}`;
  const certificate = new ServingCertificate({
    client,
    clock,
    log,
    directory: join(directory, 'tls'),
    hosts: [
      config.hostname,
      ...[service, `${service}.svc`, `${service}.svc.${cluster.domain}`],
      ...['localhost', '127.0.0.1', process.env['GEOBUK_HOST_IP'] ?? '', clusterIP ?? ''].filter((one) => one !== ''),
    ],
  });
  const server = createRegistryServer({
    contents,
    repositories,
    access: new ClusterAccess({ client, clock, anonymousPull: config.anonymousPull }),
    log,
    tls: await certificate.open(signal),
    problem: () => (signal.aborted ? 'stopping' : undefined),
    metrics: metrics.text,
    onAnswer: metrics.answered,
  });
  const port = registryPort(cluster.id, config.port);
  await server.listen({ host: '::', port });
  log.info({ port, directory, usedBytes: contents.usedBytes }, 'serving');
  await runTogether(signal, [
    (stop) => certificate.run((tls) => server.server.setSecureContext(tls), stop),
    async (stop) => {
      while (!stop.aborted) {
        await clock.after(config.sweepHours * hourMs, { signal: stop }).catch(() => undefined);
        if (stop.aborted) break;
        const options = { nowMs: clock.now(), graceMs: config.sweepHours * hourMs, untagged: config.sweepUntagged };
        const swept = await sweep(repositories, contents, options);
        metrics.swept(swept.bytes);
        log.info(swept, 'removed what no manifest leads to');
      }
    },
  ]);
  server.server.closeIdleConnections();
  await server.close();
  if (!(await isBeingRemoved(client, { kind: 'Deployment', name: 'registry' }, log))) return;
  using limit = deadline(new AbortController().signal, removeMs, clock);
  const addon = await client
    .read<Addon>(addons, { name: 'registry' }, { signal: limit.signal })
    .catch(ignoring(isNotFound));
  if (addon?.spec.onDisable?.data !== 'Delete') return;
  for (const name of ['blobs', 'uploads', 'repositories', 'tls'])
    await rm(join(directory, name), { recursive: true, force: true });
  if (config.claim === '') await rm(directory, { recursive: true, force: true });
  log.info({ directory }, 'removed the images with the addon');
}

/** A volume appears where the host runtime shows the mounts of a pod. */
const directoryOf = ({ claim, directory }: RegistryConfig, clusterId: string): string => {
  if (claim !== '') return join(process.env['CONTAINER_SANDBOX_MOUNT_POINT'] ?? '/', claimMount);
  return directory === '' ? join('/var/lib/geobuk-registry', clusterId) : directory;
};
