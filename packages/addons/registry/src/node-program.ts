import { configMaps, services } from '@geobuk/api';
import type { AgentContext } from '@geobuk/addon-sdk';
import { addonNamespace, isBeingRemoved } from '@geobuk/addon-sdk';
import type { RegistryConfig } from './config.js';
import { nodeProgram, serviceName } from './manifests.js';
import { RegistryHosts } from './node/registry-hosts.js';

/** Where the kubelet's own container runtime looks for registries. */
const directoryVariable = 'GEOBUK_REGISTRY_CONFIG_DIR';

/** On every node: its runtime pulls `<hostname>/…` from the registry's Service, and trusts it. */
export async function followRegistry(context: AgentContext<RegistryConfig>, signal: AbortSignal): Promise<void> {
  const { config, client, informers, log } = context;
  const directory = process.env[directoryVariable] ?? '';
  if (directory === '') {
    log.warn(`${directoryVariable} is not set: the container runtime of this node is not ours; configure it by hand`);
    await stopped(signal);
    return;
  }
  const hosts = new RegistryHosts(directory);
  const scope = { namespace: addonNamespace, fieldSelector: `metadata.name=${serviceName}` };
  const informer = informers.of(services, scope);
  await informer.whenSynced(signal);
  const root = await client.read(configMaps, { namespace: addonNamespace, name: 'kube-root-ca.crt' }, { signal });
  const ca = root.data?.['ca.crt'] ?? '';
  let work: Promise<void> = Promise.resolve();
  let failed: ((error: Error) => void) | undefined;
  const failure = new Promise<never>((_resolve, reject) => (failed = reject));
  using _subscription = informer.subscribe({
    changed: (now) => {
      const { clusterIP = '', ports } = now?.spec ?? {};
      const port = ports?.[0]?.port;
      if (clusterIP === '' || clusterIP === 'None' || port === undefined) return;
      work = work.then(async () => {
        const changed = await hosts.write({ hostname: config.hostname, address: clusterIP, port, ca });
        if (changed) log.info({ hostname: config.hostname, address: clusterIP }, 'told the container runtime');
      });
      work.catch((error: Error) => failed?.(error));
    },
  });
  await Promise.race([stopped(signal), failure]);
  await work;
  if (await isBeingRemoved(client, { kind: 'DaemonSet', name: nodeProgram }, log)) await hosts.remove(config.hostname);
}

const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
