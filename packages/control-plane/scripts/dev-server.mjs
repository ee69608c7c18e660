// Starts a control plane on a free loopback port with a fresh directory, for trying things by hand:
//   npx tsx --conditions=@geobuk/source packages/control-plane/scripts/dev-server.mjs [memory|nedb] [directory]
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createControlPlane } from '../src/index.ts';

const [kind = 'memory', directory] = process.argv.slice(2);
const began = performance.now();
const dataDir = directory ?? (await mkdtemp(join(tmpdir(), 'geobuk-dev-')));
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => stop.abort(new Error('stopped')));
const controlPlane = createControlPlane({
  dataDir,
  store: { kind },
  port: Number(process.env.PORT ?? 0),
  bind: '127.0.0.1',
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  clusterDomain: 'cluster.local',
  dnsAddress: '10.43.0.10',
  addonPackages: [],
  log: pino({ level: process.env.LOG_LEVEL ?? 'info' }),
  onReady: () =>
    console.log(
      `ready ${controlPlane.url} kubeconfig=${controlPlane.kubeconfigPath} in ${Math.round(performance.now() - began)} ms`,
    ),
});
await controlPlane.run(stop.signal);
