/**
 * Frame times at 10,000 pods that change 200 times a second, and with 100,000 log lines.
 * Run: npx tsx --expose-gc --conditions=@geobuk/source scripts/bench.ts [pods] [events per second]
 */
import type { KubernetesObject, ObjectList, Pod, ResourceType } from '@geobuk/api';
import type { ListOptions, WatchEvent, WatchOptions } from '@geobuk/client';
import { systemClock } from '@geobuk/client';
import { LogPage } from '../src/pages/log-page.js';
import { Dashboard } from '../src/testing/dashboard.js';
import { FakeConnection } from '../src/testing/fake-connection.js';
import { podObject } from '../src/testing/recorded-fleet.js';

const podCount = Number(process.argv[2] ?? 10_000);
const eventsPerSecond = Number(process.argv[3] ?? 200);
const seconds = 10;

/** Pods as text, as a server would send them: parsed once for each list and each event, kept by nobody but the table. */
class ChangingPods extends FakeConnection {
  #wake: (() => void) | undefined;
  #queue: WatchEvent<Pod>[] = [];
  #version = 1;

  override list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    if (type.plural !== 'pods') return super.list(type, options);
    const from = Number(options.continue ?? 0);
    const to = Math.min(podCount, from + (options.limit ?? podCount));
    const items = Array.from({ length: to - from }, (_, index) =>
      this.#pod(from + index, 0),
    ) as unknown as readonly T[];
    const metadata = { resourceVersion: '1', ...(to < podCount ? { continue: String(to) } : {}) };
    return Promise.resolve({ apiVersion: 'v1', kind: 'PodList', metadata, items });
  }

  override watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    if (type.plural !== 'pods') return super.watch(type, options);
    return this.#events(options.signal) as AsyncIterable<WatchEvent<T>>;
  }

  change(): void {
    this.#version += 1;
    const index = Math.floor(Math.random() * podCount);
    this.#queue.push({ type: 'MODIFIED', object: this.#pod(index, this.#version) });
    this.#wake?.();
  }

  async *#events(signal: AbortSignal): AsyncGenerator<WatchEvent<Pod>> {
    while (!signal.aborted) {
      for (const event of this.#queue.splice(0)) yield event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #pod(index: number, version: number): Pod {
    const pod = podObject(`workload-${index % 400}-${index}`, {
      namespace: `team-${index % 40}`,
      restarts: version % 7,
      ageSeconds: 100 + index,
    });
    return JSON.parse(
      JSON.stringify({ ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } }),
    ) as Pod;
  }
}

const percentile = (values: readonly number[], share: number): string =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!.toFixed(1);

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

async function tables(): Promise<void> {
  const connection = new ChangingPods();
  const startedAt = performance.now();
  await using board = new Dashboard({ connection, namespace: 'all', width: 200, height: 60, clock: systemClock });
  await board.shows(`[${podCount}]`);
  console.log(`${podCount} pods listed and shown: ${(performance.now() - startedAt).toFixed(0)} ms`);
  const frames: number[] = [];
  const keys: number[] = [];
  const keyCpu: number[] = [];
  const paint = board.app.paint.bind(board.app);
  board.app.paint = () => {
    const at = performance.now();
    paint();
    frames.push(performance.now() - at);
  };
  const changing = setInterval(() => {
    for (let index = 0; index < eventsPerSecond / 20; index += 1) connection.change();
  }, 50);
  const before = process.cpuUsage();
  const names = ['down', 'down', 'pagedown', 'down', 'up', 'bottom', 'end', 'home', 'S-s', 'S-n'];
  const until = performance.now() + seconds * 1_000;
  for (let index = 0; performance.now() < until; index += 1) {
    const at = performance.now();
    const used = process.cpuUsage();
    board.press(names[index % names.length]!);
    paint();
    keys.push(performance.now() - at);
    const { user, system } = process.cpuUsage(used);
    keyCpu.push((user + system) / 1_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  clearInterval(changing);
  const { user, system } = process.cpuUsage(before);
  globalThis.gc?.();
  console.log(
    `key to paint: p50 ${percentile(keys, 0.5)} ms, p95 ${percentile(keys, 0.95)} ms, worst ${percentile(keys, 1)} ms (${keys.length} keys)`,
  );
  console.log(`  of processor time: p50 ${percentile(keyCpu, 0.5)} ms, p95 ${percentile(keyCpu, 0.95)} ms`);
  console.log(
    `frames by events: p50 ${percentile(frames, 0.5)} ms, p95 ${percentile(frames, 0.95)} ms, worst ${percentile(frames, 1)} ms (${frames.length} frames in ${seconds} s)`,
  );
  console.log(
    `CPU ${(((user + system) / 1e6 / seconds) * 100).toFixed(0)} % of a core, RSS ${megabytes(process.memoryUsage().rss)}, heap ${megabytes(process.memoryUsage().heapUsed)}`,
  );
  const idle = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const rest = process.cpuUsage(idle);
  console.log(`idle: CPU ${(((rest.user + rest.system) / 1e6 / 5) * 100).toFixed(2)} %`);
}

async function logs(): Promise<void> {
  await using board = new Dashboard({ width: 200, height: 60 });
  await board.shows('web-5d8f-a');
  const page = new LogPage(
    { cluster: board.app.cluster('geobuk'), title: 'bench', sources: [], previous: false },
    board.app,
  );
  board.app.open(page);
  const startedAt = performance.now();
  const frames: number[] = [];
  const count = 100_000;
  for (let index = 0; index < count; index += 1) {
    page.add({
      source: '',
      time: '2026-03-01T12:00:00.000000000Z',
      text: `line ${index} of an ordinary length, with a level=info and some words`,
    });
    if (index % 500 === 0) {
      const at = performance.now();
      board.app.paint();
      frames.push(performance.now() - at);
    }
  }
  const took = performance.now() - startedAt;
  console.log(
    `${count} log lines: ${took.toFixed(0)} ms (${Math.round(count / (took / 1_000))} lines/s), held ${page.ring.length}, let go ${page.ring.dropped}`,
  );
  console.log(`log frames: p95 ${percentile(frames, 0.95)} ms; ring ${megabytes(page.ring.bytes)}`);
  const at = performance.now();
  page.filter.set('line 9999\\d');
  console.log(`search over all of it: ${page.visibleCount} lines in ${(performance.now() - at).toFixed(0)} ms`);
}

await tables();
await logs();
process.exit();
