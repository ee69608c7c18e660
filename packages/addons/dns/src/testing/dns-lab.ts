import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import type { DecodedPacket, Packet, RecordType } from 'dns-packet';
import { decode, encode, streamEncode } from 'dns-packet';
import { pino } from 'pino';
import { DnsServer } from '../dns-server.js';
import { AnswerCache } from '../forward/answer-cache.js';
import { Forwarder } from '../forward/forwarder.js';
import { Resolver } from '../resolver.js';
import { ClusterZone } from '../zone/cluster-zone.js';

export const local = '127.0.0.1';
const silent = pino({ level: 'silent' });
const quiet = {
  request: () => undefined,
  response: () => undefined,
  cache: () => undefined,
  forwarded: () => undefined,
};

/** An upstream server that answers as told and counts. */
export async function upstream(answer: (query: DecodedPacket, count: number) => Partial<Packet> | undefined) {
  const socket = createSocket('udp4');
  let count = 0;
  socket.on('message', (message, peer) => {
    const query = decode(message);
    count += 1;
    const reply = answer(query, count);
    if (reply !== undefined)
      socket.send(
        encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], ...reply }),
        peer.port,
        peer.address,
      );
  });
  await new Promise<void>((resolve) => socket.bind(0, local, resolve));
  return {
    port: socket.address().port,
    count: () => count,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

export async function serve(
  options: {
    upstreams?: readonly number[];
    stubs?: Record<string, number>;
    hosts?: Record<string, readonly string[]>;
    endpoints?: number;
    maxConcurrent?: number;
    cacheEntries?: number;
  } = {},
) {
  const zone = new ClusterZone({
    domain: 'cluster.local',
    ttlSeconds: 5,
    dnsAddress: '10.43.0.10',
    pods: 'insecure',
    ignoreEmptyService: false,
    networks: ['10.43.0.0/16'],
  });
  zone.setNamespace('default', true);
  zone.setService('default', 'web', { kind: 'clusterIP', addresses: ['10.43.1.1'], ports: [], hasEndpoints: true });
  zone.setService('default', 'out', { kind: 'externalName', target: 'example.com' });
  zone.setService('default', 'inner', { kind: 'externalName', target: 'web.default.svc.cluster.local' });
  zone.setService('default', 'loop', { kind: 'externalName', target: 'loop2.default.svc.cluster.local' });
  zone.setService('default', 'loop2', { kind: 'externalName', target: 'loop.default.svc.cluster.local' });
  const hosts = new Map(
    Array.from({ length: options.endpoints ?? 2 }, (_, i) => [
      `pod-${i}`,
      { addresses: [`10.42.${i >> 8}.${i & 255}`], ports: [] },
    ]),
  );
  zone.setService('default', 'big', { kind: 'headless', hosts });
  zone.markSynced();
  const forwarder = (ports: readonly number[]): Forwarder =>
    new Forwarder({
      upstreams: ports.map((port) => ({ address: local, port })),
      timeoutMs: 300,
      maxConcurrent: options.maxConcurrent ?? 100,
    });
  let now = Date.now();
  const cache = new AnswerCache({
    maxEntries: options.cacheEntries ?? 100,
    maxTtlSeconds: 3600,
    maxNegativeTtlSeconds: 1800,
    now: () => now,
  });
  const resolver = new Resolver({
    zone,
    cache,
    metrics: quiet,
    now: () => now,
    forwarder: forwarder(options.upstreams ?? []),
    stubs: new Map(Object.entries(options.stubs ?? {}).map(([suffix, port]) => [suffix, forwarder([port])])),
    hosts: new Map(Object.entries(options.hosts ?? {})),
  });
  const server = new DnsServer({ resolver, log: silent });
  const port = await server.listen(local, 0);
  return { port, zone, advance: (ms: number) => void (now += ms), [Symbol.asyncDispose]: () => server.close() };
}

export function exchange(port: number, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => {
      socket.close();
      reject(new Error('no answer'));
    }, 4_000);
    socket.once('message', (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    });
    socket.send(message, port, local);
  });
}

let ids = 0;
export const question = (name: string, type: RecordType, extra: Partial<Packet> = {}): Buffer =>
  encode({ type: 'query', id: (ids += 1), flags: 0x0100, questions: [{ name, type }], ...extra });
export const ask = async (
  port: number,
  name: string,
  type: RecordType,
  extra?: Partial<Packet>,
): Promise<DecodedPacket> => decode(await exchange(port, question(name, type, extra)));
export const data = (packet: DecodedPacket): readonly string[] =>
  (packet.answers ?? []).map((record) => ('data' in record ? String(record.data) : record.type));

export function askTcp(port: number, name: string, type: RecordType): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: local, port }, () =>
      socket.write(streamEncode({ type: 'query', id: 7, flags: 0x0100, questions: [{ name, type }] })),
    );
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        socket.destroy();
        resolve(decode(received.subarray(2)));
      }
    });
  });
}
