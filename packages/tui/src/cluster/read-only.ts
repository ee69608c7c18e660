import type { RawResponse } from '@geobuk/client';
import type { Connection } from './connection.js';

/** The dashboard was started to look and not to touch. */
export class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';

  constructor(what: string) {
    super(`read-only: ${what} was refused before it reached the cluster`);
  }
}

const refuse = (what: string) => (): Promise<never> => Promise.reject(new ReadOnlyError(what));

/**
 * A connection that lets nothing through but reads. Enforced here, below every key and every plugin, so that no view
 * can leak a write. Differs: k9s hides keys; some of its writes get through.
 */
export function readOnly(connection: Connection): Connection {
  return {
    read: (type, key, options) => connection.read(type, key, options),
    list: (type, options) => connection.list(type, options),
    watch: (type, options) => connection.watch(type, options),
    readSubresource: (type, key, subresource, options) => connection.readSubresource(type, key, subresource, options),
    discover: (options) => connection.discover(options),
    request: (options): Promise<RawResponse> => {
      const { method = 'GET' } = options;
      return method === 'GET' || method === 'HEAD'
        ? connection.request(options)
        : Promise.reject(new ReadOnlyError(method));
    },
    create: refuse('create'),
    update: refuse('update'),
    updateStatus: refuse('update of a status'),
    patch: refuse('patch'),
    apply: refuse('apply'),
    delete: refuse('delete'),
    deleteCollection: refuse('delete of a collection'),
    createSubresource: refuse('create of a subresource'),
    updateSubresource: refuse('update of a subresource'),
    openChannels: refuse('a session in a container'),
  };
}
