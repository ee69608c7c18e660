import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import type { EndpointSlice, KubernetesObject, Service } from '@geobuk/api';
import { endpointSlices, services } from '@geobuk/api';
import { createInformers, systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import type { Answer, DecodedPacket, OptAnswer } from 'dns-packet';
import { decode, encode, streamEncode } from 'dns-packet';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { followCluster } from './cluster-source.js';
import { rcodeOf } from './message.js';
import { ask, data, exchange, local, question, serve, upstream } from './testing/dns-lab.js';

const svc = 'default.svc.cluster.local';
const opt = (more: Partial<OptAnswer> = {}): OptAnswer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
  ...more,
});
const ttlOf = (packet: DecodedPacket): number | undefined => {
  const [record] = packet.answers ?? [];
  return record !== undefined && 'ttl' in record ? record.ttl : undefined;
};
const address = (query: DecodedPacket, data = '192.0.2.7'): { readonly answers: Answer[] } => ({
  answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 60, data }],
});

describe('DnsServer', () => {
  it('DNS 53 sends the same bytes within a second, and a smaller TTL after it', async () => {
    const other = await upstream((query) => address(query));
    await using server = await serve({ upstreams: [other.port] });
    const ttls: (number | undefined)[] = [];
    for (const ms of [0, 0, 400, 400, 400, 1_000, 0]) {
      server.advance(ms);
      ttls.push(ttlOf(await ask(server.port, 'example.com', 'A')));
    }
    expect(ttls).toEqual([60, 60, 60, 60, 59, 58, 58]);
    server.advance(60_000);
    expect(ttlOf(await ask(server.port, 'example.com', 'A'))).toBe(60);
    expect(other.count()).toBe(2);
    await other.close();
  });

  it('DNS 57 asks again by TCP when the answer was cut', async () => {
    const tcp = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes) => {
        const query = decode(bytes.subarray(2));
        const answers = Array.from({ length: 40 }, (_, n) => address(query, `192.0.2.${n}`).answers[0] as Answer);
        socket.end(streamEncode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers }));
      });
    });
    const cut = await upstream(() => ({ flags: 0x0200 }));
    await new Promise<void>((resolve) => tcp.listen(cut.port, local, resolve));
    await using server = await serve({ upstreams: [cut.port] });
    const answer = await exchange(server.port, question('long.example', 'A', { additionals: [opt()] }));
    expect(decode(answer).answers).toHaveLength(40);
    await cut.close();
    await new Promise((resolve) => tcp.close(resolve));
  });

  it('DNS 59 keeps no more answers of others than it may', async () => {
    const other = await upstream((query) => address(query));
    await using server = await serve({ upstreams: [other.port], cacheEntries: 2 });
    for (const name of ['a', 'b', 'c']) await ask(server.port, `${name}.example`, 'A');
    await ask(server.port, 'c.example', 'A');
    expect(other.count()).toBe(3);
    await ask(server.port, 'a.example', 'A'); // asked longest ago: forgotten
    expect(other.count()).toBe(4);
    await other.close();
  });

  it('DNS 62 passes the DO bit on, and keeps such answers apart', async () => {
    const asked: (boolean | undefined)[] = [];
    const other = await upstream((query) => {
      asked.push(query.additionals?.some((record) => record.type === 'OPT' && record.flag_do));
      return address(query);
    });
    await using server = await serve({ upstreams: [other.port] });
    await ask(server.port, 'signed.example', 'A', { additionals: [opt()] });
    const secure = await ask(server.port, 'signed.example', 'A', {
      additionals: [opt({ flags: 0x8000, flag_do: true })],
    });
    expect(asked).toEqual([false, true]);
    expect(secure.additionals?.some((record) => record.type === 'OPT' && record.flag_do)).toBe(true);
    await other.close();
  });

  it('DNS 50 takes the longest labels and names, and says no to longer ones', async () => {
    await using server = await serve();
    const label = 'a'.repeat(63);
    server.zone.setService('default', label, {
      kind: 'clusterIP',
      addresses: ['10.43.7.7'],
      ports: [],
      hasEndpoints: true,
    });
    expect(data(await ask(server.port, `${label}.${svc}`, 'A'))).toEqual(['10.43.7.7']);
    const longest = `${[label, label, label, 'b'.repeat(33)].join('.')}.${svc}`;
    expect(longest).toHaveLength(251);
    expect(rcodeOf(await ask(server.port, longest, 'A'))).toBe(3);
    // A label of 64 bytes is a pointer that leads nowhere.
    const broken = encode({ type: 'query', id: 1, questions: [{ name: 'x.cluster.local', type: 'A' }] });
    broken[12] = 0x40;
    expect(rcodeOf(decode(await exchange(server.port, broken)))).toBe(1);
  });

  it('DNS 66 answers A and AAAA that a client asks for on one socket at the same time', async () => {
    await using server = await serve();
    const socket = createSocket('udp4');
    const types = new Set<string>();
    socket.on('message', (message) => types.add(decode(message).questions?.[0]?.type ?? ''));
    for (const type of ['A', 'AAAA'] as const) socket.send(question(`web.${svc}`, type), server.port, local);
    await vi.waitFor(() => expect([...types].sort()).toEqual(['A', 'AAAA']), { timeout: 10_000 });
    socket.close();
  });
});

