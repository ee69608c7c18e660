import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { ApiProbe } from '../../testing/api-probe.js';
import type { TestServerOptions } from '../../testing/test-server.js';
import type { Reply, WatchedEvent } from '../../testing/api-probe.js';

const api = new ApiProbe();
const maps = '/api/v1/namespaces/watched/configmaps';
const version = (reply: Reply) => String(reply.at('metadata', 'resourceVersion'));
const brief = (events: readonly WatchedEvent[]) =>
  events.map((event) => `${event.type} ${String(event.at('metadata', 'name'))}`);

beforeAll(async () => {
  await api.start();
  await api.namespace('watched');
});
afterAll(api.stop);

/** A server of its own for a test that needs other limits. */
async function startProbe(options: TestServerOptions): Promise<AsyncDisposable & { readonly api: ApiProbe }> {
  const own = new ApiProbe(options);
  await own.start();
  return { api: own, [Symbol.asyncDispose]: own.stop };
}

const crd = (plural: string) => ({
  metadata: { name: `${plural}.watch.test` },
  spec: {
    group: 'watch.test',
    scope: 'Cluster',
    names: { plural, kind: 'Watched' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});

describe('watches', () => {
  it('1.9.1 every event after a version comes once and in order; without one, what exists comes first', async () => {
    const first = await api.make(maps, { metadata: { name: 'w1', labels: { t: '1' } } });
    const second = await api.patch(`${maps}/w1`, 'merge', { data: { a: '1' } });
    const third = await api.patch(`${maps}/w1`, 'merge', { data: { a: '2' } });
    const revisions = async (query: string, count: number) => {
      await using watch = await api.watch(`${maps}?watch=1&labelSelector=t%3D1${query}`);
      return (await watch.take(count)).map((event) => [event.type, event.at('metadata', 'resourceVersion')]);
    };
    expect(await revisions(`&resourceVersion=${version(first)}`, 2)).toEqual([
      ['MODIFIED', version(second)],
      ['MODIFIED', version(third)],
    ]);
    for (const query of ['', '&resourceVersion=0']) {
      await using watch = await api.watch(`${maps}?watch=1&labelSelector=t%3D1${query}`);
      expect((await watch.take(1)).map(({ type }) => type)).toEqual(['ADDED']);
      const next = await api.patch(`${maps}/w1`, 'merge', { data: { q: `${query}!` } });
      const [event] = await watch.take(1);
      expect([event?.type, event?.at('metadata', 'resourceVersion')]).toEqual(['MODIFIED', version(next)]);
    }
  });

  it('1.9.2 a deletion shows the last state with the version of the deletion', async () => {
    await using watch = await api.watch(
      `${maps}?watch=1&labelSelector=t%3D2&resourceVersion=${version(await api.get(maps))}`,
    );
    const made = await api.make(maps, { metadata: { name: 'w2', labels: { t: '2' } }, data: { a: 'last' } });
    await api.delete(`${maps}/w2`);
    const [added, deleted] = await watch.take(2);
    expect([added?.type, deleted?.type, deleted?.at('data', 'a')]).toEqual(['ADDED', 'DELETED', 'last']);
    expect(Number(deleted?.at('metadata', 'resourceVersion'))).toBeGreaterThan(Number(version(made)));
    expect(deleted?.at('metadata', 'uid')).toBe(made.at('metadata', 'uid'));
  });

  it('1.9.3 what begins to match a selector is added, what ceases to is deleted, the rest unseen', async () => {
    await api.make(maps, { metadata: { name: 'w3' } });
    const from = version(await api.get(maps));
    await using watch = await api.watch(`${maps}?watch=1&labelSelector=t%3D3&resourceVersion=${from}`);
    const label = (t: string | null) => api.patch(`${maps}/w3`, 'merge', { metadata: { labels: { t } } });
    await label('other');
    await label('3');
    await api.patch(`${maps}/w3`, 'merge', { data: { a: '1' } });
    const left = await label('other');
    await label(null);
    await label('3');
    const events = await watch.take(4);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
    expect(events[2]?.at('metadata', 'resourceVersion')).toBe(version(left));
  });

  it('1.9.4 a version that is forgotten is one ERROR event, and the end', async () => {
    await using forgetful = await startProbe({ limits: { historyMs: 50, bookmarkMs: 200 } });
    const path = '/api/v1/namespaces/default/configmaps';
    const made = await forgetful.api.make(path, { metadata: { name: 'old' } });
    const writeOn = (a: string) => forgetful.api.patch(`${path}/old`, 'merge', { data: { a } });
    await writeOn('1');
    await sleep(100);
    await expect
      .poll(
        async () => {
          await writeOn(String(Math.random()));
          const query = `watch=1&timeoutSeconds=1&resourceVersion=${version(made)}`;
          const { status, text } = await forgetful.api.get(`${path}?${query}`);
          return [
            status,
            text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as unknown),
          ];
        },
        { timeout: 20_000 },
      )
      .toEqual([
        200,
        [
          {
            type: 'ERROR',
            object: expect.objectContaining({
              kind: 'Status',
              code: 410,
              reason: 'Expired',
              message: expect.stringMatching(/^too old resource version: \d+( \(\d+\))?$/) as unknown,
            }) as unknown,
          },
        ],
      ]);
  });

  it('1.9.6 bookmarks come to those who ask, with the newest version and nothing else', async () => {
    await using quick = await startProbe({ limits: { bookmarkMs: 200 } });
    const path = '/api/v1/namespaces/default/configmaps';
    await quick.api.make('/api/v1/namespaces/default/secrets', { metadata: { name: 'elsewhere' } });
    const from = version(await quick.api.get(path));
    await using watch = await quick.api.watch(`${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}`);
    const [bookmark] = await watch.take(1);
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
    expect(Number(bookmark?.at('metadata', 'resourceVersion'))).toBeGreaterThanOrEqual(Number(from));
    expect(bookmark?.at('metadata', 'name')).toBeUndefined();
    expect(bookmark?.at('metadata', 'annotations')).toBeUndefined();
    expect((await quick.api.get(`${path}?watch=1&timeoutSeconds=1&resourceVersion=${from}`)).text).toBe('');
  });

  it('1.9.5 who lists and then watches misses nothing, however much happens in between', async () => {
    const from = version(await api.get(maps));
    const made: string[] = [];
    for (let index = 0; index < 50; index++) {
      made.push(version(await api.make(maps, { metadata: { name: `w5-${index}` } })));
    }
    await using watch = await api.watch(`${maps}?watch=1&resourceVersion=${from}`);
    expect((await watch.take(50)).map((event) => event.at('metadata', 'resourceVersion'))).toEqual(made);
  });

  it('1.9.7 a streaming list is what exists, a marked bookmark, then changes', async () => {
    const query =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=t%3D7';
    await api.make(maps, { metadata: { name: 'w7', labels: { t: '7' } } });
    await using watch = await api.watch(`${maps}?${query}`);
    const [added, bookmark] = await watch.take(2);
    expect([added?.type, bookmark?.type]).toEqual(['ADDED', 'BOOKMARK']);
    expect(bookmark?.at('metadata', 'annotations')).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(bookmark?.at('kind')).toBe('ConfigMap');
    expect(Number(bookmark?.at('metadata', 'resourceVersion'))).toBeGreaterThan(0);
    await api.patch(`${maps}/w7`, 'merge', { data: { a: '1' } });
    expect((await watch.take(1))[0]?.type).toBe('MODIFIED');
    const without = await api.get(`${maps}?watch=1&labelSelector=t%3D7&timeoutSeconds=1`);
    expect(without.text).not.toContain('BOOKMARK');
  });

  it('1.9.8 the options of a streaming list need each other', async () => {
    for (const query of [
      'sendInitialEvents=true',
      'sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1',
      'resourceVersionMatch=NotOlderThan&resourceVersion=1',
    ]) {
      const { status, json } = await api.get(`${maps}?watch=1&${query}`);
      expect([query, status, json.details?.causes?.[0]?.reason]).toEqual([query, 422, 'FieldValueForbidden']);
    }
  });

  it('1.9.9 a watch ends cleanly after timeoutSeconds', async () => {
    const began = Date.now();
    const { status, text } = await api.get(
      `${maps}?watch=1&timeoutSeconds=1&resourceVersion=${version(await api.get(maps))}`,
    );
    expect([status, text]).toEqual([200, '']);
    expect(Date.now() - began).toBeGreaterThanOrEqual(900);
  });

  it('1.9.10 one object is watched by its name', async () => {
    await api.make(maps, { metadata: { name: 'w10' } });
    await using watch = await api.watch(`${maps}?watch=1&fieldSelector=metadata.name%3Dw10`);
    expect(brief(await watch.take(1))).toEqual(['ADDED w10']);
    await api.make(maps, { metadata: { name: 'w10-other' } });
    await api.delete(`${maps}/w10`);
    expect(brief(await watch.take(1))).toEqual(['DELETED w10']);
    await using direct = await api.watch(`${maps}/w10-other?watch=1`);
    expect(brief(await direct.take(1))).toEqual(['ADDED w10-other']);
  });

  it('1.9.11 all namespaces are watched at once, and a definition that goes ends its watches', async () => {
    await using everywhere = await api.watch(`/api/v1/configmaps?watch=1&labelSelector=t%3D11`);
    await api.make('/api/v1/namespaces/default/configmaps', { metadata: { name: 'w11', labels: { t: '11' } } });
    await api.make(maps, { metadata: { name: 'w11', labels: { t: '11' } } });
    expect((await everywhere.take(2)).map((event) => event.at('metadata', 'namespace'))).toEqual([
      'default',
      'watched',
    ]);
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await api.make(crds, crd('gone'));
    await expect.poll(async () => (await api.get('/apis/watch.test/v1/gone')).status).toBe(200);
    await using custom = await api.watch('/apis/watch.test/v1/gone?watch=1');
    await api.delete(`${crds}/gone.watch.test`);
    expect(await custom.rest()).toEqual([]);
  });

  it('1.9.12 a reader that takes nothing holds up no other', async () => {
    const from = version(await api.get(maps));
    const stuck = await api.server.open(`${maps}?watch=1&resourceVersion=${from}`);
    stuck.pause();
    await using reader = await api.watch(`${maps}?watch=1&resourceVersion=${from}`);
    const payload = 'x'.repeat(100_000);
    for (let index = 0; index < 60; index++) {
      await api.make(maps, { metadata: { name: `w12-${index}` }, data: { payload } });
    }
    expect(await reader.take(60)).toHaveLength(60);
    expect((await api.get(`${maps}/w12-59`)).status).toBe(200);
    stuck.destroy();
  }, 30_000);

  it('1.9.13 two watchers see the same versions in the same order', async () => {
    const from = version(await api.get(maps));
    const path = `${maps}?watch=1&resourceVersion=${from}`;
    await using one = await api.watch(path);
    await using two = await api.watch(path);
    await Promise.all(Array.from({ length: 20 }, (_, index) => api.make(maps, { metadata: { name: `w13-${index}` } })));
    await using late = await api.watch(path);
    const seen = await Promise.all(
      [one, two, late].map(async (watch) =>
        (await watch.take(20)).map((event) => event.at('metadata', 'resourceVersion')),
      ),
    );
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect(seen[0]).toEqual([...(seen[0] as string[])].sort((a, b) => Number(a) - Number(b)));
  });

  it('1.9.15 the head of the answer comes before any event', async () => {
    await using watch = await api.watch(`/api/v1/namespaces/kube-node-lease/secrets?watch=1`);
    expect([watch.status, watch.headers['content-type']]).toEqual([200, 'application/json']);
  });

  it('1.9.16 watches that are abandoned leave nothing', async () => {
    const line = /^apiserver_longrunning_requests\{(?=[^}]*verb="WATCH")(?=[^}]*resource="secrets")[^}]*\} (\d+)/m;
    const open = async () => line.exec((await api.get('/metrics')).text)?.[1];
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 10; round++) {
      const watches = await Promise.all(Array.from({ length: 40 }, () => api.watch('/api/v1/secrets?watch=1')));
      await Promise.all(watches.map((watch) => watch[Symbol.asyncDispose]()));
    }
    {
      await using one = await api.watch('/api/v1/secrets?watch=1');
      expect([one.status, Number(await open()) > 0]).toEqual([200, true]);
    }
    await expect.poll(open, { timeout: 8000 }).toBeUndefined();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(300 * 1024 * 1024);
  }, 30_000);

  it('1.9.14 a watch over websocket has one event in each text frame', async () => {
    await api.make(maps, { metadata: { name: 'w14', labels: { t: '14' } } });
    const { pki, url } = api.server;
    const socket = new WebSocket(`${url.replace('https', 'wss')}${maps}?watch=1&labelSelector=t%3D14`, {
      ca: pki.ca.certPem,
      cert: pki.admin.certPem,
      key: pki.admin.keyPem,
    });
    try {
      const [frame, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      expect(isBinary).toBe(false);
      expect(JSON.parse(frame.toString())).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'w14' } } });
    } finally {
      socket.terminate();
      await sleep(10);
    }
  });
});
