import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { allSettledOrThrow, followSignal, systemClock } from '@geobuk/client';
import { ApiServer } from './apiserver/api-server.js';
import { IpRange } from './apiserver/service-addresses/ip-range.js';
import { ConfigError } from './config.js';
import type { ControlPlaneConfig } from './config.js';
import { openStore } from './open-store.js';
import { writeAdminKubeconfig } from './pki/admin-kubeconfig.js';
import { openClusterPki } from './pki/cluster-pki.js';
import { createWatchCaches } from './watch-cache/create-watch-caches.js';

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
    await using store = await openStore(config, { clock });
    const caches = createWatchCaches({ store, clock, log });
    const apiServer = new ApiServer({
      config: { ...config, advertiseAddress, serviceAddress },
      caches,
      pki,
      log,
      storeCheck: (checkSignal) => store.ready({ signal: checkSignal }),
      now,
      random: Math.random,
    });

    using parts = followSignal(signal);
    const together = async (part: Promise<void>): Promise<void> => {
      try {
        await part;
      } catch (error) {
        if (!parts.signal.aborted) {
          parts.abort(error); // the others stop when one falls
          throw error;
        }
        if (error !== parts.signal.reason && (error as Error).name !== 'AbortError') throw error;
      }
    };
    const ready = async (): Promise<void> => {
      url = `https://${hostInUrl(loopbackOr(config.bind, advertiseAddress))}:${apiServer.port}`;
      await writeAdminKubeconfig(kubeconfigPath, url, pki.ca.certPem, pki.admin);
      log.info({ url }, 'API server ready');
      config.onReady?.();
    };

    // Every long-lived part. Each ends by itself when the signal aborts; when one falls, all do.
    await allSettledOrThrow([
      together(caches.run(parts.signal)), // the store's contents, in memory
      together(apiServer.run(parts.signal, ready)), // the Kubernetes API
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

/** A kubeconfig on this machine needs no outer address. */
const loopbackOr = (bind: string, advertiseAddress: string): string => (isWildcard(bind) ? '127.0.0.1' : bind === '' ? advertiseAddress : bind);

const hostInUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);
