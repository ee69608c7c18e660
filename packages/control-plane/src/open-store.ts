import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@geobuk/client';
import { ConfigError } from './config.js';
import type { ControlPlaneConfig, StoreConfig } from './config.js';
import { createMemoryStore } from './store/memory/memory-store.js';
import { openNedbStore } from './store/nedb/open-nedb-store.js';
import { StoreError } from './store/store.js';
import type { Store } from './store/store.js';

/** The engine that the configuration names. @throws {ConfigError} */
export async function openStore(
  config: Pick<ControlPlaneConfig, 'store' | 'dataDir' | 'log'>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Store> {
  const { store } = config;
  switch (store.kind) {
    case 'nedb':
      return openNedbStore({ directory: join(config.dataDir, 'store'), log: config.log, clock });
    case 'memory':
      return createMemoryStore({ clock });
    case 'etcd':
      return openEtcd(store, clock, signal);
    default:
      return store satisfies never;
  }
}

async function openEtcd(
  config: Extract<StoreConfig, { readonly kind: 'etcd' }>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Store> {
  const { endpoints, caFile, certFile, keyFile } = config;
  if (endpoints.length === 0) throw new ConfigError('--store etcd needs --etcd-endpoints; give at least one');
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readPem));
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError('etcd: a client certificate needs its key and the other way round; give both or none');
  }
  if (ca === undefined && cert !== undefined) {
    throw new ConfigError('etcd: a client certificate is of use over https only; give the CA file too');
  }
  const { openEtcdStore } = await import('./store/etcd/open-etcd-store.js'); // gRPC is large, and mostly not needed
  try {
    return await openEtcdStore({ endpoints, ...(ca === undefined ? {} : { tls: { ca, cert, key } }), clock, signal });
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new ConfigError(
      `cannot reach etcd at ${endpoints.join(', ')}: ${cause.message}; start it or correct the address`,
      {
        cause,
      },
    );
  }
}

async function readPem(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ConfigError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
