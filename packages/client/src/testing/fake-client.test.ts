import { configMaps, namespaces, pods } from '@geobuk/api';
import type { Pod } from '@geobuk/api';
import { ApiError, isExpired, isNotFound } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { describeClient } from './client-contract.js';
import { FakeClient } from './fake-client.js';
import { FakeClock } from './fake-clock.js';

describeClient('in memory', () =>
  Promise.resolve({ client: new FakeClient(), [Symbol.asyncDispose]: () => Promise.resolve() }),
);

const { signal } = new AbortController();
const key = { namespace: 'd', name: 'p' };
const bound: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: key,
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'x' }] },
  status: { phase: 'Running' },
};

describe('FakeClient', () => {
  it('gives a pod on a node its time to end', async () => {
    const client = new FakeClient({ clock: new FakeClock(Date.parse('2030-01-01T00:00:00Z')), objects: [bound] });
    await client.delete(pods, key, { signal });
    const dying = await client.read(pods, key, { signal });
    expect(dying.metadata.deletionTimestamp).toBe('2030-01-01T00:00:30Z');
    expect(dying.metadata.deletionGracePeriodSeconds).toBe(30);
    await client.delete(pods, key, { gracePeriodSeconds: 0, signal });
    await expect(client.read(pods, key, { signal })).rejects.toSatisfy(isNotFound);
  });

  it('keeps a namespace until it is finalized', async () => {
    const client = new FakeClient();
    await client.create(namespaces, { metadata: { name: 'd' }, spec: {} }, { signal });
    await client.delete(namespaces, { name: 'd' }, { signal });
    const dying = await client.read(namespaces, { name: 'd' }, { signal });
    expect(dying.status?.phase).toBe('Terminating');
    await client.updateSubresource(
      namespaces,
      { name: 'd' },
      'finalize',
      { ...dying, spec: { finalizers: [] } },
      { signal },
    );
    expect(client.stored(namespaces)).toEqual([]);
  });

  it('freezes what it gives out', async () => {
    const client = new FakeClient({ objects: [bound] });
    const pod = await client.read(pods, key, { signal });
    expect(() => Object.assign(pod.spec, { nodeName: 'other' })).toThrow(TypeError);
  });

  it('answers with what a test wants to happen', async () => {
    const client = new FakeClient({ objects: [bound] });
    client.intercept = ({ verb }) => {
      if (verb === 'update') throw ApiError.unavailable('not now');
    };
    await expect(client.update(pods, bound, { signal })).rejects.toThrow('not now');
    expect((await client.read(pods, key, { signal })).spec.nodeName).toBe('n1');
  });

  it('has lost history after a compaction', async () => {
    const client = new FakeClient();
    const { metadata } = await client.list(configMaps, { signal });
    await client.create(configMaps, { metadata: { name: 'a', namespace: 'd' } }, { signal });
    client.compact();
    const { resourceVersion } = metadata;
    const first = client.watch(configMaps, { resourceVersion, signal })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toSatisfy(isExpired);
  });
});
