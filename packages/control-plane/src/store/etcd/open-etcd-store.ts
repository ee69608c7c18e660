import { systemClock } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { CallOptions, Store } from '../store.js';
import { EtcdClient } from './etcd-client.js';
import type { EtcdEndpoints } from './etcd-client.js';
import { EtcdStore } from './etcd-store.js';

export interface EtcdStoreOptions extends EtcdEndpoints, CallOptions {
  readonly clock?: Clock | undefined;
}

/** Connects to an etcd v3. @throws {StoreError} Unavailable: it does not answer. */
export async function openEtcdStore({ clock = systemClock, signal, ...endpoints }: EtcdStoreOptions): Promise<Store> {
  const store = new EtcdStore({ client: new EtcdClient(endpoints), clock });
  try {
    await store.ready({ signal });
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
  return store;
}