describe('followCluster', () => {
  const log = pino({ level: 'silent' });
  const { signal } = new AbortController();
  const service = (name: string, spec: Partial<Service['spec']>): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name },
    spec: { ports: [{ port: 80 }], ...spec },
  });
  const slice = (name: string, ips: readonly string[], hostname?: string): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port: 80, protocol: 'TCP' }],
    endpoints: ips.map((ip) => ({ addresses: [ip], ...(hostname === undefined ? {} : { hostname }) })),
  });

  const follow = async (objects: readonly KubernetesObject[]) => {
    const server = await serve();
    const namespace: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
    const client = new FakeClient({ objects: [namespace, ...objects] });
    const informers = createInformers({ client, log, clock: systemClock });
    const stop = new AbortController();
    const followed = followCluster(informers, server.zone, false, stop.signal);
    const run = informers.run(stop.signal);
    await followed;
    const a = async (name: string): Promise<readonly string[]> => data(await ask(server.port, `${name}.${svc}`, 'A'));
    return {
      client,
      server,
      a,
      /** The API server is away from here on. */
      cutOff: async () => {
        stop.abort();
        await run.catch(() => undefined);
      },
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await run.catch(() => undefined);
        await server[Symbol.asyncDispose]();
      },
    };
  };

  it('DNS 12 sees a Service that was made anew with another address', async () => {
    await using cluster = await follow([service('shop', { clusterIP: '10.43.2.2' })]);
    expect(await cluster.a('shop')).toEqual(['10.43.2.2']);
    await cluster.client.delete(services, { namespace: 'default', name: 'shop' }, { signal });
    await vi.waitFor(async () => expect(await cluster.a('shop')).toEqual([]));
    await cluster.client.create(services, service('shop', { clusterIP: '10.43.3.3' }), { signal });
    await vi.waitFor(async () => expect(await cluster.a('shop')).toEqual(['10.43.3.3']));
  });

  it('DNS 24 serves a headless Service without selector by hand-made slices, DNS 38 and host names in it', async () => {
    await using cluster = await follow([service('db', { clusterIP: 'None' }), slice('db', ['192.0.2.33'], 'primary')]);
    expect(await cluster.a('db')).toEqual(['192.0.2.33']);
    expect(await cluster.a('primary.db')).toEqual(['192.0.2.33']);
    await cluster.client.update(endpointSlices, slice('db', ['192.0.2.34'], 'primary'), { signal });
    await vi.waitFor(async () => expect(await cluster.a('primary.db')).toEqual(['192.0.2.34']));
  });

  it('DNS 29 sees another externalName', async () => {
    await using cluster = await follow([service('ext', { type: 'ExternalName', externalName: 'a.example' })]);
    expect(await cluster.a('ext')).toEqual(['a.example']);
    await cluster.client.update(services, service('ext', { type: 'ExternalName', externalName: 'b.example' }), {
      signal,
    });
    await vi.waitFor(async () => expect(await cluster.a('ext')).toEqual(['b.example']));
  });

  it('DNS 68 answers with what it knew last when the API server is away', async () => {
    await using cluster = await follow([service('shop', { clusterIP: '10.43.2.2' })]);
    await cluster.cutOff();
    expect(await cluster.a('shop')).toEqual(['10.43.2.2']);
    expect(rcodeOf(await ask(cluster.server.port, `nobody.${svc}`, 'A'))).toBe(3);
  });

  it('DNS 72 shows a change among 1 000 Services within a second', async () => {
    const objects = Array.from({ length: 1_000 }, (_, n) =>
      service(`s${n}`, { clusterIP: `10.43.${10 + (n >> 8)}.${n & 255}` }),
    );
    await using cluster = await follow([...objects, service('db', { clusterIP: 'None' }), slice('db', ['192.0.2.1'])]);
    const tookMs: number[] = [];
    for (const last of [2, 3, 4, 5, 6]) {
      const startedAt = performance.now();
      await cluster.client.update(endpointSlices, slice('db', [`192.0.2.${last}`]), { signal });
      await vi.waitFor(async () => expect(await cluster.a('db')).toEqual([`192.0.2.${last}`]), {
        timeout: 20_000,
        interval: 5,
      });
      tookMs.push(performance.now() - startedAt);
    }
    expect(Math.min(...tookMs)).toBeLessThan(1_000);
  });
});
