import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { namespaces, uidOf } from '@geobuk/api';
import type { AddonCluster } from '@geobuk/api';
import { allSettledOrThrow, clientCertificate, createHttpClient, followSignal, systemClock } from '@geobuk/client';
import type { Client, HttpClient } from '@geobuk/client';
import { ApiServer } from './apiserver/api-server.js';
import type { User } from './apiserver/authentication/user.js';
import { kubernetesVersion } from './apiserver/endpoints/plain-routes.js';
import { queueMetrics } from './apiserver/metrics.js';
import { IpRange } from './apiserver/service-addresses/ip-range.js';
import { ConfigError } from './config.js';
import type { ControlPlaneConfig } from './config.js';
import { ControlLoops } from './control-loops.js';
import { openStore } from './open-store.js';
import { writeAdminKubeconfig } from './pki/admin-kubeconfig.js';
import { CertificateSigner } from './pki/certificate-signer.js';
import { openClusterPki } from './pki/cluster-pki.js';
import { readSchedulerConfig } from './scheduler/read-scheduler-config.js';
import { createWatchCaches } from './watch-cache/create-watch-caches.js';

/** As whom controllers write. */
const controllerUser: User = {
  name: 'system:kube-controller-manager',
  groups: ['system:masters', 'system:authenticated'],
};

/** One control plane: API server, store and everything that keeps the cluster as it should be. */
export interface ControlPlane {
  /** Serves until `signal` aborts and all parts have ended. @throws {ConfigError} what the operator can mend. */
  run(signal: AbortSignal): Promise<void>;
  /** Where it is reached; undefined before it listens. */
  readonly url: string | undefined;
  readonly kubeconfigPath: string;
}

