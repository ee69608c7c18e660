#!/usr/bin/env node
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '@geobuk/api';
import { isBeingRemoved, runAgent, runHealthServer, runTogether } from '@geobuk/addon-sdk';
import { createEventRecorder, createRunner, deadline } from '@geobuk/client';
import { ClaimController } from './claim-controller.js';
import { cleanUp, sweepEmpty } from './clean-up.js';
import type { StorageConfig } from './config.js';
import { hostnameOf, provisioner } from './local-volume.js';
import { storageHealthPort, volumesDirectory } from './manifests.js';
import { createMetrics } from './metrics.js';
import { NodeCapacity } from './node-capacity.js';
import { VolumeController } from './volume-controller.js';
import { VolumeDirectories } from './volume-directories.js';

/** Within the grace period of the pod. */
const cleanUpMs = 50_000;

await runAgent<StorageConfig>('storage', async (context, signal) => {
  const { config, cluster, client, informers, clock, log, nodeName } = context;
  const hostname = hostnameOf(await client.read(nodes, { name: nodeName }, { signal }));
  const place = { nodeName, hostname, directory: volumesDirectory(config.directory, cluster.id, nodeName) };
  const directories = new VolumeDirectories(place.directory);
  await directories.open();
  const volumes = informers.of(persistentVolumes);
  const claims = informers.of(persistentVolumeClaims);
  const classes = informers.of(storageClasses);
  const capacity = new NodeCapacity({
    ...config,
    volumeLister: volumes.lister,
    place,
    space: () => directories.space(),
  });
  const events = createEventRecorder({ client, clock, log, component: provisioner, host: nodeName });
  const listers = { claimLister: claims.lister, volumeLister: volumes.lister, classLister: classes.lister };
  const runner = createRunner({
    controllers: [
      new ClaimController({ client, ...listers, directories, capacity, events, place, now: () => clock.now() }),
      new VolumeController({ client, volumeLister: volumes.lister, directories, events, place }),
    ],
    informers,
    log,
    clock,
  });
  const isSynced = (): boolean => volumes.synced && claims.synced && classes.synced;
  const ready = (): string | undefined => (isSynced() && !signal.aborted ? undefined : 'the cluster is not known yet');
  log.info({ directory: place.directory }, 'serving');
  const health = {
    host: '127.0.0.1',
    port: storageHealthPort(cluster.id, config.healthPort),
    checks: { '/health': () => undefined, '/ready': ready },
    metrics: createMetrics(nodeName, capacity),
  };
  await runTogether(signal, [
    (all) => runner.run(all),
    (all) => events.run(all),
    (all) => runHealthServer(health, all),
    async (all) => {
      await informers.whenSynced(all);
      const isKnown = (name: string): boolean => volumes.lister.get({ name }) !== undefined;
      const removed = await sweepEmpty(directories, isKnown);
      if (removed.length > 0) log.info({ removed }, 'removed empty directories of claims that are gone');
    },
  ]);
  const top = config.directory === '' ? '/var/lib' : config.directory;
  if (await isBeingRemoved(client, { kind: 'DaemonSet', name: 'storage' }, log)) {
    using limit = deadline(new AbortController().signal, cleanUpMs, clock);
    await cleanUp({ client, directories, place, log }, limit.signal);
  }
  await directories.close(top); // Only where nothing is in them.
});
