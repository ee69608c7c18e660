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
import { ContribCharts, drawImage } from '../screen/contrib-charts.js';
import type { ChartImage } from '../screen/contrib-charts.js';
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
/** Ten minutes. */
const mostSamples = 300;
const gaugeHeight = 2;

/** One measured value over time. */
interface Course {
  readonly name: string;
  readonly paint: PaintName;
  readonly samples: (number | undefined)[];
  readonly unit: string;
}

const courseNames = ['cpu', 'memory', 'pods', 'unwell', 'changes', 'warnings', 'latency'] as const;
type CourseName = (typeof courseNames)[number];

const course = (name: string, paint: PaintName, unit = ''): Course => ({ name, paint, samples: [], unit });

/** `:pulses`: how each kind does, and the course of CPU, memory, pods, changes, warnings and API latency. All from watches. */
export class PulsesPage implements Page {
  readonly crumb = 'pulses';
  readonly cluster: Cluster;
  readonly #services: Services;
  readonly #gauges: readonly Gauge[];
  readonly #courses: Readonly<Record<CourseName, Course>> = {
    cpu: course('CPU', 'series1', '%'),
    memory: course('Memory', 'series2', '%'),
    pods: course('Pods', 'series3'),
    unwell: course('not well', 'error'),
    changes: course('Changes/s', 'highlight'),
    warnings: course('Warnings', 'pending'),
    latency: course('API latency', 'series4', ' ms'),
  };
  #focus = 0;
  #columns = 1;
  #changes = 0;
  #warnings = 0;
  #charts: ContribCharts | undefined;
  /** Charts as they were drawn last: they change with the samples and the size, not with every frame. */
  readonly #images = new Map<string, { readonly seen: string; readonly image: ChartImage }>();
  #ticks = 0;

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
    const width = inner.width < 100 ? 19 : Math.floor(inner.width / 6);
    this.#columns = Math.max(1, Math.floor(inner.width / width));
    const rows = Math.ceil(this.#gauges.length / this.#columns);
    const height = inner.height >= 26 ? gaugeHeight + 1 : gaugeHeight;
    this.#gauges.forEach((gauge, index) => {
      const x = (index % this.#columns) * width;
      const y = Math.floor(index / this.#columns) * height;
      drawGauge(inner.region(x, y, width - 1, gaugeHeight), gauge, index === this.#focus);
    });
    this.#drawCharts(inner.region(0, rows * height, inner.width, inner.height - rows * height));
  }

  actions(): Actions {
    const move = (by: number) => (): void => {
      this.#focus = Math.max(0, Math.min(this.#gauges.length - 1, this.#focus + by));
      this.#services.invalidate();
    };
    return {
      open: () => this.#services.drillDown(this.#gauges[this.#focus]!.type.plural),
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
      const podGauge = this.#gauges.find(({ type }) => type.plural === 'pods')!;
      const known = podGauge.synced;
      const values: Readonly<Record<CourseName, number | undefined>> = {
        cpu: load?.cpu,
        memory: load?.memory,
        pods: known ? podGauge.faulty.size : undefined,
        unwell: known ? unwell(podGauge) : undefined,
        changes: (this.#changes * 1_000) / sampleEveryMs,
        warnings: this.#warnings,
        latency,
      };
      for (const name of courseNames) {
        const { samples } = this.#courses[name];
        samples.push(values[name]);
        if (samples.length > mostSamples) samples.shift();
      }
      this.#ticks += 1;
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

  #drawCharts(canvas: Canvas): void {
    this.#charts ??= ContribCharts.load();
    const { cpu, memory, pods: all, unwell: sick, changes, warnings, latency } = this.#courses;
    const measured = this.#services.facts(this.cluster).hasMetrics;
    let y = 0;
    this.#drawGauges(canvas.region(0, y, canvas.width, 1), measured);
    y += canvas.height >= 14 ? 2 : 1;
    const sparkHeight = 2;
    const lineHeight = Math.min(22, canvas.height - y - sparkHeight);
    if (lineHeight >= 6) {
      const half = measured ? Math.floor(canvas.width / 2) : canvas.width;
      // A multiple of five: the axis has five steps, and their numbers are whole.
      const top = Math.ceil((Math.max(4, ...knownOf(all)) * 1.2) / 5) * 5;
      if (measured) this.#drawLines(canvas.region(0, y, half - 1, lineHeight), [cpu, memory], 125);
      const right = measured ? half : 0;
      this.#drawLines(canvas.region(right, y, canvas.width - right, lineHeight), [all, sick], top);
      y += lineHeight;
    }
    const third = Math.floor(canvas.width / 3);
    [changes, warnings, latency].forEach((one, index) =>
      this.#drawSparkline(canvas.region(index * third, y, third - 1, sparkHeight), one),
    );
  }

  #drawGauges(canvas: Canvas, measured: boolean): void {
    const { cpu, memory, pods: all, unwell: sick } = this.#courses;
    const podCount = all.samples.at(-1);
    const share = podCount === undefined || podCount === 0 ? undefined : 1 - (sick.samples.at(-1) ?? 0) / podCount;
    const gauges: readonly (readonly [string, number | undefined, PaintName])[] = [
      ...(measured
        ? ([
            ['CPU', cpu.samples.at(-1), cpu.paint],
            ['Memory', memory.samples.at(-1), memory.paint],
          ] as const)
        : []),
      ['Pods well', share === undefined ? undefined : share * 100, all.paint],
    ];
    const width = Math.floor(canvas.width / 3);
    gauges.forEach(([name, percent, paint], index) => {
      const region = canvas.region(index * width, 0, width - 1, 1);
      const x = region.text(0, 0, ` ${pad(name, 9)} `, 'label');
      if (percent === undefined) {
        region.text(x, 0, '…', 'dim');
        return;
      }
      const room = region.width - x;
      const image = this.#image(`gauge ${name}`, `${Math.round(percent)} ${room}`, (charts) =>
        charts.gauge(room, percent, paint),
      );
      drawImage(region.region(x, 0, room, 1), image);
    });
    if (!measured) canvas.text(width + 1, 0, 'CPU, memory: no metrics API here (addon metrics)', 'dim');
  }

  #drawLines(canvas: Canvas, courses: readonly Course[], top: number): void {
    let x = 1;
    for (const { name, paint, samples, unit } of courses) {
      const latest = samples.at(-1);
      x = canvas.text(x, 0, `━ ${name} ${latest === undefined ? '…' : `${Math.round(latest)}${unit}`}`, paint) + 3;
    }
    const chart = canvas.region(0, 1, canvas.width, canvas.height - 1);
    const series = courses.map((one) => ({ values: knownOf(one), paint: one.paint }));
    const longest = Math.max(0, ...series.map(({ values }) => values.length));
    const name = courses.map((one) => one.name).join();
    const seen = `${this.#ticks} ${chart.width} ${chart.height} ${top}`;
    const image = this.#image(name, seen, (charts) =>
      charts.line(chart.width, chart.height, series, top, longest * sampleEveryMs),
    );
    if (longest < 2) chart.text(1, 1, 'collecting…', 'dim');
    drawImage(chart, image);
  }

  #drawSparkline(canvas: Canvas, one: Course): void {
    const { name, samples, unit, paint } = one;
    const latest = samples.at(-1);
    canvas.text(1, 0, `${name} ${latest === undefined ? 'n/a' : `${Math.round(latest * 10) / 10}${unit}`}`, paint);
    const width = canvas.width - 2;
    const image = this.#image(name, `${this.#ticks} ${width}`, (charts) =>
      charts.sparkline(width, knownOf(one), paint),
    );
    drawImage(canvas.region(1, 1, width, 1), image);
  }

  /** A chart, drawn anew only when what it shows or its size has changed. */
  #image(name: string, seen: string, draw: (charts: ContribCharts) => ChartImage): ChartImage {
    const before = this.#images.get(name);
    if (before?.seen === seen || this.#charts === undefined) return before?.image ?? { rows: [] };
    const image = draw(this.#charts);
    this.#images.set(name, { seen, image });
    return image;
  }
}

const knownOf = ({ samples }: Course): readonly number[] => samples.filter((value) => value !== undefined);

const unwell = ({ faulty }: Gauge): number => [...faulty.values()].filter(Boolean).length;

function drawGauge(canvas: Canvas, gauge: Gauge, focused: boolean): void {
  const { type, faulty, synced } = gauge;
  const sick = unwell(gauge);
  const name = type.plural === 'persistentvolumeclaims' ? 'volume claims' : type.plural;
  canvas.text(0, 0, pad(`${focused ? '▸' : ' '} ${name}`, canvas.width), focused ? 'highlight' : 'title');
  const x = canvas.text(2, 1, synced ? String(faulty.size) : '…', sick > 0 ? 'value' : 'ok');
  canvas.text(x + 1, 1, sick > 0 ? `✖ ${sick}` : faulty.size > 0 ? '● well' : '', sick > 0 ? 'error' : 'ok');
}
