import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, resourcePath } from '@geobuk/api';
import { linesOf } from '@geobuk/client';
import type { Connection } from './connection.js';
import { getJson } from './connection.js';
import type { Scope, Source } from './follow.js';

/** meta.k8s.io/v1 Table, as far as it is used here. */
export interface ServerTable {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly columnDefinitions?: readonly ServerColumn[];
  readonly rows?: readonly ServerRow[];
}

export interface ServerColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority: number;
}

export interface ServerRow {
  readonly cells: readonly unknown[];
  readonly object: KubernetesObject;
}

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/**
 * Rows as the server prints them: how kinds get columns that nobody wrote a view for. The object travels along without
 * its spec, unless whole objects are asked for. `onColumns` hears of the columns before the first row.
 * Follows: kubectl get (Table with includeObject=Metadata).
 */
export function tableSource(
  connection: Connection,
  type: ResourceType,
  scope: Scope & { readonly wholeObjects?: boolean | undefined },
  onColumns: (columns: readonly ServerColumn[]) => void,
): Source<ServerRow> {
  const path = (more: Readonly<Record<string, string>>): string => {
    const query = new URLSearchParams({
      includeObject: scope.wholeObjects === true ? 'Object' : 'Metadata',
      ...more,
    });
    if (scope.labelSelector !== undefined) query.set('labelSelector', scope.labelSelector);
    if (scope.fieldSelector !== undefined) query.set('fieldSelector', scope.fieldSelector);
    return `${resourcePath(type, { namespace: scope.namespace })}?${query.toString()}`;
  };
  return {
    async list(next, signal) {
      const query = { limit: '500', ...(next === undefined ? {} : { continue: next }) };
      const table = await getJson<ServerTable>(connection, path(query), signal, accept);
      onColumns(table.columnDefinitions ?? []);
      return {
        items: table.rows ?? [],
        resourceVersion: table.metadata?.resourceVersion ?? '',
        next: table.metadata?.continue,
      };
    },
    async *watch(resourceVersion, signal) {
      const query = { watch: 'true', resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: '600' };
      const { body } = await connection.request({ path: path(query), headers: { accept }, idleTimeoutMs: 0, signal });
      for await (const line of linesOf(body)) {
        const event = JSON.parse(line.toString('utf8')) as { type: string; object: unknown };
        if (event.type === 'ERROR') throw new ApiError(event.object as ApiError['status']);
        if (event.type === 'BOOKMARK') {
          const { metadata } = event.object as KubernetesObject;
          if (metadata.resourceVersion !== undefined)
            yield { type: 'bookmark', resourceVersion: metadata.resourceVersion };
          continue;
        }
        for (const row of (event.object as ServerTable).rows ?? []) {
          const type = event.type === 'DELETED' ? 'removed' : 'set';
          yield { type, item: row, resourceVersion: row.object.metadata.resourceVersion };
        }
      }
    },
  };
}
