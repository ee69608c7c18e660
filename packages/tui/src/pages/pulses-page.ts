import type { Event, KubernetesObject, ResourceType } from '@geobuk/api';
import {
  cronJobs,
  daemonSets,
  deployments,
  events,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  services as serviceKind,
  statefulSets,
} from '@geobuk/api';
import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import type { Canvas } from '../screen/frame.js';
import type { PaintName } from '../screen/paint.js';
import { drawSparkline } from '../screen/chart.js';
import { pad } from '../screen/text-width.js';
import { eventTime } from '../views/cluster-kinds.js';
import { viewOf } from '../views/registry.js';
import type { Page } from './page.js';

const kinds: readonly ResourceType[] = [
  nodes,
  pods,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  jobs,
  cronJobs,
  serviceKind,
  namespaces,
  persistentVolumeClaims,
].map((type) => type as ResourceType);

/** How one kind does: whether each object is well. */
interface Gauge {
  readonly type: ResourceType;
  readonly faulty: Map<string, boolean>;
  /** Whether the first list is complete: what comes after it is a change. */
  synced: boolean;
}

const sampleEveryMs = 2_000;
const mostSamples = 400;
const gaugeWidth = 19;
const gaugeHeight = 3;

/** One curve. */
interface Course {
  readonly name: string;
  readonly paint: PaintName;
  readonly samples: (number | undefined)[];
  readonly unit: string;
  /** The value of a full column; absent: the greatest seen. */
  readonly top?: number | undefined;
}

