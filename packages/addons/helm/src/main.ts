#!/usr/bin/env node
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiVersionOf, formatKey, ignoring, isNotFound, keyOf } from '@geobuk/api';
import { findHostProgram, runAgent, runHealthServer, runTogether } from '@geobuk/addon-sdk';
import { createEventRecorder, createHttpClient, createRunner, inClusterConfig } from '@geobuk/client';
import type { HelmConfig } from './config.js';
import { objectsOf, stillSays } from './drift.js';
import { HelmCommand } from './helm-command.js';
import type { HelmRelease } from './helm-release.js';
import { helmReleases, targetOf } from './helm-release.js';
import { helmHealthPort } from './manifests.js';
import { ReleaseController } from './release-controller.js';
import { ReleaseFiles } from './release-files.js';

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

await runAgent<HelmConfig>('helm', async ({ config, cluster, client, informers, clock, log, nodeName }, signal) => {
  const program = config.program === '' ? await findHostProgram('helm') : config.program;
  if (program === undefined) {
    throw new Error(
      `helm is not installed on node ${nodeName}: put the helm 3 binary into its /usr/local/bin, or name a node that has it: geobuk addon enable helm --set node=NAME`,
    );
  }
  const inCluster = await inClusterConfig();
  const root = await mkdtemp(join(tmpdir(), 'geobuk-helm-'));
  const mount = process.env['CONTAINER_SANDBOX_MOUNT_POINT'] ?? '/';
  const tokenFile = join(mount, 'var/run/secrets/kubernetes.io/serviceaccount/token');
  const files = new ReleaseFiles({
    root,
    chartDirectory: config.chartDirectory,
    cluster: { server: inCluster.server, ca: inCluster.ca ?? '', tokenFile },
    client,
  });
  const drifted = async (release: HelmRelease, manifest: string, stop: AbortSignal): Promise<readonly string[]> => {
    const user = `system:serviceaccount:${release.metadata.namespace ?? ''}:${release.spec.serviceAccountName ?? 'default'}`;
    await using asAccount = createHttpClient({ ...inCluster, impersonate: { user } });
    const { resources } = await asAccount.discover({ signal: stop });
    const names: string[] = [];
    for (const object of objectsOf(manifest)) {
      const { apiVersion = '', kind = '' } = object;
      const type = resources.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind);
      if (type === undefined) continue;
      const key = type.namespaced ? { namespace: targetOf(release), ...keyOf(object) } : keyOf(object);
      const live = await asAccount.read(type, key, { signal: stop }).catch(ignoring(isNotFound));
      if (live === undefined || !stillSays(live, object)) names.push(`${kind} ${formatKey(key)}`);
    }
    return names;
  };
  const events = createEventRecorder({ client, clock, log, component: 'helm', host: nodeName });
  const releases = informers.of(helmReleases);
  const helm = new HelmCommand({ program, home: root, path: process.env['PATH'] ?? usualPath });
  const controller = new ReleaseController({
    ...{ client, helm, files, drifted, events, clock },
    releaseLister: releases.lister,
  });
  const runner = createRunner({ controllers: [controller], informers, log, clock });
  log.info({ program }, 'serving');
  try {
    await runTogether(signal, [
      (stop) => runner.run(stop),
      (stop) => events.run(stop),
      (stop) =>
        runHealthServer(
          {
            host: '127.0.0.1',
            port: helmHealthPort(cluster.id),
            checks: { '/ready': () => (releases.synced && !stop.aborted ? undefined : 'the cluster is not known yet') },
          },
          stop,
        ),
    ]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
