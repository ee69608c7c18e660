#!/usr/bin/env node
/**
 * Queries a CPU second of the server, and latency at half the rate that was reached: `node scripts/bench.mjs [SECONDS]` after a
 * build, with dnsperf installed. The server runs in a process of its own with 1 000 Services; four of five questions are
 * for their addresses, the fifth is for a name that does not exist, as search lists make them.
 */
import { fork, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { DnsServer } from '../dist/dns-server.js';
import { AnswerCache } from '../dist/forward/answer-cache.js';
import { Forwarder } from '../dist/forward/forwarder.js';
import { createMetrics } from '../dist/metrics.js';
import { Resolver } from '../dist/resolver.js';
import { ClusterZone } from '../dist/zone/cluster-zone.js';

const serviceCount = 1_000;
const address = '127.0.0.1';

async function serve() {
  const zone = new ClusterZone({
    domain: 'cluster.local',
    ttlSeconds: 5,
    dnsAddress: '10.43.0.10',
    pods: 'insecure',
    ignoreEmptyService: false,
    networks: ['10.42.0.0/16', '10.43.0.0/16'],
  });
  zone.setNamespace('default', true);
  for (let number = 0; number < serviceCount; number += 1) {
    const addresses = [`10.43.${number >> 8}.${number & 255}`];
    zone.setService('default', `web-${number}`, { kind: 'clusterIP', addresses, ports: [], hasEndpoints: true });
  }
  zone.markSynced();
  const now = () => Date.now();
  const cache = new AnswerCache({ maxEntries: 10_000, maxTtlSeconds: 3600, maxNegativeTtlSeconds: 1800, now });
  const { metrics } = createMetrics(() => cache.size);
  const forwarder = new Forwarder({ upstreams: [], timeoutMs: 2_000, maxConcurrent: 1_000 });
  const resolver = new Resolver({ zone, forwarder, cache, metrics, now, stubs: new Map(), hosts: new Map() });
  const server = new DnsServer({ resolver, log: pino({ level: 'warn' }) });
  process.send({ port: await server.listen(address, 0) });
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit(0));
}

function dnsperf(port, file, seconds, ...more) {
  const args = ['-s', address, '-p', String(port), '-d', file, '-l', String(seconds), '-c', '16', ...more];
  const { stdout, stderr, status, error } = spawnSync('dnsperf', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dnsperf: ${error?.message ?? stderr}`);
  const read = (label) => Number(new RegExp(`${label}:?\\s+([\\d.]+)`).exec(stdout)?.[1]);
  return {
    perSecond: read('Queries per second'),
    completed: read('Queries completed'),
    lost: read('Queries lost'),
    averageMs: read('Average Latency \\(s\\)') * 1_000,
  };
}

async function measure(seconds) {
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-dns-bench-'));
  const file = join(directory, 'queries');
  const names = Array.from({ length: serviceCount }, (_, number) =>
    number % 5 === 4
      ? `web-${number}.default.svc.cluster.local.cluster.local A`
      : `web-${number}.default.svc.cluster.local A`,
  );
  writeFileSync(file, `${names.join('\n')}\n`);
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const heard = () => new Promise((resolve) => child.once('message', resolve));
  const cpuSeconds = async () => {
    const answer = heard();
    child.send('cpu');
    const { cpu } = await answer;
    return (cpu.user + cpu.system) / 1e6;
  };
  try {
    const { port } = await heard();
    dnsperf(port, file, 2); // warm
    const before = await cpuSeconds();
    const most = dnsperf(port, file, seconds);
    const spent = (await cpuSeconds()) - before;
    const half = dnsperf(port, file, seconds, '-Q', String(Math.max(1, Math.round(most.perSecond / 2))));
    const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
    console.log(JSON.stringify({ perCpuSecond: Math.round(most.completed / spent), most, half, load }, undefined, 2));
  } finally {
    child.disconnect();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'serve') await serve();
else await measure(Number(process.argv[2] ?? 10));
