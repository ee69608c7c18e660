import type { KubernetesObject, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix } from '../resources/served-resource.js';
import { NodeAuthorizer } from './node-authorizer.js';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'main', image: 'web:1' }],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'claim' } },
      { name: 'inline', csi: { driver: 'd', nodePublishSecretRef: { name: 'inline-key' } } },
    ],
  },
};
const objects: Readonly<Record<string, KubernetesObject>> = {
  [`${storePrefix('', 'persistentvolumeclaims')}shop/claim`]: {
    metadata: { name: 'claim' },
    spec: { volumeName: 'pv1' },
  } as KubernetesObject,
  [`${storePrefix('', 'persistentvolumes')}pv1`]: {
    metadata: { name: 'pv1' },
    spec: { csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { name: 'stage-key', namespace: 'storage' } } },
  } as KubernetesObject,
};

/** Caches that hold the objects above and say that the pod is there. */
const caches = {
  cache: (prefix: string) => ({
    get: ({ namespace, name }: { namespace?: string; name: string }) => {
      const object = objects[`${prefix}${namespace === undefined ? '' : `${namespace}/`}${name}`];
      return object === undefined ? undefined : { object };
    },
    async *watch({ signal }: { signal: AbortSignal }) {
      yield [{ type: 'ADDED', current: { key: 'shop/web', object: pod } }];
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  }),
} as unknown as WatchCaches;

async function decide(node: string, verb: string, resource: string, namespace: string, name: string): Promise<string> {
  const stop = new AbortController();
  const authorizer = new NodeAuthorizer({ caches });
  const run = authorizer.run(stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  const [plural = '', subresource = ''] = resource.split('/');
  const user = { name: `system:node:${node}`, groups: ['system:nodes'] };
  const asked = { isResource: true, group: '', version: 'v1', path: '', verb, resource: plural, subresource };
  const { kind } = authorizer.authorize(user, { ...asked, namespace, name });
  stop.abort();
  await run;
  return kind;
}

describe('2.5 what a node may do for the volumes of its pods', () => {
  it.each([
    ['read the claim', 'get', 'persistentvolumeclaims', 'shop', 'claim'],
    ['say that the claim has grown', 'patch', 'persistentvolumeclaims/status', 'shop', 'claim'],
    ['read the secret that the volume names', 'get', 'secrets', 'storage', 'stage-key'],
    ['read the secret that the pod names', 'get', 'secrets', 'shop', 'inline-key'],
  ])('%s', async (_title, verb, resource, namespace, name) => {
    expect(await decide('n1', verb, resource, namespace, name)).toBe('allow');
  });

  it.each([
    ['another node reads the secret', 'n2', 'get', 'secrets', 'storage', 'stage-key'],
    ['it reads a secret of the same name elsewhere', 'n1', 'get', 'secrets', 'shop', 'stage-key'],
    ['it writes the secret', 'n1', 'update', 'secrets', 'storage', 'stage-key'],
    ['another node reads the claim', 'n2', 'get', 'persistentvolumeclaims', 'shop', 'claim'],
  ])('not that %s', async (_title, node, verb, resource, namespace, name) => {
    expect(await decide(node, verb, resource, namespace, name)).toBe('no opinion');
  });
});