/** `:pulses`: a gauge for each kind, and the course of CPU, memory, pods, events and API latency. All from watches. */
export class PulsesPage implements Page {
  readonly crumb = 'pulses';
  readonly cluster: Cluster;
  readonly #services: Services;
  readonly #gauges: readonly Gauge[];
  readonly #courses: readonly Course[] = [
    { name: 'CPU', paint: 'series1', samples: [], unit: '%', top: 100 },
    { name: 'Memory', paint: 'series2', samples: [], unit: '%', top: 100 },
    { name: 'Pods', paint: 'series3', samples: [], unit: '' },
    { name: 'Changes/s', paint: 'highlight', samples: [], unit: '' },
    { name: 'Warnings', paint: 'pending', samples: [], unit: '' },
    { name: 'API latency', paint: 'series4', samples: [], unit: ' ms' },
  ];
  #focus = 0;
  #columns = 1;
  #changes = 0;
  #warnings = 0;

  constructor(cluster: Cluster, services: Services) {
    this.cluster = cluster;
    this.#services = services;
    this.#gauges = kinds.map((type) => ({ type, faulty: new Map(), synced: false }));
  }

  start(signal: AbortSignal): void {
    for (const gauge of this.#gauges) this.#feed(gauge, signal);
    this.#feedEvents(signal);
    void this.#services.act(() => this.#sample(signal));
  }

  draw(canvas: Canvas): void {
    const inner = canvas.box('pulses');
    this.#columns = Math.max(1, Math.floor(inner.width / gaugeWidth));
    const rows = Math.ceil(this.#gauges.length / this.#columns);
    this.#gauges.forEach((gauge, index) => {
      const region = inner.region(
        (index % this.#columns) * gaugeWidth,
        Math.floor(index / this.#columns) * gaugeHeight,
        gaugeWidth - 1,
        gaugeHeight,
      );
      drawGauge(region, gauge, index === this.#focus);
    });
    this.#drawCourses(inner.region(0, rows * gaugeHeight, inner.width, inner.height - rows * gaugeHeight));
  }

  actions(): Actions {
    const move = (by: number) => (): void => {
      this.#focus = Math.max(0, Math.min(this.#gauges.length - 1, this.#focus + by));
      this.#services.invalidate();
    };
    return {
      open: () => this.#services.command(this.#gauges[this.#focus]!.type.plural),
      scrollLeft: move(-1),
      scrollRight: move(1),
      up: move(-this.#columns),
      down: move(this.#columns),
    };
  }

  #feed(gauge: Gauge, signal: AbortSignal): void {
    const { type, faulty } = gauge;
    const view = viewOf(type);
    const seen = new Set<string>();
    const sink = {
      relisting: () => seen.clear(),
      set: (object: KubernetesObject) => {
        const id = object.metadata.uid ?? '';
        seen.add(id);
        faulty.set(id, (view?.problem?.(object) ?? '') !== '');
        this.#changed(gauge);
      },
      removed: (object: KubernetesObject) => {
        faulty.delete(object.metadata.uid ?? '');
        this.#changed(gauge);
      },
      synced: () => {
        for (const id of faulty.keys()) if (!seen.has(id)) faulty.delete(id);
        gauge.synced = true;
        this.#services.invalidate();
      },
    };
    const { cluster } = this;
    void this.#services.act(() =>
      cluster.follow(
        (connection) => objectSource(connection, type, {}),
        sink,
        () => undefined,
        signal,
      ),
    );
  }

  #feedEvents(signal: AbortSignal): void {
    const { cluster } = this;
    const startedAt = this.#services.clock.now();
    const sink = {
      relisting: () => undefined,
      synced: () => undefined,
      removed: () => undefined,
      set: (event: Event) => {
        if (event.type === 'Warning' && (eventTime(event) ?? 0) >= startedAt - sampleEveryMs) this.#warnings += 1;
      },
    };
    void this.#services.act(() =>
      cluster.follow<Event>(
        (connection) => objectSource(connection, events, {}),
        sink,
        () => undefined,
        signal,
      ),
    );
  }

  #changed({ synced }: Gauge): void {
    if (synced) this.#changes += 1;
    this.#services.invalidate();
  }

  /** A curve needs even steps of time: while the page is open, and never otherwise. */
  async #sample(signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    while (!signal.aborted) {
      const load = this.#services.facts(this.cluster).load;
      const latency = await this.#latency(signal);
      const podGauge = this.#gauges.find(({ type }) => type.plural === 'pods');
      const values = [
        load?.cpu,
        load?.memory,
        podGauge?.faulty.size,
        (this.#changes * 1_000) / sampleEveryMs,
        this.#warnings,
        latency,
      ];
      this.#courses.forEach(({ samples }, index) => {
        samples.push(values[index]);
        if (samples.length > mostSamples) samples.shift();
      });
      this.#changes = 0;
      this.#warnings = 0;
      this.#services.invalidate();
      await clock.after(sampleEveryMs, { signal }).catch(() => undefined);
    }
  }

  async #latency(signal: AbortSignal): Promise<number | undefined> {
    if (this.cluster.state.kind !== 'connected') return undefined;
    const { clock } = this.#services;
    const startedAt = clock.now();
    const connection = await this.cluster.connection(signal);
    // The lightest request there is; its answer time is what every other one starts from.
    return connection.request({ path: '/version', signal }).then(
      async (reply) => {
        await reply.text();
        return clock.now() - startedAt;
      },
      () => undefined,
    );
  }

  #drawCourses(canvas: Canvas): void {
    const shown = this.#courses.filter(
      ({ name }) => this.#services.facts(this.cluster).hasMetrics || !['CPU', 'Memory'].includes(name),
    );
    const perRow = canvas.width >= 100 ? 3 : 2;
    const rows = Math.ceil(shown.length / perRow);
    const width = Math.floor(canvas.width / perRow);
    const height = Math.min(10, Math.floor(canvas.height / rows));
    if (height < 3) return;
    shown.forEach((course, index) => {
      const region = canvas.region((index % perRow) * width, Math.floor(index / perRow) * height, width - 1, height);
      drawCourse(region, course);
    });
  }
}

function drawGauge(canvas: Canvas, { type, faulty }: Gauge, focused: boolean): void {
  const sick = [...faulty.values()].filter(Boolean).length;
  canvas.text(0, 0, pad(`${focused ? '▸' : ' '} ${type.plural}`, canvas.width), focused ? 'highlight' : 'title');
  const x = canvas.text(2, 1, String(faulty.size), sick > 0 ? 'value' : 'ok');
  canvas.text(x + 1, 1, sick > 0 ? `✖ ${sick}` : faulty.size > 0 ? '● well' : '', sick > 0 ? 'error' : 'ok');
}

function drawCourse(canvas: Canvas, { name, samples, unit, paint, top }: Course): void {
  const latest = samples.at(-1);
  const known = samples.filter((value) => value !== undefined);
  const inner = canvas.box(`${name} ${latest === undefined ? 'n/a' : `${Math.round(latest * 10) / 10}${unit}`}`);
  drawSparkline(inner, samples, top ?? Math.max(1, ...known), paint);
}
