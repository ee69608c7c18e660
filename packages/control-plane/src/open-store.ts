import { join } from 'node:path';
import type { Clock } from '@geobuk/client';
import { ConfigError } from './config.js';
import type { ControlPlaneConfig } from './config.js';
import { createMemoryStore } from './store/memory/memory-store.js';
import { openNedbStore } from './store/nedb/open-nedb-store.js';
import type { Store } from './store/store.js';

/** The engine that the configuration names. @throws {ConfigError} */
export async function openStore(
  config: Pick<ControlPlaneConfig, 'store' | 'dataDir' | 'log'>,
  { clock }: { readonly clock: Clock },
): Promise<Store> {
  const { store } = config;
  switch (store.kind) {
    case 'nedb':
      return openNedbStore({ directory: join(config.dataDir, 'store'), log: config.log, clock });
    case 'memory':
      return createMemoryStore({ clock });
    case 'etcd':
      throw new ConfigError('--store etcd: this build has no etcd engine; use --store nedb');
    default:
      return store satisfies never;
  }
}
