/** Run it by `node --import tsx --conditions=@geobuk/source src/watch-cache/watch-cache.bench.ts`. */
import { setMaxListeners } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { KubernetesObject } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { createMemoryStore } from '../store/memory/memory-store.js';
import { createWatchCaches } from './create-watch-caches.js';
import { encodeItems } from './encode-list.js';

const prefix = '/registry/core/configmaps/';
const stopping = new AbortController();
setMaxListeners(0, stopping.signal);
const calm = { signal: stopping.signal };
const print = (what: string, ...numbers: string[]): void => console.log(what.padEnd(40), numbers.join('   '));
const memory = (): string => `RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB`;

const make = (i: number): KubernetesObject => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `map-${String(i).padStart(6, '0')}`, namespace: 'default', labels: { app: `app-${i % 100}` } },
    data: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key-${n}`, `value ${i} `.padEnd(72, 'x')])),
  };
  return object;
};

/** The longest time that the event loop did not turn while `body` ran. */
async function longestTask(body: () => Promise<void>): Promise<{ ms: number; blockedMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.enable();
  const begun = performance.now();
  await body();
  const ms = performance.now() - begun;
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  return { ms, blockedMs: delay.max / 1e6 };
}

for (const count of [10_000, 50_000]) {
  const store = createMemoryStore({ limits: { historyMs: 1, historyBytes: 1 } });
  for (let start = 0; start < count; start += 500) {
    const each = async (_: unknown, n: number): Promise<number> => {
      const object = make(start + n);
      const key = `${prefix}default/${object.metadata.name ?? ''}`;
      return store.create(key, Buffer.from(JSON.stringify(object)), calm);
    };
    await Promise.all(Array.from({ length: 500 }, each));
  }
  const caches = createWatchCaches({ store, clock: systemClock, log: pino({ level: 'silent' }) });
  const cache = caches.cache(prefix);
  const running = new AbortController();
  let ran: Promise<void> | undefined;
  const load = await longestTask(async () => {
    ran = caches.run(running.signal);
    await caches.whenReady(calm);
  });
  print(`load of ${count}`, `${load.ms.toFixed(0)} ms`, `longest task ${load.blockedMs.toFixed(1)} ms`, memory());

  for (let round = 0; round < 3; round++) {
    let bytes = 0;
    let first = 0;
    const list = await longestTask(async () => {
      const from = performance.now();
      const { items } = await cache.list(calm);
      for await (const piece of encodeItems(items)) {
        first ||= performance.now() - from;
        bytes += piece.length;
      }
    });
    const task = `longest task ${list.blockedMs.toFixed(1)} ms`;
    print(
      `LIST of ${count}, ${(bytes / 1e6).toFixed(0)} MB`,
      `${list.ms.toFixed(1)} ms`,
      `first ${first.toFixed(1)} ms`,
      task,
    );
  }
  const filtered = await longestTask(async () => {
    await cache.list({ ...calm, filter: (object) => object.labels['app'] === 'app-7' });
  });
  const task = `longest task ${filtered.blockedMs.toFixed(1)} ms`;
  print(`first LIST by label of ${count} (parses)`, `${filtered.ms.toFixed(0)} ms`, task, memory());
  running.abort();
  await ran;
  await store[Symbol.asyncDispose]();
}

for (const [watchers, events] of [
  [100, 5000],
  [1000, 2000],
] as const) {
  const store = createMemoryStore();
  const caches = createWatchCaches({ store, clock: systemClock, log: pino({ level: 'silent' }) });
  const cache = caches.cache(prefix);
  const running = new AbortController();
  setMaxListeners(0, running.signal);
  const ran = caches.run(running.signal);
  await caches.whenReady(calm);
  let delivered = 0;
  let bytes = 0;
  const watch = async (): Promise<void> => {
    let seen = 0;
    for await (const batch of cache.watch({ ...calm, after: 0 })) {
      for (const event of batch) if (event.type !== 'BOOKMARK') bytes += event.frame.length;
      delivered += batch.length;
      if ((seen += batch.length) >= events) return;
    }
  };
  const { ms, blockedMs } = await longestTask(async () => {
    const watching = Promise.all(Array.from({ length: watchers }, watch));
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < events) {
        const object = make(next++);
        await cache.create({ namespace: 'default', name: object.metadata.name ?? '' }, object, calm);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    await watching;
  });
  const rate = `${Math.round((delivered / ms) * 1000)} deliveries/s`;
  print(
    `${watchers} watchers x ${events} creates`,
    rate,
    `longest task ${blockedMs.toFixed(1)} ms`,
    `${(bytes / 1e9).toFixed(1)} GB`,
  );
  running.abort();
  await ran;
  await store[Symbol.asyncDispose]();
}