/** Puts the parts together; nothing runs before `run`. */
export function createControlPlane(config: ControlPlaneConfig): ControlPlane {
  let url: string | undefined;
  const kubeconfigPath = join(config.dataDir, 'kubeconfig');

  async function run(signal: AbortSignal): Promise<void> {
    const { log } = config;
    const schedulerConfig = await readSchedulerConfig(config);
    const clock = systemClock;
    const now = () => clock.now();
    const advertiseAddress = config.advertiseAddress ?? outerAddress(config.bind);
    const serviceAddress = firstServiceAddress(config.serviceCIDR);
    const pki = await openClusterPki({
      directory: join(config.dataDir, 'pki'),
      bind: config.bind,
      advertiseAddress,
      serviceAddress,
      clusterDomain: config.clusterDomain,
      now,
    });
    await using store = await openStore(config, { clock, signal });
    const caches = createWatchCaches({ store, clock, log });
    const apiServer: ApiServer = new ApiServer({
      config: { ...config, advertiseAddress, serviceAddress },
      caches,
      pki,
      clock,
      log,
      loops: () => loops.loops(),
      schedulingOf: (uid) => loops.schedulingOf(uid),
      storeCheck: (checkSignal) => store.ready({ signal: checkSignal }),
      now,
      random: Math.random,
    });

    // What aggregated servers answer for, such as metrics, comes over the wire, as it does for everybody.
    let wire: HttpClient | undefined;
    const overTheWire = (): HttpClient =>
      (wire ??= createHttpClient({
        server: url ?? `https://127.0.0.1:${apiServer.port}`,
        ca: pki.ca.certPem,
        credentials: clientCertificate(pki.admin.certPem, pki.admin.keyPem),
      }));
    await using _connections = { [Symbol.asyncDispose]: async () => await wire?.[Symbol.asyncDispose]() };
    const client = apiServer.clientFor(controllerUser, {
      read: (type, key, options) => overTheWire().read(type, key, options),
      list: (type, options) => overTheWire().list(type, options),
    });
    const discover = () => apiServer.catalog.all().map(({ type }) => type);
    const loops: ControlLoops = new ControlLoops({
      client,
      discover,
      clock,
      log,
      podCIDR: config.podCIDR,
      serviceCIDR: config.serviceCIDR,
      rootCa: pki.ca.certPem,
      signer: new CertificateSigner(pki),
      addonControllers: async (deps) => {
        const [{ loadAddonCatalogue }, { createAddonReconciler }, { firstLogLine }, { PackageReleases }] =
          await Promise.all([
            import('./addons/addon-catalogue.js'),
            import('./addons/addon-reconciler.js'),
            import('./addons/first-log-line.js'),
            import('./addons/packages/package-releases.js'),
          ]);
        const catalogue = await loadAddonCatalogue({ packages: config.addonPackages, log });
        const cluster = await addonCluster(config, client, signal);
        const releases = new PackageReleases({
          ...deps,
          catalogue,
          cluster,
          directory: join(config.dataDir, 'addons'),
          moduleRoots: config.addonModuleRoots ?? [],
        });
        return createAddonReconciler({
          ...deps,
          catalogue,
          cluster,
          releases,
          logs: firstLogLine({ request: (...args) => overTheWire().request(...args) }),
        });
      },
      leaderElection: config.store.kind === 'etcd',
      metrics: queueMetrics(apiServer.metrics.registry),
      schedulerConfig,
    });

    using parts = followSignal(signal);
    const together = async (part: Promise<void>): Promise<void> => {
      try {
        await part;
      } catch (error) {
        if (parts.signal.aborted && isAbort(error, parts.signal)) return;
        parts.abort(error); // the others stop when one falls
        throw error;
      }
    };
    let beReady = (): void => undefined;
    const whenReady = new Promise<void>((resolve) => (beReady = resolve));
    const onListening = async (): Promise<void> => {
      url = `https://${hostInUrl(isWildcard(config.bind) ? '127.0.0.1' : config.bind)}:${apiServer.port}`;
      await writeAdminKubeconfig(kubeconfigPath, url, pki.ca.certPem, pki.admin);
      log.info({ url }, 'API server ready');
      config.onReady?.();
      beReady();
    };
    const turnLoops = async (): Promise<void> => {
      await Promise.race([whenReady, aborted(parts.signal)]);
      if (!parts.signal.aborted) await loops.run(parts.signal);
    };

    // Every long-lived part. Each ends by itself when the signal aborts; when one falls, all do.
    await allSettledOrThrow([
      together(caches.run(parts.signal)), // the store's contents, in memory
      together(apiServer.run(parts.signal, onListening)), // the Kubernetes API
      together(turnLoops()), // controllers, garbage collector, scheduler, addon reconciler
    ]);
  }

  return {
    run,
    kubeconfigPath,
    get url() {
      return url;
    },
  };
}

/** The first address of the Services' network is the API server's own Service. */
function firstServiceAddress(serviceCIDR: string): string {
  try {
    return new IpRange(serviceCIDR).at(1);
  } catch (cause) {
    throw new ConfigError(`--service-cidr ${serviceCIDR}: ${(cause as Error).message}`, { cause });
  }
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** What others reach this machine by, when it listens everywhere. */
function outerAddress(bind: string): string {
  if (!isWildcard(bind)) return bind;
  const outer = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return outer?.address ?? '127.0.0.1';
}

/** What addons may know. The first digits of kube-system's uid tell clusters on one machine apart. */
async function addonCluster(
  { podCIDR, serviceCIDR, dnsAddress, clusterDomain }: ControlPlaneConfig,
  client: Client,
  signal: AbortSignal,
): Promise<AddonCluster> {
  const kubeSystem = await client.read(namespaces, { name: 'kube-system' }, { signal });
  const id = uidOf(kubeSystem).replaceAll('-', '').slice(0, 8);
  return { id, podCIDR, serviceCIDR, dnsAddress, domain: clusterDomain, version: kubernetesVersion.gitVersion };
}

/** Several parts of a part may have been stopped at once. */
const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason ||
  (error instanceof Error && error.name === 'AbortError') ||
  (error instanceof AggregateError && error.errors.every((one) => isAbort(one, signal)));

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const hostInUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);
