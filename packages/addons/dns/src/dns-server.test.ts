import type { OptAnswer } from 'dns-packet';
import { decode, encode } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { rcodeOf } from './message.js';
import { ask, askTcp, data, exchange, local, question, serve, upstream } from './testing/dns-lab.js';

const web = 'web.default.svc.cluster.local';
describe('DnsServer', () => {
  it('DNS 1 answers with authority, by UDP and TCP, and the same again from the kept answer', async () => {
    await using server = await serve();
    for (const answer of [
      await ask(server.port, web, 'A'),
      await ask(server.port, web, 'A'),
      await askTcp(server.port, web, 'A'),
    ]) {
      expect([data(answer), answer.flag_aa, answer.flag_ra, answer.flag_rd]).toEqual([['10.43.1.1'], true, true, true]);
    }
  });

  it('DNS 11 answers anew as soon as the zone changes', async () => {
    await using server = await serve();
    await ask(server.port, web, 'A');
    await ask(server.port, web, 'A');
    server.zone.setService('default', 'web', undefined);
    expect(rcodeOf(await ask(server.port, web, 'A'))).toBe(3);
  });

  it('DNS 23 cuts a long UDP answer, honours EDNS, and gives all by TCP', async () => {
    await using server = await serve({ endpoints: 1200 });
    const name = 'big.default.svc.cluster.local';
    const short = await exchange(server.port, question(name, 'A'));
    expect([short.length <= 512, decode(short).flag_tc]).toEqual([true, true]);
    const opt = {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 1232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    } satisfies OptAnswer;
    const longer = await exchange(server.port, question(name, 'A', { additionals: [opt] }));
    expect(longer.length).toBeGreaterThan(1100);
    expect(longer.length).toBeLessThanOrEqual(1232);
    expect((await askTcp(server.port, name, 'A')).answers).toHaveLength(1200);
  });

  it('sends several addresses in turn', async () => {
    await using server = await serve({ endpoints: 3 });
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 6; i += 1) firsts.add(data(await ask(server.port, 'big.default.svc.cluster.local', 'A'))[0]);
    expect(firsts.size).toBe(3);
  });

  it('DNS 26 follows an ExternalName upstream, DNS 27 and inside, DNS 32 and cuts a loop', async () => {
    const other = await upstream(() => ({ answers: [{ type: 'A', name: 'example.com', ttl: 60, data: '192.0.2.7' }] }));
    await using server = await serve({ upstreams: [other.port] });
    expect(data(await ask(server.port, 'out.default.svc.cluster.local', 'A'))).toEqual(['example.com', '192.0.2.7']);
    expect(data(await ask(server.port, 'inner.default.svc.cluster.local', 'A'))).toEqual([web, '10.43.1.1']);
    expect((await ask(server.port, 'loop.default.svc.cluster.local', 'A')).answers?.length).toBeLessThan(10);
    await other.close();
  });

  it('DNS 28 gives the alias alone when upstream is away', async () => {
    await using server = await serve();
    expect(data(await ask(server.port, 'out.default.svc.cluster.local', 'A'))).toEqual(['example.com']);
  });

  it('DNS 42 sends the SOA with a negative answer, DNS 44 keeps the case of the question', async () => {
    await using server = await serve();
    const answer = await ask(server.port, 'NoPe.default.SVC.cluster.local', 'A');
    expect([rcodeOf(answer), answer.authorities?.[0]?.type, answer.questions?.[0]?.name]).toEqual([
      3,
      'SOA',
      'NoPe.default.SVC.cluster.local',
    ]);
  });

  it('DNS 46 refuses a zone transfer, DNS 47 and other classes', async () => {
    await using server = await serve();
    expect(rcodeOf(await ask(server.port, 'cluster.local', 'AXFR'))).toBe(5);
    expect(
      rcodeOf(
        decode(
          await exchange(
            server.port,
            encode({ type: 'query', id: 1, questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] }),
          ),
        ),
      ),
    ).toBe(4);
  });

  it('DNS 50 survives 20 000 malformed messages', async () => {
    await using server = await serve();
    const socket = createSocket('udp4');
    const valid = question(web, 'A');
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let i = 0; i < 20_000; i += 1) {
      const message =
        random() < 0.5
          ? Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)))
          : Buffer.from(valid);
      for (let flips = 0; flips < 4 && message.length > 0; flips += 1)
        message[Math.floor(random() * message.length)] = Math.floor(random() * 256);
      socket.send(message, server.port, local);
      if (i % 20 === 0) await new Promise(setImmediate);
    }
    socket.close();
    expect(data(await ask(server.port, web, 'A'))).toEqual(['10.43.1.1']);
  }, 120_000);

  it('DNS 51 forwards, DNS 53 counts the TTL down, and does not ask again', async () => {
    const other = await upstream(() => ({ answers: [{ type: 'A', name: 'example.com', ttl: 60, data: '192.0.2.7' }] }));
    await using server = await serve({ upstreams: [other.port] });
    await ask(server.port, 'example.com', 'A');
    server.advance(20_000);
    const again = await ask(server.port, 'example.com', 'A');
    const [record] = again.answers ?? [];
    expect([
      data(again),
      record !== undefined && 'ttl' in record ? record.ttl : undefined,
      other.count(),
      again.flag_aa,
    ]).toEqual([['192.0.2.7'], 40, 1, false]);
    await other.close();
  });

  it('DNS 52 keeps a negative answer as long as its SOA says', async () => {
    const soa = {
      type: 'SOA',
      name: 'com',
      ttl: 900,
      data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 },
    } as const;
    const other = await upstream(() => ({ flags: 3, authorities: [soa] }));
    await using server = await serve({ upstreams: [other.port] });
    for (const wait of [0, 20_000, 20_000]) {
      server.advance(wait);
      expect(rcodeOf(await ask(server.port, 'nope.com', 'A'))).toBe(3);
    }
    expect(other.count()).toBe(2);
    await other.close();
  });

  it('DNS 54 asks the server of a stub domain', async () => {
    const stub = await upstream((query) => ({
      answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 1, data: '192.0.2.9' }],
    }));
    await using server = await serve({ stubs: { 'corp.example': stub.port } });
    expect(data(await ask(server.port, 'git.corp.example', 'A'))).toEqual(['192.0.2.9']);
    await stub.close();
  });

  it('DNS 55 asks the next server when one is dead', async () => {
    const dead = await upstream(() => undefined);
    const alive = await upstream((query) => ({
      answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 0, data: '192.0.2.1' }],
    }));
    await using server = await serve({ upstreams: [dead.port, alive.port] });
    for (const name of [
      'a.example',
      'b.example',
      'c.example',
      'd.example',
      'e.example',
      'f.example',
      'g.example',
      'h.example',
    ]) {
      expect(data(await ask(server.port, name, 'A'))).toEqual(['192.0.2.1']);
    }
    expect(dead.count()).toBeLessThan(4); // no storm
    await Promise.all([dead.close(), alive.close()]);
  });

  it('DNS 56 says SERVFAIL when all are dead, and still knows the cluster', async () => {
    const dead = await upstream(() => undefined);
    await using server = await serve({ upstreams: [dead.port] });
    expect(rcodeOf(await ask(server.port, 'example.com', 'A'))).toBe(2);
    expect(data(await ask(server.port, web, 'A'))).toEqual(['10.43.1.1']);
    await dead.close();
  });

  it('DNS 58 asks once for equal questions at the same time', async () => {
    const slow = await upstream((query) => ({
      answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 60, data: '192.0.2.1' }],
    }));
    await using server = await serve({ upstreams: [slow.port] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(server.port, 'same.example', 'A')));
    expect([new Set(answers.map((answer) => data(answer)[0])), slow.count()]).toEqual([new Set(['192.0.2.1']), 1]);
    await slow.close();
  });

  it('DNS 61 refuses what is more than it may forward at once', async () => {
    const dead = await upstream(() => undefined);
    await using server = await serve({ upstreams: [dead.port], maxConcurrent: 1 });
    const first = ask(server.port, 'a.example', 'A');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(rcodeOf(await ask(server.port, 'b.example', 'A'))).toBe(5);
    await first;
    await dead.close();
  });

  it('answers fixed names from its configuration', async () => {
    await using server = await serve({ hosts: { 'nas.home': ['192.0.2.50'] } });
    expect(data(await ask(server.port, 'NAS.home', 'A'))).toEqual(['192.0.2.50']);
  });
});
