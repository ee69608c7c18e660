#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runAgent } from '@geobuk/addon-sdk';
import { inClusterConfig } from '@geobuk/client';
import type { DashboardConfig } from './config.js';
import { dashboardPort } from './manifests.js';
import { DashboardServer } from './server/dashboard-server.js';
import { isLoopback } from './server/request-guard.js';
import { loadStaticFiles } from './server/static-files.js';

await runAgent<DashboardConfig>('dashboard', async ({ config, cluster, clock, log }, signal) => {
  const { certFile, keyFile } = config.tls;
  if ((certFile === '') !== (keyFile === '')) throw new TypeError('tls: certFile and keyFile belong together');
  if (certFile === '' && !isLoopback(config.bind))
    throw new TypeError(
      `bind ${config.bind}: only loopback addresses are served without tls; set tls.certFile and tls.keyFile`,
    );
  const { server, ca } = await inClusterConfig();
  const dashboard = new DashboardServer({
    api: { server, ca },
    bind: config.bind,
    port: dashboardPort(cluster.id, config.port),
    hosts: config.hosts,
    tls: certFile === '' ? undefined : { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') },
    session: { idleMs: config.session.idleMinutes * 60_000, maxMs: config.session.maxHours * 3_600_000 },
    cluster: { id: cluster.id, version: cluster.version },
    files: await loadStaticFiles(fileURLToPath(new URL('web', import.meta.url))),
    clock,
    log,
  });
  await dashboard.run(signal);
});
