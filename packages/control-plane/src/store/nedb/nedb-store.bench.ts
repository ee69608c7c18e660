/** Run it by `node --import tsx --conditions=@geobuk/source src/store/nedb/nedb-store.bench.ts [directory]`. */
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openNedbStore } from './open-nedb-store.js';

const log = pino({ level: 'silent' });
const calm = { signal: new AbortController().signal };
setMaxListeners(0, calm.signal);
const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'nedb-bench-'));

const value = (i: number): Buffer => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `map-${i}`, namespace: 'default', labels: { app: `app-${i % 10}` } },
    data: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key-${n}`, `value ${i} `.padEnd(72, 'x')])),
  };
  return Buffer.from(JSON.stringify(object));
};
const key = (i: number): string => `/registry/core/configmaps/default/map-${String(i).padStart(6, '0')}`;
const print = (what: string, ...numbers: string[]): void => console.log(what.padEnd(34), numbers.join('   '));
const memory = (): string => `RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB`;

let made = 0;
async function write(count: number, inFlight: number): Promise<void> {
  const store = await openNedbStore({ directory, log });
  const waits: number[] = [];
  const end = made + count;
  const begun = performance.now();
  const writer = async (): Promise<void> => {
    while (made < end) {
      const i = made++;
      const from = performance.now();
      await store.create(key(i), value(i), calm);
      waits.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, writer));
  const seconds = (performance.now() - begun) / 1000;
  waits.sort((a, b) => a - b);
  const at = (part: number): string => waits[Math.floor(waits.length * part)]!.toFixed(2);
  const rate = `${Math.round(waits.length / seconds)}/s`;
  print(`durable creates, ${inFlight} in flight`, rate, `p50 ${at(0.5)} ms`, `p99 ${at(0.99)} ms`);
  await store[Symbol.asyncDispose]();
}

async function load(): Promise<void> {
  const begun = performance.now();
  const store = await openNedbStore({ directory, log });
  const ms = performance.now() - begun;
  const { items } = await store.range('/registry/', calm);
  print(`open with ${items.length} objects`, `${ms.toFixed(0)} ms`, memory());
  await store[Symbol.asyncDispose]();
}

try {
  print('value', `${value(1).length} bytes`);
  await write(1000, 1);
  await write(3000, 32);
  await write(6000, 100);
  await load();
  await load();
  await write(20_000, 100);
  await write(20_000, 100);
  await load();
} finally {
  await rm(directory, { recursive: true, force: true });
}
