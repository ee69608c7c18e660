import type { ConfigMap, Deployment, KubernetesObject, Pod } from '@geobuk/api';
import {
  ApiError,
  configMaps,
  deployments,
  isAlreadyExists,
  isConflict,
  isNotFound,
  keyOf,
  namespaces,
  pods,
} from '@geobuk/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client, WatchEvent } from '../client.js';
import { deadline } from '../deadline.js';

export interface OpenedClient extends AsyncDisposable {
  readonly client: Client;
}

const namespace = 'contract';

const configMap = (name: string, labels: Readonly<Record<string, string>> = {}, data = { a: '1' }): ConfigMap => ({
  metadata: { name, namespace, labels },
  data,
});

const deployment = (name: string): Deployment => ({
  metadata: { name, namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'example.test/app:1' }] },
    },
  },
});

async function takeEvents<T extends KubernetesObject>(
  events: AsyncIterable<WatchEvent<T>>,
  count: number,
): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    if (event.type === 'BOOKMARK') {
      if (event.initialEventsEnd) seen.push('END');
    } else seen.push(`${event.type} ${event.object.metadata.name ?? ''}`);
    if (seen.length === count) break;
  }
  return seen;
}

/** What every client promises, whatever is behind it. `open` gives one whose server has nothing in namespace `contract`. */
export function describeClient(name: string, open: () => Promise<OpenedClient>): void {
  describe(`client contract: ${name}`, () => {
    let opened: OpenedClient;
    let client: Client;
    let limit: ReturnType<typeof deadline>;
    let signal: AbortSignal;

    beforeEach(async () => {
      opened = await open();
      ({ client } = opened);
      limit = deadline(new AbortController().signal, 8_000);
      ({ signal } = limit);
      await client.create(namespaces, { metadata: { name: namespace }, spec: {} }, { signal });
    });

    afterEach(async () => {
      limit[Symbol.dispose]();
      await opened[Symbol.asyncDispose]();
    });

    it('reads back what was created, with uid, revision and creation time', async () => {
      const created = await client.create(configMaps, configMap('one'), { signal });
      expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(created.metadata.resourceVersion).toMatch(/^[0-9]+$/);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await client.read(configMaps, { namespace, name: 'one' }, { signal })).toEqual(created);
    });

    it('names what asks for a generated name', async () => {
      const wanted: ConfigMap = { metadata: { generateName: 'made-', namespace } };
      const [a, b] = [
        await client.create(configMaps, wanted, { signal }),
        await client.create(configMaps, wanted, { signal }),
      ];
      expect(a.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      expect(b.metadata.name).not.toBe(a.metadata.name);
    });

    it('refuses a second object of the same name', async () => {
      await client.create(configMaps, configMap('one'), { signal });
      const error: unknown = await client
        .create(configMaps, configMap('one'), { signal })
        .catch((caught: unknown) => caught);
      expect(isAlreadyExists(error)).toBe(true);
      expect((error as ApiError).status.code).toBe(409);
      expect((error as Error).message).toBe('configmaps "one" already exists');
    });

    it('says NotFound for what is not there', async () => {
      const key = { namespace, name: 'none' };
      const error: unknown = await client.read(configMaps, key, { signal }).catch((caught: unknown) => caught);
      expect(isNotFound(error)).toBe(true);
      expect((error as Error).message).toBe('configmaps "none" not found');
      await expect(client.delete(configMaps, key, { signal })).rejects.toSatisfy(isNotFound);
      await expect(client.update(configMaps, configMap('none'), { signal })).rejects.toSatisfy(isNotFound);
    });

    it('updates only the revision that was read', async () => {
      const first = await client.create(configMaps, configMap('one'), { signal });
      const second = await client.update(configMaps, { ...first, data: { a: '2' } }, { signal });
      expect(BigInt(second.metadata.resourceVersion ?? '')).toBeGreaterThan(
        BigInt(first.metadata.resourceVersion ?? ''),
      );
      await expect(client.update(configMaps, { ...first, data: { a: '3' } }, { signal })).rejects.toSatisfy(isConflict);
      const stored = await client.read(configMaps, keyOf(first), { signal });
      expect(stored.data).toEqual({ a: '2' });
    });

    it('keeps spec and status apart and counts the generation of the spec alone', async () => {
      const created = await client.create(deployments, { ...deployment('web'), status: { replicas: 9 } }, { signal });
      expect([created.metadata.generation, created.status?.replicas ?? 0]).toEqual([1, 0]);
      const reported = await client.updateStatus(
        deployments,
        { ...created, spec: { ...created.spec, replicas: 5 }, status: { replicas: 2 } },
        { signal },
      );
      expect([reported.spec.replicas, reported.status?.replicas, reported.metadata.generation]).toEqual([2, 2, 1]);
      const scaled = await client.update(
        deployments,
        { ...reported, spec: { ...reported.spec, replicas: 5 }, status: { replicas: 9 } },
        { signal },
      );
      expect([scaled.spec.replicas, scaled.status?.replicas, scaled.metadata.generation]).toEqual([5, 2, 2]);
    });

    it('patches by merge, where null removes', async () => {
      await client.create(configMaps, configMap('one', {}, { a: '1' }), { signal });
      const body = { data: { a: null, b: '2' }, metadata: { labels: { x: 'y' } } };
      const patched = await client.patch(configMaps, { namespace, name: 'one' }, { type: 'merge', body }, { signal });
      expect([patched.data, patched.metadata.labels]).toEqual([{ b: '2' }, { x: 'y' }]);
    });

    it('patches by operations', async () => {
      await client.create(configMaps, configMap('one', {}, { a: '1' }), { signal });
      const operations = [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '2' },
      ];
      const patch = { type: 'json', operations } as const;
      const patched = await client.patch(configMaps, { namespace, name: 'one' }, patch, { signal });
      expect(patched.data).toEqual({ a: '2' });
      await expect(client.patch(configMaps, { namespace, name: 'one' }, patch, { signal })).rejects.toBeInstanceOf(
        ApiError,
      );
    });

    it('patches strategically: containers merge by name', async () => {
      await client.create(deployments, deployment('web'), { signal });
      const body = { spec: { template: { spec: { containers: [{ name: 'side', image: 'example.test/side:1' }] } } } };
      const patch = { type: 'strategic', body } as const;
      const patched = await client.patch(deployments, { namespace, name: 'web' }, patch, { signal });
      expect(patched.spec.template.spec?.containers.map((container) => container.name).sort()).toEqual([
        'main',
        'side',
      ]);
    });

    it('applies: creates, then keeps the fields of others', async () => {
      const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace } };
      const mine = { ...base, data: { a: '1' } };
      await client.apply(configMaps, mine, { fieldManager: 'mine', signal });
      const yours = { ...base, data: { b: '2' } };
      await client.apply(configMaps, yours, { fieldManager: 'yours', signal });
      const less = await client.apply(configMaps, base, { fieldManager: 'mine', signal });
      expect(less.data).toEqual({ b: '2' });
      const clash = { ...base, data: { b: '3' } };
      await expect(client.apply(configMaps, clash, { fieldManager: 'mine', signal })).rejects.toSatisfy(isConflict);
      const forced = await client.apply(configMaps, clash, { fieldManager: 'mine', force: true, signal });
      expect(forced.data).toEqual({ b: '3' });
    });

    it('writes nothing in a dry run', async () => {
      await client.create(configMaps, configMap('one'), { signal, dryRun: true });
      await expect(client.read(configMaps, { namespace, name: 'one' }, { signal })).rejects.toSatisfy(isNotFound);
    });

    it('lists by namespace and selectors, in order of name', async () => {
      for (const each of ['c', 'a', 'b']) await client.create(configMaps, configMap(each, { app: each }), { signal });
      const names = async (options: { readonly labelSelector?: string; readonly fieldSelector?: string }) =>
        (await client.list(configMaps, { namespace, ...options, signal })).items.map(({ metadata }) => metadata.name);
      expect(await names({ labelSelector: 'app' })).toEqual(['a', 'b', 'c']);
      expect(await names({ labelSelector: 'app in (a, c)' })).toEqual(['a', 'c']);
      expect(await names({ fieldSelector: 'metadata.name=b' })).toEqual(['b']);
    });

    it('lists in pages', async () => {
      for (const each of ['a', 'b', 'c']) await client.create(configMaps, configMap(each, { page: 'x' }), { signal });
      const first = await client.list(configMaps, { namespace, labelSelector: 'page', limit: 2, signal });
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
      const next = first.metadata.continue;
      const rest = await client.list(configMaps, {
        namespace,
        labelSelector: 'page',
        limit: 2,
        continue: next,
        signal,
      });
      expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['c']);
      expect(rest.metadata.continue ?? '').toBe('');
    });

    it('watches from a revision: every later change, in order', async () => {
      const { metadata } = await client.list(configMaps, { namespace, signal });
      const one = await client.create(configMaps, configMap('one', { w: '1' }), { signal });
      await client.update(configMaps, { ...one, data: { a: '2' } }, { signal });
      await client.delete(configMaps, keyOf(one), { signal });
      const events = client.watch(configMaps, {
        namespace,
        labelSelector: 'w',
        resourceVersion: metadata.resourceVersion,
        signal,
      });
      expect(await takeEvents(events, 3)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    });

    it('tells first of all that exists, then that this was all, then of changes', async () => {
      await client.create(configMaps, configMap('one', { w: '1' }), { signal });
      const events = client.watch(configMaps, { namespace, labelSelector: 'w', sendInitialEvents: true, signal });
      const taken = takeEvents(events, 3);
      await client.create(configMaps, configMap('two'), { signal });
      const late = (async () => {
        // Created after the stream has begun or before: in both cases it comes, and once.
        await client.create(configMaps, configMap('three', { w: '1' }), { signal });
      })();
      const seen = await taken;
      await late;
      expect(seen.toSorted()).toEqual(['ADDED one', 'ADDED three', 'END']);
      expect(seen[0]).toMatch(/^ADDED/);
    });

    it('shows an object that leaves or enters the selection as deleted or added', async () => {
      const one = await client.create(configMaps, configMap('one', { w: '1' }), { signal });
      const { metadata } = await client.list(configMaps, { namespace, signal });
      const without = await client.update(
        configMaps,
        { ...one, metadata: { ...one.metadata, labels: {} } },
        { signal },
      );
      await client.update(
        configMaps,
        { ...without, metadata: { ...without.metadata, labels: { w: '2' } } },
        { signal },
      );
      const { resourceVersion } = metadata;
      const events = client.watch(configMaps, { namespace, labelSelector: 'w', resourceVersion, signal });
      expect(await takeEvents(events, 2)).toEqual(['DELETED one', 'ADDED one']);
    });

    it('ends a watch after its time without an error', async () => {
      const { metadata } = await client.list(configMaps, { namespace, signal });
      const { resourceVersion } = metadata;
      const seen: string[] = [];
      for await (const event of client.watch(configMaps, { namespace, resourceVersion, timeoutSeconds: 1, signal })) {
        if (event.type !== 'BOOKMARK') seen.push(event.type);
      }
      expect(seen).toEqual([]);
    });

    it('throws the reason of the abort out of a watch', async () => {
      const stop = new AbortController();
      const events = client.watch(configMaps, { namespace, sendInitialEvents: true, signal: stop.signal });
      const ended = (async () => {
        for await (const event of events) if (event.type === 'BOOKMARK') stop.abort(new Error('enough'));
      })();
      await expect(ended).rejects.toThrow('enough');
    });

    it('keeps what has finalizers until they are gone', async () => {
      const held: ConfigMap = {
        ...configMap('one'),
        metadata: { name: 'one', namespace, finalizers: ['example.test/hold'] },
      };
      await client.create(configMaps, held, { signal });
      await client.delete(configMaps, { namespace, name: 'one' }, { signal });
      const dying = await client.read(configMaps, { namespace, name: 'one' }, { signal });
      expect(dying.metadata.deletionTimestamp).toBeDefined();
      await client.update(configMaps, { ...dying, metadata: { ...dying.metadata, finalizers: [] } }, { signal });
      await expect(client.read(configMaps, { namespace, name: 'one' }, { signal })).rejects.toSatisfy(isNotFound);
    });

    it('deletes only the object of the given uid', async () => {
      const one = await client.create(configMaps, configMap('one'), { signal });
      const key = keyOf(one);
      const other = '00000000-0000-0000-0000-000000000000';
      await expect(client.delete(configMaps, key, { uid: other, signal })).rejects.toSatisfy(isConflict);
      await client.delete(configMaps, key, { uid: one.metadata.uid, signal });
      await expect(client.read(configMaps, key, { signal })).rejects.toSatisfy(isNotFound);
    });

    it('deletes a collection by selector', async () => {
      for (const each of ['a', 'b', 'c']) {
        await client.create(configMaps, configMap(each, { page: each === 'c' ? 'stay' : 'go' }), { signal });
      }
      await client.deleteCollection(configMaps, { namespace, labelSelector: 'page=go', signal });
      const left = await client.list(configMaps, { namespace, labelSelector: 'page', signal });
      expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['c']);
    });

    it('scales through the subresource', async () => {
      await client.create(deployments, deployment('web'), { signal });
      const key = { namespace, name: 'web' };
      interface Scale extends KubernetesObject {
        readonly spec: { readonly replicas: number };
      }
      const scale = await client.readSubresource<Scale>(deployments, key, 'scale', { signal });
      expect(scale.spec.replicas).toBe(2);
      const wanted = { ...scale, spec: { replicas: 4 } };
      await client.updateSubresource<Scale>(deployments, key, 'scale', wanted, { signal });
      expect((await client.read(deployments, key, { signal })).spec.replicas).toBe(4);
    });

    it('binds a pod to a node once', async () => {
      const pod: Pod = {
        metadata: { name: 'p', namespace },
        spec: { containers: [{ name: 'main', image: 'example.test/app:1' }] },
      };
      await client.create(pods, pod, { signal });
      const key = { namespace, name: 'p' };
      const bind = (node: string) =>
        client.createSubresource(
          pods,
          key,
          'binding',
          {
            apiVersion: 'v1',
            kind: 'Binding',
            metadata: { name: 'p', namespace },
            target: { kind: 'Node', name: node },
          },
          { signal },
        );
      await bind('n1');
      expect((await client.read(pods, key, { signal })).spec.nodeName).toBe('n1');
      await expect(bind('n2')).rejects.toSatisfy(isConflict);
    });

    it('rejects with the reason of a signal that has fired', async () => {
      const stopped = AbortSignal.abort(new Error('stopped'));
      await expect(client.list(configMaps, { namespace, signal: stopped })).rejects.toThrow('stopped');
    });
  });
}
