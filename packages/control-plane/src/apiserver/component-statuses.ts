import { ApiError } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { Endpoint } from './endpoints/endpoint.js';
import { includeObjectOf, partialMetadata, tableOf } from './endpoints/transformations.js';
import { negotiate } from './http/negotiation.js';
import { sendValue } from './http/respond.js';
import { subjectOf } from './resources/served-resource.js';

export interface ComponentStatusDeps {
  readonly storeCheck: (signal: AbortSignal) => Promise<void>;
  /** The loops that turn beside this server. */
  loops(): readonly unknown[];
  now(): number;
}

/** How the parts of the control plane are, asked at the moment; never stored. Follows: checklist 1.14.15. */
export const componentStatuses =
  ({ storeCheck, loops, now }: ComponentStatusDeps): Endpoint =>
  async ({ request, reply, info, resource, search, signal }) => {
    const turning = async (): Promise<void> => {
      if (loops().length === 0) throw new Error('no control loops turn in this process');
    };
    const checks: readonly (readonly [string, () => Promise<void>])[] = [
      ['controller-manager', turning],
      ['scheduler', turning],
      ['etcd-0', () => storeCheck(signal)],
    ];
    const asked = info.name === '' ? checks : checks.filter(([name]) => name === info.name);
    if (asked.length === 0) throw ApiError.notFound(subjectOf(resource), info.name);
    const items = await Promise.all(asked.map(([name, check]) => statusOf(name, check)));
    const isList = info.name === '';
    const form = negotiate(request.headers.accept, [
      'Table',
      isList ? 'PartialObjectMetadataList' : 'PartialObjectMetadata',
    ]);
    if (form.as === 'Table') {
      const table = tableOf(resource, items, {}, includeObjectOf(search), form.version, now());
      return sendValue(request, reply, 200, table, form.mediaType);
    }
    const shown = form.as === undefined ? items : items.map(partialMetadata);
    const list = {
      kind: form.as ?? resource.listKind,
      apiVersion: form.as === undefined ? resource.apiVersion : 'meta.k8s.io/v1',
      metadata: {},
      items: shown,
    };
    return sendValue(request, reply, 200, isList ? list : shown[0], form.mediaType);
  };

async function statusOf(name: string, check: () => Promise<void>): Promise<KubernetesObject> {
  const condition = await check().then(
    () => ({ type: 'Healthy', status: 'True', message: 'ok' }),
    (error: unknown) => ({
      type: 'Healthy',
      status: 'False',
      message: error instanceof Error ? error.message : String(error),
    }),
  );
  return {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [condition],
  } as unknown as KubernetesObject;
}
